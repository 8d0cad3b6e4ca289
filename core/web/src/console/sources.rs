//! Sources: the list, a new one, one with its runs, and what can be asked of it.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::Error;
use estampe_domain::plugin::{ConnectorSpec, Probe};
use estampe_domain::run::Run;
use estampe_domain::source::SourceOverview;
use estampe_service::views::PluginEntry;
use estampe_texts::key;

use crate::console::people::here;
use crate::console::shell::{Section, Shell};
use crate::fields::{Field, Kind, problems};
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
    pub(crate) people: String,
    /// State, its colour, when, and the run's page.
    pub(crate) run: Option<(&'static str, &'static str, String, String)>,
}

impl SourceLine {
    pub(crate) fn new(l: &Lang, overview: &SourceOverview) -> Self {
        let run = overview.last_run.as_ref().map(|(id, state, at)| {
            let (words, tone) = words::run_state(*state);
            (words, tone, l.ago(at), format!("/runs/{id}"))
        });
        Self {
            name: overview.source.name.clone(),
            href: path_of(&overview.source.name),
            plugin: overview.source.connector.plugin.clone(),
            people: l.n(overview.people),
            run,
        }
    }
}

fn path_of(name: &str) -> String {
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

/// A new source.
#[derive(Template)]
#[template(path = "console/source_new.html")]
pub(crate) struct NewSourcePage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) fields: Vec<Field>,
    pub(crate) has_plugins: bool,
}

impl NewSourcePage<'_> {
    fn problems(&self) -> usize {
        problems(&self.fields)
    }
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

    fn state(&self, run: &Run) -> (&'static str, &'static str) {
        words::run_state(run.state)
    }
}

/// What is typed for a new source.
#[derive(Default)]
pub(crate) struct NewSource {
    name: String,
    plugin: String,
    path: String,
    format: String,
}

impl From<Fields> for NewSource {
    fn from(fields: Fields) -> Self {
        Self {
            name: fields.text("name").trim().to_owned(),
            plugin: fields.text("plugin"),
            path: fields.text("path").trim().to_owned(),
            format: fields.text("format"),
        }
    }
}

impl NewSource {
    /// What the connector is given; its first input is the file.
    fn spec(&self, plugins: &[PluginEntry]) -> ConnectorSpec {
        let input = plugins
            .iter()
            .find(|plugin| plugin.info.id == self.plugin)
            .and_then(|plugin| plugin.info.inputs.first())
            .map_or_else(|| "file".to_owned(), |input| input.name.clone());
        let config = match self.format.as_str() {
            "" => BTreeMap::new(),
            format => BTreeMap::from([("format".to_owned(), format.to_owned())]),
        };
        ConnectorSpec {
            plugin: self.plugin.clone(),
            config,
            inputs: BTreeMap::from([(input, self.path.clone().into())]),
        }
    }

    /// What can be seen to be wrong here: field and words.
    fn empty(&self) -> Option<(&'static str, &'static str)> {
        let fields = [("name", &self.name), ("path", &self.path)];
        fields.into_iter().find(|(_, value)| value.is_empty()).map(|(name, _)| (name, key("problem-empty")))
    }

    pub(crate) fn fields(
        &self,
        l: &Lang,
        plugins: &[PluginEntry],
        found: Option<(&'static str, &'static str)>,
    ) -> Vec<Field> {
        let problem = |name: &str| found.filter(|(field, _)| *field == name).map(|(_, words)| l.t(words).to_string());
        let plugins = plugins
            .iter()
            .map(|PluginEntry { info }| {
                let words = info.description.get(l.tag()).or_else(|| info.description.values().next());
                let words = words.map_or_else(|| info.id.clone(), |words| format!("{words} ({})", info.id));
                (info.id.clone(), words)
            })
            .collect();
        let formats = vec![
            (String::new(), l.t("source-new-format-auto").to_string()),
            ("csv".to_owned(), "CSV".to_owned()),
            ("ldif".to_owned(), "LDIF".to_owned()),
        ];
        vec![
            Field::new("name", l.t("source-new-name"), &self.name)
                .hint(l.t("source-new-name-hint"))
                .problem(problem("name")),
            Field::new("plugin", l.t("source-new-plugin"), &self.plugin).kind(Kind::Choice(plugins)),
            Field::new("path", l.t("source-new-path"), &self.path)
                .hint(l.t("source-new-path-hint"))
                .problem(problem("path")),
            Field::new("format", l.t("source-new-format"), &self.format).kind(Kind::Choice(formats)),
        ]
    }
}

/// `GET /sources`
pub(crate) async fn list(desk: Desk) -> Reply {
    let sources = desk.ok(desk.service().sources(&desk.ctx).await)?;
    let sources = sources.iter().map(|source| SourceLine::new(&desk.l, source)).collect();
    desk.page(&SourcesPage { l: &desk.l, s: Shell::new(&desk, Section::Sources, "/sources"), sources })
}

/// What the use case found wrong with a field, in our words.
fn found(error: &Error) -> Option<(&'static str, &'static str)> {
    match error {
        Error::Conflict(_) => Some(("name", key("source-new-name-taken"))),
        Error::Invalid { what, .. } if what == "name" => Some(("name", key("source-new-name-wrong"))),
        Error::Invalid { what, .. } if what == "inputs" => Some(("path", key("source-new-path-wrong"))),
        _ => None,
    }
}

fn form(desk: &Desk, typed: &NewSource, plugins: &[PluginEntry], found: Option<(&'static str, &'static str)>) -> Reply {
    let status = if found.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let s = Shell::new(desk, Section::Sources, "/sources/new");
    let fields = typed.fields(&desk.l, plugins, found);
    let page = NewSourcePage { l: &desk.l, s, fields, has_plugins: !plugins.is_empty() };
    desk.page_with(status, &page)
}

/// `GET /sources/new`
pub(crate) async fn new(desk: Desk) -> Reply {
    let plugins = desk.ok(desk.service().usable_plugins(&desk.ctx).await)?;
    form(&desk, &NewSource::default(), &plugins, None)
}

/// `POST /sources`
pub(crate) async fn add(sent: ProtectedForm<NewSource>) -> Reply {
    let ProtectedForm { desk, form: typed } = sent;
    let plugins = desk.ok(desk.service().usable_plugins(&desk.ctx).await)?;
    if let Some(empty) = typed.empty() {
        return form(&desk, &typed, &plugins, Some(empty));
    }
    match desk.service().add_source(&desk.ctx, &typed.name, typed.spec(&plugins)).await {
        Ok(source) => Ok(see_other(&path_of(&source.name))),
        Err(error) => match found(&error) {
            Some(problem) => form(&desk, &typed, &plugins, Some(problem)),
            None => desk.ok(Err(error)),
        },
    }
}

async fn page(desk: &Desk, name: &str, here: String, probes: Option<Vec<Probe>>) -> Reply {
    let overview = desk.ok(desk.service().source(&desk.ctx, name).await)?;
    let runs = desk.ok(desk.service().runs(&desk.ctx, Some(overview.source.id)).await)?;
    let s = Shell::new(desk, Section::Sources, here);
    desk.page(&SourcePage { l: &desk.l, s, overview: &overview, runs: &runs, probes })
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
    start(&sent.desk, &path, false).await
}

/// `POST /sources/{name}/plan`
pub(crate) async fn plan(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    start(&sent.desk, &path, true).await
}

async fn start(desk: &Desk, name: &str, plan_only: bool) -> Reply {
    let started = desk.ok(desk.service().start_sync(&desk.ctx, name, plan_only).await)?;
    Ok(see_other(&format!("/runs/{}", started.run)))
}
