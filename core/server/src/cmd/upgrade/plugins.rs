//! Installed plugins, as this version would take them up, and newer ones that lie ready: those are
//! installed at the start.

use std::collections::BTreeMap;

use estampe_domain::bundle::{BundleFacts, Signature};
use estampe_domain::permission::{Grants, Permission};
use estampe_plugin_host::Looker;
use estampe_service::is_newer;
use estampe_store::{PluginRow, UpgradeFacts};

use super::super::doctor::Report;
use crate::config::CheckedSettings;

const CHECK: &str = "plugins";
const OFFERED: &str = "offered plugins";
/// Items named at most.
const NAMED: usize = 10;

/// Looks at them.
pub fn examine(settings: &CheckedSettings, facts: &UpgradeFacts, report: &mut Report) {
    let Some(plugins) = &facts.plugins else {
        return report.skip(CHECK, "this schema is too old for the question");
    };
    let plugin_settings = &settings.plugins;
    let cache = settings.data_dir.join("plugin-cache");
    let looker = Looker::new(plugin_settings.keys.clone(), cache, plugin_settings.compiler.clone());
    if let Some(problem) = looker.compiler_problem() {
        let advice = "put the new estampe-compile beside the new estampe, or name it in plugins.compiler";
        report.fail(CHECK, format!("no plugin can be compiled: {problem}"), advice);
    }
    let mut current = BTreeMap::new();
    for plugin in plugins {
        let name = format!("{} {}", plugin.id, plugin.version);
        match looker.look(&plugin.bundle) {
            Ok((bundle, is_compiled)) => {
                installed(settings, plugin, &name, &bundle, is_compiled, report);
                if plugin.place == "current" {
                    current.insert(plugin.id.clone(), bundle);
                }
            }
            Err(refusal) => {
                let found = format!("{name} is refused by this version: {}", refusal.words);
                let advice = "bring a version of it that this one takes: estampe plugin upgrade; without it its sources stand still";
                report.fail(CHECK, found, advice);
            }
        }
    }
    if plugins.is_empty() {
        report.ok(CHECK, "none is installed");
    }
    offered(settings, &looker, &current, facts, report);
}

fn installed(
    settings: &CheckedSettings,
    plugin: &PluginRow,
    name: &str,
    bundle: &BundleFacts,
    is_compiled: bool,
    report: &mut Report,
) {
    let compiled = if is_compiled { "lies compiled" } else { "is compiled anew at the start" };
    let state = match (plugin.state.as_str(), plugin.place.as_str()) {
        ("enabled", "current") => String::new(),
        ("enabled", _) => ", waits for its grants".to_owned(),
        (state, _) => format!(", is {state}"),
    };
    let found = format!("{name}: contract {} is spoken, {compiled}{state}", bundle.info.contract);
    match unsigned(settings, &bundle.signature) {
        Some(why) => report.fail(
            CHECK,
            format!("{name}: {why}"),
            "name its key in plugins.trusted_keys, or bring a version that counts",
        ),
        None => report.ok(CHECK, found),
    }
}

/// Why a signature would not count.
fn unsigned(settings: &CheckedSettings, signature: &Signature) -> Option<String> {
    match signature {
        Signature::Trusted { .. } => None,
        Signature::Revoked { key } => Some(format!("the key {key} that signed it is revoked")),
        _ if settings.plugins.allow_unsigned => None,
        Signature::Unknown { key } => Some(format!("nobody here trusts the key {key} that signed it")),
        Signature::None => Some("nobody signed it".to_owned()),
    }
}

/// Newer versions in `plugins.dir`: the start takes them in, and they wait where they ask for more.
fn offered(
    settings: &CheckedSettings,
    looker: &Looker,
    current: &BTreeMap<String, BundleFacts>,
    facts: &UpgradeFacts,
    report: &mut Report,
) {
    let offered = looker.offered(&settings.plugins.dir);
    for problem in &offered.problems {
        report.warn(OFFERED, problem.clone(), "replace the bundle or take it away: it is not taken in");
    }
    let mut news = 0;
    for (bundle, _) in &offered.bundles {
        let Some(known) = current.get(&bundle.info.id) else { continue };
        if !is_newer(&bundle.info.version, &known.info.version) {
            continue;
        }
        news += 1;
        let name = format!("{} {} instead of {}", bundle.info.id, bundle.info.version, known.info.version);
        let more = asks_more(bundle, known, facts.grants.as_deref().unwrap_or_default());
        if bundle.signature != known.signature {
            let found = format!("{name}: another key signed it, so it waits for your word");
            report.warn(OFFERED, found, format!("after the start: estampe plugin grant {}", bundle.info.id));
        } else if more.is_empty() {
            report.ok(OFFERED, format!("{name}: asks for nothing new, and is used from the start on"));
        } else {
            let found = format!("{name}: asks for more, and waits for it while the old one goes on: {}", named(&more));
            report.warn(OFFERED, found, format!("after the start: estampe plugin grant {}", bundle.info.id));
        }
    }
    if news == 0 && offered.problems.is_empty() {
        report.ok(OFFERED, "none is newer than what is installed");
    }
}

/// What a version asks for that was neither granted nor asked for before.
fn asks_more(bundle: &BundleFacts, known: &BundleFacts, grants: &[(String, String)]) -> Vec<String> {
    let granted =
        grants.iter().filter(|(id, _)| *id == bundle.info.id).filter_map(|(_, item)| item.parse::<Permission>().ok());
    let before: Grants = known.info.asked().into_iter().map(|asked| asked.permission).chain(granted).collect();
    let asked = bundle.info.asked().into_iter().map(|asked| asked.permission);
    asked.filter(|asked| !before.cover(asked)).map(|asked| asked.to_string()).collect()
}

fn named(items: &[String]) -> String {
    let more = items.len().saturating_sub(NAMED);
    let first = items.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}
