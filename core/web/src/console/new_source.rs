//! A new source.

use std::collections::BTreeSet;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Query;
use askama::Template;
use estampe_domain::plugin::{ConnectorSpec, PluginInfo};
use estampe_domain::{Error, Right};
use estampe_service::views::PluginEntry;
use estampe_texts::key;
use serde::Deserialize;

use crate::console::plugins::said;
use crate::console::setup::{Setup, wanted};
use crate::console::shell::{Section, Shell};
use crate::console::source_form::{Found, Typed};
use crate::console::sources::path_of;
use crate::fields::{Field, problems};
use crate::forms::{Fields, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words;

/// The page.
#[derive(Template)]
#[template(path = "console/source_new.html")]
pub(crate) struct NewSourcePage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    /// Plugins to choose from: id and words.
    pub(crate) plugins: Vec<(String, String)>,
    /// The one that was chosen.
    pub(crate) plugin: Option<&'a str>,
    /// What is done at the provider before.
    pub(crate) setup: Option<Setup>,
    pub(crate) fields: Vec<Field>,
}

impl NewSourcePage<'_> {
    fn problems(&self) -> usize {
        problems(&self.fields)
    }
}

/// What is typed for a new source.
#[derive(Default)]
pub(crate) struct NewSource {
    name: String,
    plugin: String,
    given: Typed,
}

impl From<Fields> for NewSource {
    fn from(fields: Fields) -> Self {
        Self { name: fields.text("name").trim().to_owned(), plugin: fields.text("plugin"), given: Typed::of(&fields) }
    }
}

impl NewSource {
    /// Nothing typed yet, of this plugin.
    pub(crate) fn of(plugin: &str) -> Self {
        Self { plugin: plugin.to_owned(), ..Self::default() }
    }

    fn spec(&self) -> ConnectorSpec {
        let Typed { config, .. } = &self.given;
        ConnectorSpec { plugin: self.plugin.clone(), config: config.clone(), inputs: self.given.paths() }
    }

    /// What can be seen to be wrong here.
    pub(crate) fn wrong(&self, l: &Lang, info: &PluginInfo) -> Found {
        let mut found = self.given.wrong_inputs(l, info);
        if self.name.is_empty() {
            found.insert("name".to_owned(), l.t("problem-empty").to_string());
        }
        for (key, problem) in info.config_problems(&self.given.config) {
            found.insert(format!("config.{key}"), words::config_problem(l, &problem));
        }
        found
    }

    pub(crate) fn fields(&self, l: &Lang, info: &PluginInfo, found: &Found) -> Vec<Field> {
        let name = Field::new("name", l.t("source-new-name"), &self.name)
            .hint(l.t("source-new-name-hint"))
            .problem(found.get("name").cloned());
        std::iter::once(name).chain(self.given.fields(l, info, &BTreeSet::new(), found, !found.is_empty())).collect()
    }
}

/// The page for a plugin, or for choosing one.
pub(crate) fn new_source_page<'a>(
    l: &'a Lang,
    s: Shell,
    plugins: &[PluginEntry],
    chosen: Option<&'a PluginInfo>,
    typed: &NewSource,
    found: &Found,
) -> NewSourcePage<'a> {
    let line = |PluginEntry { info }: &PluginEntry| (info.id.clone(), said(l, &info.description));
    NewSourcePage {
        l,
        s,
        plugins: plugins.iter().map(line).collect(),
        plugin: chosen.map(|info| info.id.as_str()),
        setup: chosen.and_then(|info| Setup::new(l, info, &typed.given.config)),
        fields: chosen.map(|info| typed.fields(l, info, found)).unwrap_or_default(),
    }
}

fn chosen<'a>(plugins: &'a [PluginEntry], id: Option<&str>) -> Option<&'a PluginInfo> {
    match (plugins, id) {
        ([only], None) => Some(&only.info),
        (plugins, id) => plugins.iter().map(|plugin| &plugin.info).find(|info| Some(info.id.as_str()) == id),
    }
}

fn form(desk: &Desk, typed: &NewSource, plugins: &[PluginEntry], info: Option<&PluginInfo>, found: &Found) -> Reply {
    let status = if found.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let s = Shell::new(desk, Section::Sources, "/sources/new");
    desk.page_with(status, &new_source_page(&desk.l, s, plugins, info, typed, found))
}

/// Which plugin was chosen.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    plugin: Option<String>,
}

/// `GET /sources/new`
pub(crate) async fn new(desk: Desk, query: Query<Chosen>, request: HttpRequest) -> Reply {
    desk.needs(Right::SourcesChange)?;
    let plugins = desk.ok(desk.service().usable_plugins(&desk.ctx).await)?;
    let info = chosen(&plugins, query.plugin.as_deref());
    let mut typed = NewSource::of(info.map_or("", |info| info.id.as_str()));
    if let Some(info) = info {
        typed.given.config = wanted(info, request.query_string());
    }
    form(&desk, &typed, &plugins, info, &Found::new())
}

/// `POST /sources`
pub(crate) async fn add(sent: ProtectedForm<NewSource>) -> Reply {
    let ProtectedForm { desk, form: typed } = sent;
    let plugins = desk.ok(desk.service().usable_plugins(&desk.ctx).await)?;
    let info = chosen(&plugins, Some(&typed.plugin));
    let mut found = info.map(|info| typed.wrong(&desk.l, info)).unwrap_or_default();
    if found.is_empty() {
        match desk.service().add_source(&desk.ctx, &typed.name, typed.spec()).await {
            Ok(source) => return Ok(see_other(&path_of(&source.name))),
            Err(Error::Conflict(_)) => found.insert("name".to_owned(), desk.l.t("source-new-name-taken").to_string()),
            Err(Error::Invalid { what, .. }) if what == "name" => {
                found.insert("name".to_owned(), desk.l.t(key("source-new-name-wrong")).to_string())
            }
            Err(error) => return desk.ok(Err(error)),
        };
    }
    form(&desk, &typed, &plugins, info, &found)
}
