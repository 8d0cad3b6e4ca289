//! What is permitted at a provider, as far as it was tried, beside what is needed.

use std::collections::{BTreeMap, BTreeSet};

use super::{PluginInfo, ProviderPermission};
use crate::plugin::{FailKind, PluginFailure, Probe};

/// What the token of one credential allows.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The credential's name in the manifest.
    pub credential: String,
    /// The scopes that it asks for.
    pub scopes: BTreeSet<String>,
    /// Permissions that the token names; none where it is opaque. A failure where no token was
    /// given.
    pub allows: Result<Option<BTreeSet<String>>, PluginFailure>,
}

/// What a self-check found, and what tokens allow.
#[derive(Clone, Debug, Default)]
pub struct PermissionCheck {
    /// The plugin's own.
    pub probes: Vec<Probe>,
    /// One for each credential that could be tried.
    pub standings: Vec<Standing>,
}

/// Whether something is permitted at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Granted {
    /// Nothing was tried that would show it.
    Untried,
    /// It is. With it what was found, where there are words for it.
    Yes(String),
    /// It is not, or cannot be used; why.
    No(String),
}

/// A permission, whether it is needed, and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionLine {
    /// The permission.
    pub permission: ProviderPermission,
    /// Whether the configuration makes use of it.
    pub needed: bool,
    /// Whether it is there.
    pub granted: Granted,
}

/// The table of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermissionTable {
    /// Those that the plugin may use, in the manifest's order.
    pub lines: Vec<PermissionLine>,
    /// Those that are there and that nothing here ever uses.
    pub idle: BTreeSet<String>,
    /// What else the self-check found.
    pub others: Vec<Probe>,
}

impl PermissionTable {
    /// Of a source's plugin and configuration; `writes`: it writes fields back. Without a check
    /// nothing was tried.
    pub fn new(
        info: &PluginInfo,
        config: &BTreeMap<String, String>,
        writes: bool,
        check: Option<&PermissionCheck>,
    ) -> Self {
        let nothing = PermissionCheck::default();
        let check = check.unwrap_or(&nothing);
        let named: BTreeSet<_> = check.standings.iter().filter_map(told).flatten().collect();
        let permissions = &info.provider.permissions;
        let lines = permissions.iter().map(|permission| PermissionLine {
            needed: permission.is_needed(&info.config, config, writes),
            granted: granted(permission, check),
            permission: permission.clone(),
        });
        let is_idle = |name: &&String| !permissions.iter().any(|permission| permission.is(name));
        let is_other = |probe: &&Probe| {
            !permissions.iter().any(|permission| permission.probe.as_deref() == Some(probe.name.as_str()))
        };
        Self {
            lines: lines.collect(),
            idle: named.into_iter().filter(is_idle).cloned().collect(),
            others: check.probes.iter().filter(is_other).cloned().collect(),
        }
    }

    /// How many are needed and not there.
    pub fn missing(&self) -> usize {
        self.lines.iter().filter(|line| line.needed && matches!(line.granted, Granted::No(_))).count()
    }
}

/// The names that a token gives for what it allows.
fn told(standing: &Standing) -> Option<&BTreeSet<String>> {
    standing.allows.as_ref().ok()?.as_ref()
}

fn granted(permission: &ProviderPermission, check: &PermissionCheck) -> Granted {
    let probe = check.probes.iter().find(|probe| permission.probe.as_deref() == Some(probe.name.as_str()));
    let told: Vec<_> = check.standings.iter().filter_map(told).collect();
    let is_named = told.iter().any(|names| names.iter().any(|name| permission.is(name)));
    if let Some(probe) = probe {
        // what was done counts more than what a token says: an API may be switched off
        return if probe.passed { Granted::Yes(probe.detail.clone()) } else { Granted::No(probe.detail.clone()) };
    }
    if is_named {
        return Granted::Yes(String::new());
    }
    let asked = check.standings.iter().filter(|standing| standing.scopes.iter().any(|scope| permission.is(scope)));
    for standing in asked {
        if let Err(failure) = &standing.allows {
            let is_refusal = matches!(failure.kind, FailKind::Auth | FailKind::Denied);
            return if is_refusal { Granted::No(failure.message.clone()) } else { Granted::Untried };
        }
    }
    // a token that names what it allows names all of it
    if told.is_empty() { Granted::Untried } else { Granted::No(String::new()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info() -> PluginInfo {
        let words = serde_json::json!({"en": "for it"});
        serde_json::from_value(serde_json::json!({
            "id": "x", "version": "1.0.0", "contract": "0.1.0", "license": "MIT", "description": words, "inputs": [],
            "config": {"groups": {"type": "flag"}},
            "provider": {"name": "Example", "permissions": [
                {"name": "People.Read", "probe": "people", "description": words},
                {"name": "Groups.Read", "when": ["groups"], "probe": "groups", "description": words},
            ]},
        }))
        .unwrap()
    }

    fn standing(allows: Result<Option<&[&str]>, FailKind>, scopes: &[&str]) -> Standing {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let allows = allows.map(|names| names.map(set)).map_err(|kind| PluginFailure::new(kind, "refused there"));
        Standing { credential: "c".to_owned(), scopes: set(scopes), allows }
    }

    fn table(probes: &[(&str, bool)], standings: Vec<Standing>) -> PermissionTable {
        let probe = |(name, passed): &(&str, bool)| Probe {
            name: (*name).to_owned(),
            passed: *passed,
            detail: format!("{name} were tried"),
        };
        let check = PermissionCheck { probes: probes.iter().map(probe).collect(), standings };
        PermissionTable::new(&info(), &BTreeMap::new(), false, Some(&check))
    }

    fn granted(table: &PermissionTable) -> [Granted; 2] {
        [table.lines[0].granted.clone(), table.lines[1].granted.clone()]
    }

    #[test]
    fn what_was_done_counts_and_a_token_tells_of_the_rest() {
        let names: &[&str] = &["groups.read", "People.ReadWrite"];
        let found = table(&[("people", false), ("tenant", true)], vec![standing(Ok(Some(names)), &[".default"])]);
        assert_eq!(granted(&found), [Granted::No("people were tried".to_owned()), Granted::Yes(String::new())]);
        assert_eq!((found.lines[0].needed, found.lines[1].needed, found.missing()), (true, false, 1));
        assert_eq!(found.idle, BTreeSet::from(["People.ReadWrite".to_owned()]));
        assert_eq!(found.others[0].name, "tenant");
        // a token that names others does not allow what it does not name
        let found = table(&[], vec![standing(Ok(Some(&["People.Read"])), &[])]);
        assert_eq!(granted(&found), [Granted::Yes(String::new()), Granted::No(String::new())]);
    }

    #[test]
    fn nothing_is_said_of_what_was_not_tried() {
        assert_eq!(granted(&table(&[], Vec::new())), [Granted::Untried, Granted::Untried]);
        assert_eq!(granted(&table(&[], vec![standing(Ok(None), &[])])), [Granted::Untried, Granted::Untried]);
        // a scope of its own that was refused; a provider that did not answer
        let refused = standing(Err(FailKind::Auth), &["Groups.Read"]);
        let away = standing(Err(FailKind::Unavailable), &["People.Read"]);
        let found = table(&[], vec![refused, away]);
        assert_eq!(granted(&found), [Granted::Untried, Granted::No("refused there".to_owned())]);
    }
}
