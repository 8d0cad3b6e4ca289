//! The console's first page: what needs a person, figures, sources.

use askama::Template;
use estampe_domain::run::{HoldReason, Run};
use estampe_domain::signature::publication::{LineState, Publication, PublicationState, code};
use estampe_service::views::{Attention, Home};
use estampe_texts::key;

use super::runs::stopped_half_way;
use super::{publications, settings};
use crate::console::plugins::path_of;
use crate::console::shell::{Section, Sees, Shell};
use crate::console::sources::SourceLine;
use crate::locale::Lang;
use crate::plain::Warning;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words;

/// The page.
#[derive(Template)]
#[template(path = "console/home.html")]
pub(crate) struct HomePage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) points: Vec<Point>,
    pub(crate) figures: Vec<(String, String)>,
    pub(crate) sources: Vec<SourceLine>,
}

/// Something that needs a person: what, why, and the next step.
pub(crate) struct Point {
    pub(crate) icon: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) action: Option<(String, String)>,
}

impl<'a> HomePage<'a> {
    pub(crate) fn new(l: &'a Lang, s: Shell, home: &Home, warnings: &[Warning]) -> Self {
        let figure = |count: u64, key: &'static str| (l.n(count), l.t(key).with("count", count).to_string());
        Self {
            points: {
                let warned = warnings.iter().filter_map(|warning| warned(l, warning));
                warned.chain(home.attention.iter().map(|attention| point(l, attention))).collect()
            },
            figures: vec![
                figure(home.cards, key("figure-cards")),
                figure(home.people, key("figure-people")),
                figure(home.leads_30_days, key("figure-leads")),
                figure(home.mails_waiting, key("figure-mails")),
            ],
            sources: home.sources.iter().map(|source| SourceLine::new(l, source)).collect(),
            l,
            s,
        }
    }
}

/// For whoever may sign in and finds no section at all.
#[derive(Template)]
#[template(path = "console/nothing.html")]
pub(crate) struct NothingPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    /// Whether the account is somebody's whose data is known.
    pub(crate) has_person: bool,
}

/// What the listeners, their certificates and a configuration read anew warn of.
fn warned(l: &Lang, warning: &Warning) -> Option<Point> {
    let (title, text) = settings::warning(warning.code)?;
    let ended = warning.code == "certificate_ended";
    Some(Point {
        icon: if warning.code == "configuration_refused" { "alert" } else { "lock" },
        tone: if ended { "seal" } else { "sun" },
        title: l.t(title).to_string(),
        text: l.t(text).to_string(),
        action: Some((l.t("home-settings-action").to_string(), "/settings".to_owned())),
    })
}

#[expect(clippy::too_many_lines, reason = "one arm for each thing that needs attention")]
fn point(l: &Lang, attention: &Attention) -> Point {
    let action = |key: &'static str, href: String| Some((l.t(key).to_string(), href));
    match attention {
        Attention::RunHeld(run) => Point {
            icon: "alert",
            tone: if run.hold == Some(HoldReason::PlanOnly) { "sun" } else { "seal" },
            title: l.t("home-held-title").with("source", run.source_name.as_str()).to_string(),
            text: held(l, run),
            action: action(key("home-held-action"), format!("/runs/{}", run.id)),
        },
        Attention::RunFailed(run) => {
            let code = run.failure.as_ref().map_or("", |(code, _)| code.as_str());
            let reason = l.t(words::failure(code)).to_string();
            Point {
                icon: "alert",
                tone: "seal",
                title: l.t("home-failed-title").with("source", run.source_name.as_str()).to_string(),
                text: if stopped_half_way(run) {
                    l.t("run-failed-half").to_string()
                } else {
                    l.t("home-failed-text").with("reason", reason).to_string()
                },
                action: action(key("home-failed-action"), format!("/runs/{}", run.id)),
            }
        }
        Attention::Conflicts(count) => Point {
            icon: "people",
            tone: "sun",
            title: l.t("home-conflicts-title").with("count", *count).to_string(),
            text: l.t("home-conflicts-text").to_string(),
            action: action(key("home-conflicts-action"), "/people?show=conflicts".to_owned()),
        },
        Attention::SecondLook(count) => Point {
            icon: "key",
            tone: "sun",
            title: l.t("home-second-title").with("count", *count).to_string(),
            text: l.t("approvals-text").to_string(),
            action: action(key("home-second-action"), "/approvals".to_owned()),
        },
        Attention::PublicationStands(publication) => publication_stands(l, publication),
        Attention::SignaturesDrifted(publication) => Point {
            icon: "pen",
            tone: "sun",
            title: l
                .t("home-publication-drifted-title")
                .with("count", publication.count(LineState::Drifted))
                .with("source", publication.source_name.as_str())
                .to_string(),
            text: l.t("home-publication-drifted-text").to_string(),
            action: action(
                key("home-publication-action"),
                format!("{}?state=drifted", publications::path_of(publication.id)),
            ),
        },
        Attention::DeadMail(count) => Point {
            icon: "mail",
            tone: "sun",
            title: l.t("home-mail-title").with("count", *count).to_string(),
            text: l.t("home-mail-text").to_string(),
            action: action(key("home-mail-action"), "/outbox".to_owned()),
        },
        Attention::MailOutage(outage, waiting) => Point {
            icon: "mail",
            tone: "seal",
            title: l.t("home-outage-title").with("when", l.when(&outage.since)).to_string(),
            text: l
                .t("home-outage-text")
                .with("reason", l.t(words::server_fault(outage.fault)).to_string())
                .with("count", *waiting)
                .to_string(),
            action: action(key("home-mail-action"), "/outbox".to_owned()),
        },
        Attention::PluginProblem(id, what) => Point {
            icon: "plug",
            tone: "seal",
            title: l.t("home-plugin-title").with("plugin", id.as_str()).to_string(),
            text: what.clone(),
            action: action(key("home-plugin-action"), path_of(id)),
        },
        Attention::PluginWaits(id, version) => Point {
            icon: "plug",
            tone: "sun",
            title: l
                .t("home-plugin-waits-title")
                .with("plugin", id.as_str())
                .with("version", version.as_str())
                .to_string(),
            text: l.t("home-plugin-waits-text").to_string(),
            action: action(key("home-plugin-action"), path_of(id)),
        },
        Attention::NoMailServer(waiting) => Point {
            icon: "mail",
            tone: "sun",
            title: l.t("home-no-mail-title").to_string(),
            text: l.t("home-no-mail-text").with("count", *waiting).to_string(),
            action: None,
        },
        Attention::DiskLow { free: 0, .. } => Point {
            icon: "disk",
            tone: "seal",
            title: l.t("home-disk-full-title").to_string(),
            text: l.t("home-disk-full-text").to_string(),
            action: None,
        },
        Attention::DiskLow { free, total } => Point {
            icon: "disk",
            tone: "seal",
            title: l.t("home-disk-title").to_string(),
            text: l.t("home-disk-text").with("free", l.octets(*free)).with("total", l.octets(*total)).to_string(),
            action: None,
        },
        Attention::BackupStands(newest) => Point {
            icon: "disk",
            tone: "seal",
            title: l.t("home-backup-title").to_string(),
            text: match newest {
                Some(newest) => l.t("home-backup-text").with("when", l.when(newest)).to_string(),
                None => l.t("home-backup-none").to_string(),
            },
            action: None,
        },
        Attention::NoBackups => Point {
            icon: "disk",
            tone: "sun",
            title: l.t("home-no-backups-title").to_string(),
            text: l.t("home-no-backups-text").to_string(),
            action: action(key("home-settings-action"), "/settings".to_owned()),
        },
        Attention::FirstBackup => Point {
            icon: "disk",
            tone: "sun",
            title: l.t("home-first-backup-title").to_string(),
            text: l.t("home-first-backup-text").to_string(),
            action: None,
        },
        Attention::BackupDrill(last) => Point {
            icon: "disk",
            tone: "sun",
            title: match last {
                Some(last) => l.t("home-drill-title").with("when", l.when(last)).to_string(),
                None => l.t("home-drill-never-title").to_string(),
            },
            text: l.t("home-drill-text").to_string(),
            action: None,
        },
        Attention::Held(since) => Point {
            icon: "alert",
            tone: "seal",
            title: l.t("home-held-back-title").to_string(),
            text: l.t("home-held-back-text").with("when", l.when(since)).to_string(),
            action: action(key("home-mail-action"), "/outbox".to_owned()),
        },
        Attention::KeyNotCopied => Point {
            icon: "key",
            tone: "sun",
            title: l.t("home-key-title").to_string(),
            text: l.t("home-key-text").to_string(),
            action: None,
        },
        Attention::NoOrganisation => Point {
            icon: "card",
            tone: "sun",
            title: l.t("home-organisation-title").to_string(),
            text: l.t("home-organisation-text").to_string(),
            action: action(key("home-settings-action"), "/settings".to_owned()),
        },
        Attention::NoSource => Point {
            icon: "refresh",
            tone: "plate",
            title: l.t("home-source-title").to_string(),
            text: l.t("home-source-text").to_string(),
            action: action(key("home-source-action"), "/sources/new".to_owned()),
        },
    }
}

/// Signatures that wait for a word, or for what hinders them to be mended.
fn publication_stands(l: &Lang, publication: &Publication) -> Point {
    let is_paused = publication.state == PublicationState::Paused;
    let hindered = is_paused && publication.why.as_deref() != Some(code::ASKED);
    let title = if is_paused { key("home-publication-paused-title") } else { key("home-publication-planned-title") };
    let text = if is_paused {
        l.t(words::publication::paused(publication.why.as_deref())).to_string()
    } else {
        let waiting = l.t("home-publication-planned-text").with("count", publication.count(LineState::Planned));
        waiting.with("when", l.when(&publication.started_at)).to_string()
    };
    Point {
        icon: if hindered { "alert" } else { "pen" },
        tone: if hindered { "seal" } else { "sun" },
        title: l.t(title).with("source", publication.source_name.as_str()).to_string(),
        text,
        action: Some((l.t("home-publication-action").to_string(), publications::path_of(publication.id))),
    }
}

fn held(l: &Lang, run: &Run) -> String {
    if run.hold == Some(HoldReason::TooManyGone) {
        l.t("home-held-gone")
            .with("count", run.counts.disabled)
            .with("known", run.known_active)
            .with("percent", percent(run.counts.disabled, run.known_active))
            .to_string()
    } else if run.hold == Some(HoldReason::TooManyGroupsGone) {
        l.t("home-held-groups-gone").with("count", run.groups.gone).with("known", run.known_groups).to_string()
    } else {
        l.t("home-held-plan").with("count", run.counts.changes()).to_string()
    }
}

/// A share in whole percent, rounded.
pub(crate) fn percent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(200).saturating_add(whole) / whole.saturating_mul(2).max(1)
}

/// `GET /`
pub(crate) async fn show(desk: Desk) -> Reply {
    let sees = Sees::of(&desk.ctx);
    match (sees.overview, sees.first()) {
        (true, _) => {}
        (false, Some(first)) => return Ok(see_other(&first)),
        (false, None) => {
            let (s, has_person) = (Shell::new(&desk, Section::Home, "/"), desk.ctx.person.is_some());
            return desk.page(&NothingPage { l: &desk.l, s, has_person });
        }
    }
    let home = desk.ok(desk.service().home(&desk.ctx).await)?;
    let s = Shell::new(&desk, Section::Home, "/");
    desk.page(&HomePage::new(&desk.l, s, &home, &desk.warnings()))
}
