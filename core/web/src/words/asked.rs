//! What a plugin asks for, in a person's words: one row for each thing that can be understood
//! as one, with its items in their written form.

use std::collections::BTreeMap;

use estampe_domain::bundle::InstalledPlugin;
use estampe_domain::permission::Permission;
use estampe_domain::plugin::Asked;
use estampe_texts::key;

use crate::console::plugins::said;
use crate::locale::Lang;

/// One thing that is asked for.
pub(crate) struct Row {
    pub(crate) icon: &'static str,
    pub(crate) title: String,
    /// Why, as the plugin's author says it.
    pub(crate) why: String,
    /// What follows from a no.
    pub(crate) otherwise: String,
    pub(crate) items: Vec<Item>,
}

/// One item of it.
pub(crate) struct Item {
    /// In its written form.
    pub(crate) written: String,
    pub(crate) granted: bool,
    /// Whether the version in use does not ask for it.
    pub(crate) new: bool,
}

impl Row {
    /// How many of its items are granted.
    pub(crate) fn granted(&self) -> usize {
        self.items.iter().filter(|item| item.granted).count()
    }

    /// Whether one of its items is new.
    pub(crate) fn is_new(&self) -> bool {
        self.items.iter().any(|item| item.new)
    }
}

/// Which row an item belongs to, in their order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Input(String),
    Http(String),
    Change(String),
    Credential(String),
    Ldap,
    Read,
    Mapped,
    Write,
    Groups,
    GroupsWrite,
    Limit,
}

fn kind(permission: &Permission) -> Kind {
    match permission {
        Permission::Input(name) => Kind::Input(name.clone()),
        Permission::Http { method, url, read_only, .. } if method.is_safe() || *read_only => {
            Kind::Http(place(&url.to_string()))
        }
        Permission::Http { url, .. } => Kind::Change(place(&url.to_string())),
        Permission::Credential { name, .. } => Kind::Credential(name.clone()),
        Permission::LdapConnect(_) | Permission::LdapRead(_) | Permission::LdapReadMapped => Kind::Ldap,
        Permission::FieldRead(_) => Kind::Read,
        Permission::FieldReadMapped => Kind::Mapped,
        Permission::FieldWrite(_) => Kind::Write,
        Permission::GroupsWrite => Kind::GroupsWrite,
        Permission::GroupsRead => Kind::Groups,
        Permission::Memory(_) | Permission::Time(_) | Permission::Network(_) => Kind::Limit,
    }
}

/// The host of a written address, or the key that names it.
fn place(written: &str) -> String {
    let rest = written.split_once("://").map_or(written, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default().to_owned()
}

/// The rows of the newest version.
pub(crate) fn rows(l: &Lang, plugin: &InstalledPlugin) -> Vec<Row> {
    let Some(newest) = plugin.newest() else { return Vec::new() };
    let first = plugin.current.is_none();
    let more = plugin.asks_more(newest);
    let mut grouped: BTreeMap<Kind, Vec<Asked>> = BTreeMap::new();
    for asked in newest.info.asked() {
        grouped.entry(kind(&asked.permission)).or_default().push(asked);
    }
    grouped
        .into_iter()
        .map(|(kind, asked)| {
            let (icon, title, otherwise) = described(l, &kind, asked.len());
            let why = asked.iter().map(|asked| said(l, &asked.description)).find(|words| !words.is_empty());
            let item = |asked: Asked| Item {
                written: asked.permission.to_string(),
                granted: plugin.grants.cover(&asked.permission),
                new: !first && more.contains(&asked),
            };
            Row { icon, title, why: why.unwrap_or_default(), otherwise, items: asked.into_iter().map(item).collect() }
        })
        .collect()
}

/// Icon, title, and what follows from a no.
fn described(l: &Lang, kind: &Kind, count: usize) -> (&'static str, String, String) {
    let (icon, title, otherwise) = match kind {
        Kind::Input(name) => {
            ("inbox", l.t("asked-input").with("name", name.as_str()).to_string(), key("asked-input-otherwise"))
        }
        Kind::Http(host) => {
            ("globe", l.t("asked-http").with("host", host.as_str()).to_string(), key("asked-http-otherwise"))
        }
        Kind::Change(host) => {
            let title = l.t("asked-change").with("host", host.as_str()).to_string();
            ("exchange", title, key("asked-change-otherwise"))
        }
        Kind::Credential(name) => {
            let title = l.t("asked-credential").with("name", name.as_str()).to_string();
            ("lock", title, key("asked-credential-otherwise"))
        }
        Kind::Ldap => ("people", l.t("asked-ldap").to_string(), key("asked-ldap-otherwise")),
        Kind::Read => ("people", l.t("asked-read").with("count", count).to_string(), key("asked-read-otherwise")),
        Kind::Mapped => ("people", l.t("asked-mapped").to_string(), key("asked-mapped-otherwise")),
        Kind::Write => ("exchange", l.t("asked-write").with("count", count).to_string(), key("asked-write-otherwise")),
        Kind::Groups => ("people", l.t("asked-groups").to_string(), key("asked-groups-otherwise")),
        Kind::GroupsWrite => ("exchange", l.t("asked-groups-write").to_string(), key("asked-groups-write-otherwise")),
        Kind::Limit => ("clock", l.t("asked-limit").to_string(), key("asked-limit-otherwise")),
    };
    (icon, title, l.t(otherwise).to_string())
}
