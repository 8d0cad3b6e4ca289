//! What a connector is given, as a form: made of the plugin's manifest, one field for each
//! file that it asks for and each value that may be configured.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use estampe_domain::plugin::{ConfigKey, ConfigKind, PluginInfo};

use crate::console::plugins::said;
use crate::fields::{Field, Kind};
use crate::forms::Fields;
use crate::locale::Lang;

/// Problems by the name of the field.
pub(crate) type Found = BTreeMap<String, String>;

/// What is typed. Nothing at all is not there.
#[derive(Default)]
pub(crate) struct Typed {
    pub(crate) inputs: BTreeMap<String, String>,
    pub(crate) config: BTreeMap<String, String>,
}

impl Typed {
    pub(crate) fn of(fields: &Fields) -> Self {
        let below = |prefix: &str| {
            let values = fields.below(prefix).into_iter();
            values.map(|(name, value)| (name, value.trim().to_owned())).filter(|(_, value)| !value.is_empty())
        };
        Self { inputs: below("input.").collect(), config: below("config.").collect() }
    }

    pub(crate) fn paths(&self) -> BTreeMap<String, PathBuf> {
        self.inputs.iter().map(|(name, path)| (name.clone(), PathBuf::from(path))).collect()
    }

    /// What can be seen to be wrong with the files.
    pub(crate) fn wrong_inputs(&self, l: &Lang, info: &PluginInfo) -> Found {
        let wrong = |name: &String| match self.inputs.get(name) {
            None => Some(l.t("problem-empty").to_string()),
            Some(path) if !path.starts_with('/') => Some(l.t("source-new-path-wrong").to_string()),
            Some(_) => None,
        };
        let names = info.inputs.iter().map(|input| &input.name);
        names.filter_map(|name| Some((format!("input.{name}"), wrong(name)?))).collect()
    }

    /// The fields. Of a secret that is set, nothing typed means that it stays; none is ever
    /// shown, not even one that was just typed.
    /// `again`: whether what was typed is shown again, to be looked over.
    pub(crate) fn fields(
        &self,
        l: &Lang,
        info: &PluginInfo,
        set: &BTreeSet<String>,
        found: &Found,
        again: bool,
    ) -> Vec<Field> {
        let problem = |name: &str| found.get(name).cloned();
        let mut fields = Vec::new();
        for input in &info.inputs {
            let name = format!("input.{}", input.name);
            let (value, found) = (self.inputs.get(&input.name).map_or("", String::as_str), problem(&name));
            let hint = format!("{} {}", said(l, &input.description), l.t("source-new-path-hint"));
            fields.push(Field::new(name, l.t("source-new-path"), value).hint(hint.trim()).problem(found));
        }
        fields.extend(self.config_fields(l, &info.config, set, found, again));
        fields
    }

    /// One for each value that may be configured.
    pub(crate) fn config_fields(
        &self,
        l: &Lang,
        keys: &BTreeMap<String, ConfigKey>,
        set: &BTreeSet<String>,
        found: &Found,
        again: bool,
    ) -> Vec<Field> {
        let problem = |name: &str| found.get(name).cloned();
        let mut fields = Vec::new();
        // what has to be there comes first
        let (required, optional): (Vec<_>, Vec<_>) = keys.iter().partition(|(_, key)| key.required);
        for (key, known) in required.into_iter().chain(optional) {
            let name = format!("config.{key}");
            let (typed, mut found_here) = (self.config.get(key).map_or("", String::as_str), problem(&name));
            let value = if known.secret { "" } else { typed };
            if known.secret && !typed.is_empty() && again {
                found_here.get_or_insert_with(|| l.t("source-secret-again").to_string());
            }
            let is_set = known.secret && set.contains(key);
            let kept = if is_set { l.t("source-secret-set").to_string() } else { String::new() };
            let hint = format!("{} {kept}", hint(l, known));
            let mut field = Field::new(name, key, value).hint(hint.trim()).problem(found_here).kind(kind(l, known));
            if known.secret && !known.lines {
                field = field.autocomplete("new-password");
            }
            fields.push(if known.required && !is_set { field } else { field.optional() });
        }
        fields
    }
}

/// Offers our own pictures where one is asked for.
pub(crate) fn offer_pictures(fields: &mut [Field], pictures: &[(String, String)]) {
    for field in fields {
        if let Kind::Picture(known) = &mut field.kind {
            pictures.clone_into(known);
        }
    }
}

/// What a value is for, and as it may look.
fn hint(l: &Lang, key: &ConfigKey) -> String {
    let example =
        key.example.as_ref().map(|example| l.t("source-new-example").with("example", example.as_str()).to_string());
    [said(l, &key.description), example.unwrap_or_default()].join(" ").trim().to_owned()
}

fn kind(l: &Lang, key: &ConfigKey) -> Kind {
    if key.lines {
        return Kind::Lines;
    }
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
        ConfigKind::Picture => Kind::Picture(Vec::new()),
        ConfigKind::String | ConfigKind::Mapping => Kind::Line("text"),
    }
}
