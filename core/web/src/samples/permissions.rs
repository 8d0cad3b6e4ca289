//! What a provider has to permit.

use std::collections::BTreeMap;

use askama::Template as _;
use estampe_domain::manifest::{PermissionCheck, PermissionTable, ProviderAsk, Standing};
use estampe_domain::plugin::{ConfigKey, PluginInfo, Probe};
use estampe_domain::source::SourceSettings;
use estampe_service::SourcePermissions;
use estampe_service::views::PluginEntry;
use serde_json::json;

use super::{extensions, shell};
use crate::console::new_source::{NewSource, new_source_page};
use crate::console::shell::Section;
use crate::console::source_form::Found;
use crate::console::source_permissions::PermissionsPage;
use crate::gallery::Pages;
use crate::locale::Lang;

fn provider() -> ProviderAsk {
    let texts = |fr: &str, en: &str| json!({"fr": fr, "en": en});
    serde_json::from_value(json!({
        "name": "Microsoft Entra",
        "unused": ["Directory.ReadWrite.All", "offline_access"],
        "steps": [
            {
                "title": texts("Inscrivez une application", "Register an application"),
                "text": texts(
                    "Inscriptions d’applications > Nouvelle inscription.\nNotez les deux identifiants.",
                    "App registrations > New registration.\nNote both ids."
                ),
                "url": "https://entra.microsoft.com/",
                "keys": ["client-id", "tenant"],
            },
            {
                "title": texts("Accordez-lui ces autorisations, et aucune autre", "Grant it these permissions, and no others"),
                "permissions": true,
            },
        ],
        "permissions": [
            {
                "name": "User.Read.All",
                "probe": "people",
                "description": texts("Les personnes et leurs photos.", "People and their photos."),
            },
            {
                "name": "Group.Read.All",
                "when": ["groups"],
                "probe": "groups",
                "description": texts("Les groupes et qui en fait partie.", "Groups and who is in them."),
            },
            {
                "name": "Directory.Read.All",
                "when": ["administrators"],
                "description": texts("Qui administre le locataire.", "Who administers the tenant."),
            },
        ],
    }))
    .unwrap()
}

fn config() -> BTreeMap<String, ConfigKey> {
    serde_json::from_value(json!({
        "tenant": {"type": "string", "required": true, "example": "banque.example"},
        "client-id": {"type": "string", "required": true},
        "certificate": {"type": "string", "secret": true, "lines": true},
        "groups": {"type": "flag", "default": "false", "description": {"fr": "Lire aussi les groupes.", "en": "Read groups too."}},
        "administrators": {
            "type": "flag", "default": "false",
            "description": {"fr": "Dire qui administre le locataire.", "en": "Tell who administers the tenant."},
        },
    }))
    .unwrap()
}

fn info() -> PluginInfo {
    PluginInfo { id: "microsoft-entra".into(), provider: provider(), config: config(), ..extensions::settings().info }
}

fn found(check: Option<&PermissionCheck>) -> SourcePermissions {
    let mut settings = SourceSettings { info: info(), ..extensions::settings() };
    settings.source.name = "Entra".into();
    settings.source.connector.config = BTreeMap::from([("groups".into(), "true".into())]);
    let table = PermissionTable::new(&settings.info, &settings.source.connector.config, false, check);
    let organisation = check.map(|_| "Banque de la Garonne".to_owned());
    SourcePermissions { settings, table, tried: check.is_some(), writes: false, organisation }
}

fn check(groups: bool) -> PermissionCheck {
    let probe = |name: &str, passed, detail: &str| Probe { name: name.into(), passed, detail: detail.into() };
    let refused = "403 Authorization_RequestDenied: Group.Read.All is missing";
    let names = ["User.Read.All", "Directory.Read.All", "User.ReadWrite.All"].map(str::to_owned);
    let allows = Ok((!groups).then(|| names.into()));
    PermissionCheck {
        probes: vec![
            probe("people", true, "can be read, and what changes of them"),
            probe("groups", groups, if groups { "can be read" } else { refused }),
        ],
        standings: vec![Standing { credential: "secret".into(), scopes: [".default".to_owned()].into(), allows }],
    }
}

/// Their pages.
pub(crate) fn pages(l: &Lang) -> Pages {
    let s = || shell(Section::Sources);
    let page = |found: &SourcePermissions| PermissionsPage { l, s: s(), found }.render().unwrap();
    let none = {
        let mut found = found(None);
        found.settings.info.provider = ProviderAsk::default();
        found.table = PermissionTable::default();
        page(&found)
    };
    let info = info();
    let new = {
        let plugins = [PluginEntry { info: info.clone() }];
        let typed = NewSource::of(&info.id);
        new_source_page(l, s(), &plugins, Some(&info), &typed, &Found::new()).render().unwrap()
    };
    vec![
        ("permissions", page(&found(Some(&check(false))))),
        ("permissions-there", page(&found(Some(&check(true))))),
        ("permissions-untried", page(&found(None))),
        ("permissions-none", none),
        ("source-new-setup", new),
    ]
}
