//! What is done at a provider before a source can be made: steps of the plugin's manifest, with
//! the exact permissions for what is wanted.

use std::collections::{BTreeMap, BTreeSet};

use estampe_domain::manifest::SetupStep;
use estampe_domain::plugin::PluginInfo;

use crate::console::plugins::said;
use crate::locale::Lang;

/// A step as it is shown.
pub(crate) struct Step {
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) url: Option<String>,
    pub(crate) permissions: bool,
    /// Keys of the form that are known after it.
    pub(crate) keys: BTreeSet<String>,
}

/// Something that can be wanted: a flag of the configuration that asks for permissions.
pub(crate) struct Wish {
    pub(crate) key: String,
    pub(crate) words: String,
    pub(crate) wanted: bool,
}

/// The part of the page.
pub(crate) struct Setup {
    pub(crate) provider: String,
    pub(crate) wishes: Vec<Wish>,
    pub(crate) steps: Vec<Step>,
    /// What is pasted.
    pub(crate) pasted: String,
}

impl Setup {
    /// Of a plugin, for what is wanted; none where it says nothing of a provider.
    pub(crate) fn new(l: &Lang, info: &PluginInfo, config: &BTreeMap<String, String>) -> Option<Self> {
        let provider = &info.provider;
        if provider.steps.is_empty() {
            return None;
        }
        let step = |step: &SetupStep| Step {
            title: said(l, &step.title),
            text: said(l, &step.text),
            url: step.url.clone(),
            permissions: step.permissions,
            keys: step.keys.clone(),
        };
        let wish = |key: &str| Wish {
            key: key.to_owned(),
            words: info.config.get(key).map(|known| said(l, &known.description)).unwrap_or_default(),
            wanted: is_on(info, config, key),
        };
        Some(Self {
            provider: provider.name.clone(),
            wishes: flags(info).into_iter().map(wish).collect(),
            steps: provider.steps.iter().map(step).collect(),
            pasted: provider.pasted(&info.config, config, false),
        })
    }
}

/// Flags that ask for permissions.
fn flags(info: &PluginInfo) -> BTreeSet<&str> {
    let permissions = info.provider.permissions.iter();
    permissions.flat_map(|permission| permission.when.iter().map(String::as_str)).collect()
}

fn is_on(info: &PluginInfo, config: &BTreeMap<String, String>, key: &str) -> bool {
    let default = || info.config.get(key).and_then(|known| known.default.as_ref());
    config.get(key).or_else(default).is_some_and(|value| value == "true")
}

/// The configuration that goes with what was ticked; none when nobody was asked yet.
pub(crate) fn wanted(info: &PluginInfo, query: &str) -> BTreeMap<String, String> {
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    if !pairs.iter().any(|(name, _)| name == "asked") {
        return BTreeMap::new();
    }
    let is_ticked = |key: &str| pairs.iter().any(|(name, value)| name == "want" && value == key);
    // what is as it is without a word needs none
    let changed = |key: &&str| is_ticked(key) != is_on(info, &BTreeMap::new(), key);
    flags(info).into_iter().filter(changed).map(|key| (key.to_owned(), is_ticked(key).to_string())).collect()
}
