//! Sources: the list, one with its runs, and what can be asked of it.

use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::plugin::Probe;
use estampe_domain::run::Run;
use estampe_domain::source::SourceOverview;
use estampe_texts::key;

use crate::console::endings::ending_path;
use crate::console::people::here;
use crate::console::shell::{Section, Shell};
use crate::forms::{Fields, Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other, segment};
use crate::session::Desk;
use crate::words;

/// A source on one line.
pub(crate) struct SourceLine {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) plugin: String,
    /// What its provider calls the organisation.
    pub(crate) organisation: Option<String>,
    pub(crate) people: String,
    /// State, its colour, when, and the run's page.
    pub(crate) run: Option<(&'static str, &'static str, String, String)>,
}

impl SourceLine {
    pub(crate) fn new(l: &Lang, overview: &SourceOverview) -> Self {
        let ending = overview.ending.map(|_| {
            let id = overview.source.id;
            (key("source-ending"), "sun", String::new(), ending_path(id))
        });
        let run = overview.last_run.as_ref().map(|(id, state, at)| {
            let (words, tone) = words::run_state(*state);
            (words, tone, l.ago(at), format!("/runs/{id}"))
        });
        Self {
            name: overview.source.name.clone(),
            href: path_of(&overview.source.name),
            plugin: overview.source.connector.plugin.clone(),
            organisation: overview.organisation.clone(),
            people: l.n(overview.people),
            run: ending.or(run),
        }
    }
}

pub(crate) fn path_of(name: &str) -> String {
    format!("/sources/{}", segment(name))
}

/// The list.
#[derive(Template)]
#[template(path = "console/sources.html")]
pub(crate) struct SourcesPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) sources: Vec<SourceLine>,
}

/// One source.
#[derive(Template)]
#[template(path = "console/source.html")]
pub(crate) struct SourcePage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) overview: &'a SourceOverview,
    pub(crate) runs: &'a [Run],
    pub(crate) probes: Option<Vec<Probe>>,
    /// Whether its plugin names what its provider has to permit.
    pub(crate) permissions: bool,
}

impl SourcePage<'_> {
    fn path(&self) -> String {
        path_of(&self.overview.source.name)
    }

    /// What the connector was given.
    fn given(&self) -> Vec<(&str, String)> {
        let connector = &self.overview.source.connector;
        let inputs = connector.inputs.iter().map(|(name, path)| (name.as_str(), path.display().to_string()));
        inputs.chain(connector.config.iter().map(|(name, value)| (name.as_str(), value.clone()))).collect()
    }

    /// How often it may be read: minutes, the words' key, their number, whether it is so.
    fn schedules(&self) -> Vec<(String, &'static str, u32, bool)> {
        let now = self.overview.source.every_minutes;
        let mut all = vec![None, Some(15), Some(60), Some(4 * 60), Some(24 * 60)];
        if !all.contains(&now) {
            all.push(now);
        }
        let choice = |every: Option<u32>| {
            let (key, number) = match every {
                None => (key("schedule-never"), 0),
                Some(minutes) if minutes % 60 == 0 => (key("schedule-hours"), minutes / 60),
                Some(minutes) => (key("schedule-minutes"), minutes),
            };
            (every.map(|minutes| minutes.to_string()).unwrap_or_default(), key, number, every == now)
        };
        all.into_iter().map(choice).collect()
    }

    fn mode(&self, run: &Run) -> &'static str {
        words::run_mode(run.mode)
    }

    fn state(&self, run: &Run) -> (&'static str, &'static str) {
        words::run_state(run.state)
    }
}

/// `GET /sources`
pub(crate) async fn list(desk: Desk) -> Reply {
    let sources = desk.ok(desk.service().sources(&desk.ctx).await)?;
    let sources = sources.iter().map(|source| SourceLine::new(&desk.l, source)).collect();
    desk.page(&SourcesPage { l: &desk.l, s: Shell::new(&desk, Section::Sources, "/sources"), sources })
}

async fn page(desk: &Desk, name: &str, here: String, probes: Option<Vec<Probe>>) -> Reply {
    let overview = desk.ok(desk.service().source(&desk.ctx, name).await)?;
    if overview.ending.is_some() {
        // nothing else can be done with it
        return Ok(see_other(&ending_path(overview.source.id)));
    }
    let runs = desk.ok(desk.service().runs(&desk.ctx, Some(overview.source.id)).await)?;
    let s = Shell::new(desk, Section::Sources, here);
    // a source whose plugin has no version in use is shown all the same
    let settings = desk.service().source_settings(&desk.ctx, name).await;
    let permissions = settings.is_ok_and(|settings| !settings.info.provider.permissions.is_empty());
    desk.page(&SourcePage { l: &desk.l, s, overview: &overview, runs: &runs, probes, permissions })
}

/// `GET /sources/{name}`
pub(crate) async fn show(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    page(&desk, &path, here(&request), None).await
}

/// `GET` of an action's address, after a reload: the source's own page.
pub(crate) async fn back(_: Desk, path: web::Path<String>) -> Reply {
    Ok(see_other(&path_of(&path)))
}

/// `POST /sources/{name}/check`
pub(crate) async fn check(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let probes = desk.ok(desk.service().check_source(&desk.ctx, &path).await)?;
    page(&desk, &path, path_of(&path), Some(probes)).await
}

/// `POST /sources/{name}/sync`
pub(crate) async fn sync(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    start(&sent.desk, &path, false, false).await
}

/// `POST /sources/{name}/compare`: everybody, not what changed alone.
pub(crate) async fn compare(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    start(&sent.desk, &path, false, true).await
}

/// `POST /sources/{name}/plan`
pub(crate) async fn plan(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    start(&sent.desk, &path, true, false).await
}

/// How often a source is read.
pub(crate) struct ScheduleForm {
    /// Minutes; empty: never.
    every: String,
}

impl From<Fields> for ScheduleForm {
    fn from(fields: Fields) -> Self {
        Self { every: fields.text("every") }
    }
}

/// `POST /sources/{name}/schedule`
pub(crate) async fn schedule(sent: ProtectedForm<ScheduleForm>, path: web::Path<String>) -> Reply {
    let every = Some(sent.form.every.trim()).filter(|every| !every.is_empty());
    let every = every.map(|every| every.parse().unwrap_or(0));
    sent.desk.ok(sent.desk.service().set_schedule(&sent.desk.ctx, &path, every).await)?;
    Ok(see_other(&path_of(&path)))
}

async fn start(desk: &Desk, name: &str, plan_only: bool, everybody: bool) -> Reply {
    let started = desk.ok(desk.service().start_sync(&desk.ctx, name, plan_only, everybody).await)?;
    Ok(see_other(&format!("/runs/{}", started.run)))
}
