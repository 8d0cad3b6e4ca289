//! A new source: its form is made of the plugin's manifest, one field for each file that it
//! asks for and each value that may be configured.

use std::collections::BTreeMap;
use std::path::PathBuf;

use actix_web::http::StatusCode;
use actix_web::web::Query;
use askama::Template;
use estampe_domain::Error;
use estampe_domain::plugin::{ConfigKey, ConfigKind, ConnectorSpec, PluginInfo};
use estampe_service::views::PluginEntry;
use estampe_texts::key;
use serde::Deserialize;

use crate::console::plugins::said;
use crate::console::shell::{Section, Shell};
use crate::console::sources::path_of;
use crate::fields::{Field, Kind, problems};
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
    inputs: BTreeMap<String, String>,
    config: BTreeMap<String, String>,
}

/// Problems by the name of the field.
pub(crate) type Found = BTreeMap<String, String>;

impl From<Fields> for NewSource {
    fn from(fields: Fields) -> Self {
        let below = |prefix: &str| {
            let values = fields.below(prefix).into_iter();
            values.map(|(name, value)| (name, value.trim().to_owned())).filter(|(_, value)| !value.is_empty())
        };
        Self {
            name: fields.text("name").trim().to_owned(),
            plugin: fields.text("plugin"),
            inputs: below("input.").collect(),
            config: below("config.").collect(),
        }
    }
}

impl NewSource {
    /// Nothing typed yet, of this plugin.
    pub(crate) fn of(plugin: &str) -> Self {
        Self { plugin: plugin.to_owned(), ..Self::default() }
    }

    fn spec(&self) -> ConnectorSpec {
        let inputs = self.inputs.iter().map(|(name, path)| (name.clone(), PathBuf::from(path)));
        ConnectorSpec { plugin: self.plugin.clone(), config: self.config.clone(), inputs: inputs.collect() }
    }

    /// What can be seen to be wrong here.
    pub(crate) fn wrong(&self, l: &Lang, info: &PluginInfo) -> Found {
        let mut found = Found::new();
        if self.name.is_empty() {
            found.insert("name".to_owned(), l.t("problem-empty").to_string());
        }
        for input in &info.inputs {
            match self.inputs.get(&input.name) {
                None => found.insert(format!("input.{}", input.name), l.t("problem-empty").to_string()),
                Some(path) if !path.starts_with('/') => {
                    found.insert(format!("input.{}", input.name), l.t("source-new-path-wrong").to_string())
                }
                Some(_) => None,
            };
        }
        for (key, problem) in info.config_problems(&self.config) {
            found.insert(format!("config.{key}"), words::config_problem(l, &problem));
        }
        found
    }

    pub(crate) fn fields(&self, l: &Lang, info: &PluginInfo, found: &Found) -> Vec<Field> {
        let problem = |name: &str| found.get(name).cloned();
        let mut fields = vec![
            Field::new("name", l.t("source-new-name"), &self.name)
                .hint(l.t("source-new-name-hint"))
                .problem(problem("name")),
        ];
        for input in &info.inputs {
            let name = format!("input.{}", input.name);
            let (value, found) = (self.inputs.get(&input.name).map_or("", String::as_str), problem(&name));
            let hint = format!("{} {}", said(l, &input.description), l.t("source-new-path-hint"));
            fields.push(Field::new(name, l.t("source-new-path"), value).hint(hint.trim()).problem(found));
        }
        // what has to be there comes first
        let (required, optional): (Vec<_>, Vec<_>) = info.config.iter().partition(|(_, key)| key.required);
        for (key, known) in required.into_iter().chain(optional) {
            let name = format!("config.{key}");
            let (value, found) = (self.config.get(key).map_or("", String::as_str), problem(&name));
            let field = Field::new(name, key, value).hint(hint(l, known)).problem(found).kind(kind(l, known));
            fields.push(if known.required { field } else { field.optional() });
        }
        fields
    }
}

/// What a value is for, and as it may look.
fn hint(l: &Lang, key: &ConfigKey) -> String {
    let example =
        key.example.as_ref().map(|example| l.t("source-new-example").with("example", example.as_str()).to_string());
    [said(l, &key.description), example.unwrap_or_default()].join(" ").trim().to_owned()
}

fn kind(l: &Lang, key: &ConfigKey) -> Kind {
    if key.secret {
        return Kind::Line("password");
    }
    // nothing chosen is the default, which stands beside
    let unset = match &key.default {
        Some(default) => l.t("source-new-default").with("default", default.as_str()).to_string(),
        None => "–".to_owned(),
    };
    let first = (String::new(), unset);
    match key.kind {
        ConfigKind::Choice => {
            let words = key.choices.iter().map(|word| (word.clone(), word.clone()));
            Kind::Choice(std::iter::once(first).chain(words).collect())
        }
        ConfigKind::Flag => {
            let (yes, no) = (l.t("source-new-yes").to_string(), l.t("source-new-no").to_string());
            Kind::Choice(vec![first, ("true".to_owned(), yes), ("false".to_owned(), no)])
        }
        ConfigKind::Integer => Kind::Line("number"),
        ConfigKind::String | ConfigKind::Mapping => Kind::Line("text"),
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
pub(crate) async fn new(desk: Desk, query: Query<Chosen>) -> Reply {
    let plugins = desk.ok(desk.service().usable_plugins(&desk.ctx).await)?;
    let info = chosen(&plugins, query.plugin.as_deref());
    let typed = NewSource::of(info.map_or("", |info| info.id.as_str()));
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
