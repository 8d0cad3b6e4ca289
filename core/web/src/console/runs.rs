//! One run: its plan before it is applied, its report afterwards.

use std::borrow::Cow;

use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::RunId;
use estampe_domain::difference::{PlanLine, PlanPlace};
use estampe_domain::person::FieldChange;
use estampe_domain::plugin::LogLine;
use estampe_domain::run::{HoldReason, PlanAction, Refusal, Run, RunState};
use estampe_service::views::{PlanFilter, PlanPage, RefusalPage, RunDetail};
use estampe_texts::key;

use crate::console::home::percent;
use crate::console::people::{here, query_of};
use crate::console::shell::{Section, Shell};
use crate::error::Fault;
use crate::forms::{Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other, segment};
use crate::session::Desk;
use crate::words;

/// Lines of a page.
const LINES: u64 = 50;
/// Refused entries of a page that shows nothing else.
const REFUSALS: u64 = 100;
/// Refused entries below a plan.
const FIRST_REFUSALS: u64 = 20;

/// What of a plan is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// All lines, and the first of what was refused.
    All,
    /// The lines of one action.
    Only(PlanAction),
    /// What was refused.
    Refused,
}

impl Show {
    fn read(word: &str) -> Self {
        match word {
            "disabled" => Self::Only(PlanAction::Disable),
            "changed" => Self::Only(PlanAction::Update),
            "created" => Self::Only(PlanAction::Create),
            "refused" => Self::Refused,
            _ => Self::All,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Only(PlanAction::Disable) => "disabled",
            Self::Only(PlanAction::Update | PlanAction::Note) => "changed",
            Self::Only(PlanAction::Create) => "created",
            Self::Refused => "refused",
        }
    }
}

/// A part of a plan.
pub(crate) struct Shown {
    pub(crate) show: Show,
    /// Whether it is not the first page.
    pub(crate) is_later: bool,
    pub(crate) plan: PlanPage,
    pub(crate) refused: RefusalPage,
}

/// The page.
#[derive(Template)]
#[template(path = "console/run.html")]
pub(crate) struct RunPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) detail: &'a RunDetail,
    pub(crate) shown: &'a Shown,
}

impl RunPage<'_> {
    fn run(&self) -> &Run {
        &self.detail.run
    }

    fn source_path(&self) -> String {
        format!("/sources/{}", segment(&self.run().source_name))
    }

    /// Whether the page should look again by itself.
    fn moves(&self) -> bool {
        matches!(self.run().state, RunState::Planning | RunState::Applying)
    }

    fn title(&self) -> String {
        let is_plan = matches!(self.run().state, RunState::Planning | RunState::Held);
        let key = if is_plan { key("run-title") } else { key("run-title-done") };
        self.l.t(key).with("when", self.l.when(&self.run().started_at)).to_string()
    }

    /// One sentence on where the run stands.
    fn standing(&self) -> String {
        let run = self.run();
        let ended = run.ended_at.as_ref().unwrap_or(&run.started_at);
        match run.state {
            RunState::Planning => self.l.t("run-planning-text").to_string(),
            RunState::Applying => self.l.t("run-applying-text").to_string(),
            RunState::Held => self.l.t("run-held-text").to_string(),
            RunState::Done if self.would_change_nothing() => self.l.t("run-nothing-text").to_string(),
            RunState::Done => self.l.t("run-done-text").with("when", self.l.when(ended)).to_string(),
            RunState::Failed if stopped_half_way(run) => self.l.t("run-failed-half").to_string(),
            RunState::Failed => self.l.t("run-failed-text").to_string(),
            RunState::Discarded => self.l.t("run-discarded-text").with("when", self.l.when(ended)).to_string(),
        }
    }

    fn is_done(&self) -> bool {
        self.run().state == RunState::Done
    }

    fn is_held(&self) -> bool {
        self.run().state == RunState::Held
    }

    fn too_many_gone(&self) -> bool {
        self.run().hold == Some(HoldReason::TooManyGone)
    }

    fn too_many_groups_gone(&self) -> bool {
        self.run().hold == Some(HoldReason::TooManyGroupsGone)
    }

    /// Whether it waits because something is odd, and not because it was told to.
    fn is_odd(&self) -> bool {
        self.too_many_gone() || self.too_many_groups_gone()
    }

    fn held_text(&self) -> &'static str {
        match self.run().hold {
            Some(HoldReason::TooManyGone) => key("run-gone-text"),
            Some(HoldReason::TooManyGroupsGone) => key("run-groups-gone-text"),
            Some(HoldReason::PlanOnly) | None => key("run-plan-text"),
        }
    }

    fn held_title(&self) -> String {
        let run = self.run();
        if self.too_many_gone() {
            self.l
                .t("run-gone-title")
                .with("count", run.counts.disabled)
                .with("known", run.known_active)
                .with("percent", percent(run.counts.disabled, run.known_active))
                .to_string()
        } else if self.too_many_groups_gone() {
            self.l
                .t("run-groups-gone-title")
                .with("count", run.groups.gone)
                .with("known", run.known_groups)
                .with("percent", percent(run.groups.gone, run.known_groups))
                .to_string()
        } else {
            self.l.t("run-plan-title").with("count", run.counts.changes()).to_string()
        }
    }

    /// What the button does, counted.
    fn approve(&self) -> String {
        let counts = &self.run().counts;
        let others = counts.changes() - counts.disabled;
        if self.too_many_groups_gone() {
            self.l.t("run-approve-groups-gone").with("count", self.run().groups.gone).to_string()
        } else if !self.too_many_gone() {
            self.l.t("run-approve").with("count", counts.changes()).to_string()
        } else if others == 0 {
            self.l.t("run-approve-gone").with("count", counts.disabled).to_string()
        } else {
            self.l.t("run-approve-gone-others").with("count", counts.disabled).with("others", others).to_string()
        }
    }

    /// Counts as chips: colour and words.
    fn chips(&self) -> Vec<(&'static str, String)> {
        let (counts, groups) = (&self.run().counts, &self.run().groups);
        let go = if self.is_done() { key("run-chip-groups-gone") } else { key("run-chip-groups-go") };
        let gone = if self.is_done() { key("run-chip-disabled") } else { key("run-chip-disable") };
        [
            ("leaf", counts.created, key("run-chip-created")),
            ("plate", counts.changed, key("run-chip-changed")),
            ("seal", counts.disabled, gone),
            ("plain", counts.unchanged, key("run-chip-unchanged")),
            ("sun", counts.refused, key("run-chip-refused")),
            ("leaf", groups.created, key("run-chip-groups-created")),
            ("plate", groups.changed, key("run-chip-groups-changed")),
            ("seal", groups.gone, go),
        ]
        .into_iter()
        .filter(|(_, count, _)| *count > 0)
        .map(|(tone, count, key)| (tone, self.l.t(key).with("count", count).to_string()))
        .collect()
    }

    fn action(&self, line: &PlanLine) -> (&'static str, &'static str) {
        words::action(line.action, self.is_done())
    }

    fn field(&self, change: &FieldChange) -> &'static str {
        words::field(change.field)
    }

    /// A dry run that found nothing: it is not held, for there is nothing to decide.
    fn would_change_nothing(&self) -> bool {
        self.detail.plan_only && self.run().counts.changes() + self.run().groups.changes() == 0
    }

    /// Why, where no field says it.
    fn reason(&self, line: &PlanLine) -> Option<&'static str> {
        line.reason.map(words::reason)
    }

    /// What is said of a line beside its fields and its reason.
    fn line_words(&self, line: &PlanLine) -> Option<&'static str> {
        match line.action {
            PlanAction::Create if !line.changes.is_empty() => None,
            PlanAction::Create if self.is_done() => Some(key("run-line-created")),
            PlanAction::Create => Some(key("run-line-create")),
            PlanAction::Update | PlanAction::Note if line.reason.is_some() => Some(key("run-line-back")),
            PlanAction::Update | PlanAction::Note => {
                (line.changes.is_empty() && line.kept.is_empty()).then_some(key("run-line-same"))
            }
            PlanAction::Disable if self.is_done() => Some(key("run-line-disabled")),
            PlanAction::Disable => Some(key("run-line-disable")),
        }
    }

    /// Whether there is a before to be compared with.
    fn compares(&self, line: &PlanLine) -> bool {
        line.action != PlanAction::Create
    }

    fn before<'b>(&self, change: &'b FieldChange) -> Cow<'b, str> {
        words::field_value(self.l.locale, change.field, &change.old, false)
    }

    fn after<'b>(&self, change: &'b FieldChange) -> Cow<'b, str> {
        words::field_value(self.l.locale, change.field, &change.new, true)
    }

    fn level(&self, line: &LogLine) -> (&'static str, &'static str) {
        words::log_level(line.level)
    }

    fn refusal(&self, refusal: &Refusal) -> &'static str {
        words::refusal(refusal)
    }

    fn hint(&self) -> &'static str {
        words::failure(self.run().failure.as_ref().map_or("", |(code, _)| code.as_str()))
    }

    /// Whether it ended for want of access: the words beside say whose.
    fn lacks_access(&self) -> bool {
        self.hint() == "failure-access"
    }

    fn path(&self, show: Show, after: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if show != Show::All {
            query.append_pair("show", show.word());
        }
        if let Some(after) = after {
            query.append_pair("after", after);
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("/runs/{}{mark}{query}", self.run().id)
    }

    /// What may be looked at alone: words, address, whether it is what is shown.
    fn tabs(&self) -> Vec<(&'static str, String, bool)> {
        let counts = &self.run().counts;
        let gone = if self.is_done() { key("run-show-disabled") } else { key("run-show-disable") };
        let parts = [
            (Show::Only(PlanAction::Disable), counts.disabled, gone),
            (Show::Only(PlanAction::Update), counts.changed, key("run-show-changed")),
            (Show::Only(PlanAction::Create), counts.created, key("run-show-created")),
            (Show::Refused, self.detail.kept_refusals, key("run-show-refused")),
        ];
        let parts: Vec<_> = parts.into_iter().filter(|(_, count, _)| *count > 0).collect();
        if parts.len() < 2 && self.shown.show == Show::All {
            return Vec::new();
        }
        let all = (Show::All, key("run-show-all"));
        [all]
            .into_iter()
            .chain(parts.into_iter().map(|(show, _, words)| (show, words)))
            .map(|(show, words)| (words, self.path(show, None), show == self.shown.show))
            .collect()
    }

    fn next(&self) -> Option<String> {
        let show = self.shown.show;
        let after = match show {
            Show::Refused => self.shown.refused.next.map(|seq| seq.to_string()),
            Show::All | Show::Only(_) => self.shown.plan.next.map(PlanPlace::written),
        };
        after.map(|after| self.path(show, Some(&after)))
    }

    fn first(&self) -> Option<String> {
        self.shown.is_later.then(|| self.path(self.shown.show, None))
    }

    /// How many lines the part that is shown has in all.
    fn lines_in_all(&self) -> u64 {
        let counts = &self.run().counts;
        match self.shown.show {
            Show::All => counts.changes(),
            Show::Only(PlanAction::Disable) => counts.disabled,
            Show::Only(PlanAction::Update | PlanAction::Note) => counts.changed,
            Show::Only(PlanAction::Create) => counts.created,
            Show::Refused => self.detail.kept_refusals,
        }
    }

    /// What was refused and stands on another page.
    fn more_refusals(&self) -> Option<String> {
        let hidden = self.shown.show == Show::All && self.shown.refused.next.is_some();
        hidden.then(|| self.path(Show::Refused, None))
    }

    /// Changes that are counted and whose lines are no longer kept.
    fn is_past(&self) -> bool {
        self.lines_in_all() > 0 && !self.shown.is_later
    }

    /// Refused entries whose reasons are not kept.
    fn refused_unkept(&self) -> bool {
        self.run().counts.refused > self.detail.kept_refusals
    }

    fn shows_refusals(&self) -> bool {
        !self.shown.refused.refusals.is_empty()
    }

    /// Where what was refused stands: below, or on a page of its own.
    fn refused_href(&self) -> String {
        if self.shows_refusals() { "#refused".to_owned() } else { self.path(Show::Refused, None) }
    }
}

/// Reads the part of a run's plan that an address asks for.
async fn shown(desk: &Desk, id: RunId, request: &HttpRequest) -> Result<Shown, Fault> {
    let (show, after) = (Show::read(&query_of(request, "show")), query_of(request, "after"));
    let (place, seq) = (PlanPlace::read(&after), after.parse::<i64>().ok());
    let mut shown = Shown {
        show,
        is_later: place.is_some() || seq.is_some(),
        plan: PlanPage::default(),
        refused: RefusalPage::default(),
    };
    let only = if let Show::Only(action) = show { Some(action) } else { None };
    if show != Show::Refused {
        let filter = PlanFilter { only, after: place, limit: LINES };
        shown.plan = desk.ok(desk.service().plan_page(&desk.ctx, id, filter).await)?;
    }
    if show == Show::Refused {
        shown.refused = desk.ok(desk.service().refusal_page(&desk.ctx, id, seq, REFUSALS).await)?;
    } else if show == Show::All && !shown.is_later {
        shown.refused = desk.ok(desk.service().refusal_page(&desk.ctx, id, None, FIRST_REFUSALS).await)?;
    }
    Ok(shown)
}

/// `GET /runs/{id}?show=&after=`
pub(crate) async fn show(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id: RunId = desk.id(&path)?;
    let detail = desk.ok(desk.service().run(&desk.ctx, id).await)?;
    let shown = shown(&desk, id, &request).await?;
    let s = Shell::new(&desk, Section::Sources, here(&request));
    desk.page(&RunPage { l: &desk.l, s, detail: &detail, shown: &shown })
}

/// `POST /runs/{id}/approve`
pub(crate) async fn approve(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let id: RunId = desk.id(&path)?;
    desk.ok(desk.service().approve_run(&desk.ctx, id).await)?;
    Ok(see_other(&format!("/runs/{id}")))
}

/// `POST /runs/{id}/discard`
pub(crate) async fn discard(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let id: RunId = desk.id(&path)?;
    desk.ok(desk.service().discard_run(&desk.ctx, id).await)?;
    Ok(see_other(&format!("/runs/{id}")))
}

/// Whether a run failed while it was being applied.
pub(super) fn stopped_half_way(run: &Run) -> bool {
    run.failure.as_ref().is_some_and(|(code, _)| code == "apply-failed")
}
