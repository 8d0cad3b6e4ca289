//! Plugins of the gallery: one in use whose next version asks for more, or is signed by another
//! key, or by nobody; one that was just installed, one that is paused, one that cannot be used.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use estampe_domain::bundle::{
    BundleFacts, BundleProblem, BundleRefusal, InstalledPlugin, InstalledVersion, PluginState, PluginUsage, Signature,
};
use estampe_domain::credential::CredentialAsk;
use estampe_domain::manifest::{CredentialDeclaration, ProviderAsk};
use estampe_domain::permission::Grants;
use estampe_domain::plugin::{
    Asks, ConfigKey, ConfigKind, FieldsAsk, GroupsAsk, HttpAsk, LimitsAsk, LogLevel, LogLine, PluginInfo, PluginKind,
    Texts,
};
use estampe_domain::run::RunState;
use estampe_domain::source::SourceSettings;
use estampe_service::{OfferedPlugins, PluginDetail};

use super::{now, overview};

fn texts(fr: &str, en: &str) -> Texts {
    Texts::from([("fr".into(), fr.into()), ("en".into(), en.into())])
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

fn info(version: &str, writes: &[&str]) -> PluginInfo {
    let scopes = names(["https://graph.microsoft.com/.default"]);
    let ask = CredentialAsk::ClientCredentials {
        token_url: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token".into(),
        client_id: "{client}".into(),
        client_secret: "{secret}".into(),
        scopes,
    };
    let description = texts("L’identifiant de l’application Entra.", "The Entra application’s credential.");
    let http = HttpAsk {
        url: "https://graph.microsoft.com/v1.0/*".parse().unwrap(),
        methods: ["GET", "PATCH"].map(|method| method.parse().unwrap()).into(),
        read_only: false,
        json_keys: BTreeSet::new(),
        credential: Some("entra-app".into()),
        description: texts("Les personnes et les groupes.", "People and groups."),
    };
    PluginInfo {
        id: "entra-id".into(),
        version: version.into(),
        contract: "0.1.0".into(),
        kind: PluginKind::Connector,
        offers: BTreeSet::new(),
        license: "Apache-2.0".into(),
        description: texts("Lit l’annuaire Microsoft Entra ID.", "Reads the Microsoft Entra ID directory."),
        inputs: Vec::new(),
        config: BTreeMap::new(),
        provider: ProviderAsk::default(),
        asks: Asks {
            http: vec![http],
            credentials: BTreeMap::from([(
                "entra-app".into(),
                CredentialDeclaration { ask, revoke_url: None, description },
            )]),
            ldap: None,
            fields: FieldsAsk {
                mapped: true,
                read: names(["givenName", "sn", "mail", "title", "department", "mobile"]),
                write: writes.iter().map(|name| (*name).to_owned()).collect(),
            },
            groups: GroupsAsk {
                read: true,
                write: false,
                description: texts("Qui est dans quel groupe.", "Who is in which group."),
            },
            limits: LimitsAsk { memory_mib: Some(128), cpu_seconds: None },
        },
    }
}

fn version(info: PluginInfo, signature: Signature) -> InstalledVersion {
    let sha256 = "7f3a90c1d2e4b5a6978877665544332211ffeeddccbbaa99887766554433c21e".into();
    InstalledVersion { info, sha256, signature, installed_at: now() }
}

fn trusted() -> Signature {
    Signature::Trusted { key: "E7620F1842B4E81F".into() }
}

/// One of whose next version an administrator has to decide.
pub(crate) fn waiting() -> InstalledPlugin {
    let current = version(info("1.2.0", &[]), trusted());
    let grants: Grants = current.info.asked().into_iter().map(|asked| asked.permission).collect();
    let network = "network 10.1.2.0/24".parse().unwrap();
    InstalledPlugin {
        id: "entra-id".into(),
        state: PluginState::Enabled,
        current: Some(current),
        previous: None,
        waiting: Some(version(info("1.3.0", &["title", "mobile"]), trusted())),
        grants: grants.iter().cloned().chain([network]).collect(),
        failures: 0,
        problem: None,
    }
}

/// One whose next version asks for nothing more, and was not signed by the key before.
pub(crate) fn other_signer(signature: Signature) -> InstalledPlugin {
    InstalledPlugin { waiting: Some(version(info("1.3.0", &[]), signature)), ..waiting() }
}

/// A key that nobody named.
pub(crate) fn unknown() -> Signature {
    Signature::Unknown { key: "41C07D9E55B2A608".into() }
}

/// One whose key was revoked while it was in use.
pub(crate) fn unusable() -> InstalledPlugin {
    let problem = "it was signed with the key E7620F1842B4E81F, which is revoked";
    InstalledPlugin { waiting: None, problem: Some(problem.into()), ..waiting() }
}

/// One that makes signatures, and asks for nothing.
pub(crate) fn template() -> InstalledPlugin {
    let info = PluginInfo { kind: PluginKind::SignatureTemplate, asks: Asks::default(), ..info("0.1.0", &[]) };
    let current = Some(version(info, trusted()));
    InstalledPlugin { current, waiting: None, grants: Grants::default(), ..waiting() }
}

/// One that nothing was granted to yet, and that nobody signed.
pub(crate) fn fresh() -> InstalledPlugin {
    let waiting = Some(version(info("1.3.0", &[]), Signature::None));
    InstalledPlugin { current: None, waiting, grants: Grants::default(), ..self::waiting() }
}

/// One that kept failing.
pub(crate) fn paused() -> InstalledPlugin {
    let problem = "5 failures in a row, the last: trapped: the plugin crashed";
    InstalledPlugin { state: PluginState::Paused, waiting: None, problem: Some(problem.into()), ..waiting() }
}

/// With the sources that use it.
pub(crate) fn detail(plugin: InstalledPlugin) -> PluginDetail {
    let usage = PluginUsage { calls: 1_204, failed: 3, time: Duration::from_secs(95), memory: 23 << 20 };
    let sources = vec![overview("Siège", Some(RunState::Done)), overview("Agences", None)];
    PluginDetail { plugin, sources, usage: Some(usage) }
}

/// What lies ready.
pub(crate) fn offered() -> OfferedPlugins {
    let facts = BundleFacts {
        info: PluginInfo { id: "ldap".into(), ..info("0.1.0", &[]) },
        sha256: String::new(),
        signature: trusted(),
        readme: None,
    };
    OfferedPlugins { bundles: vec![facts], problems: vec!["old.estampe: it was built for contract \"0.9.0\"".into()] }
}

/// Why a file was not taken.
pub(crate) fn refusal() -> BundleRefusal {
    let words = "it was built for contract \"0.2.0\" and this Estampe speaks 0.1.0";
    BundleRefusal::new(BundleProblem::Contract, words)
}

/// One key of every kind.
pub(crate) fn config() -> BTreeMap<String, ConfigKey> {
    let key = |kind, fr: &str, en: &str| ConfigKey {
        kind,
        required: false,
        secret: false,
        lines: false,
        default: None,
        example: None,
        choices: Vec::new(),
        minimum: None,
        maximum: None,
        description: texts(fr, en),
    };
    let url = ConfigKey {
        required: true,
        example: Some("https://annuaire.banque.example".into()),
        ..key(ConfigKind::String, "L’adresse de l’annuaire.", "The directory’s address.")
    };
    let password = ConfigKey { secret: true, ..key(ConfigKind::String, "Le mot de passe.", "The password.") };
    let format = ConfigKey {
        choices: ["auto", "csv", "ldif"].map(str::to_owned).into(),
        default: Some("auto".into()),
        ..key(ConfigKind::Choice, "Le format du fichier.", "The file’s format.")
    };
    let days = ConfigKey { minimum: Some(1), ..key(ConfigKind::Integer, "Jours gardés.", "Days kept.") };
    BTreeMap::from([
        ("url".into(), url),
        ("password".into(), password),
        ("format".into(), format),
        ("days".into(), days),
        ("nested".into(), key(ConfigKind::Flag, "Les groupes imbriqués aussi.", "Nested groups as well.")),
        ("columns".into(), key(ConfigKind::Mapping, "L’attribut de chaque colonne.", "Each column’s attribute.")),
    ])
}

/// A source of a plugin that needs an address and a secret.
pub(crate) fn settings() -> SourceSettings {
    let info = PluginInfo { id: "annuaire-rest".into(), config: config(), ..info("1.2.0", &[]) };
    let mut source = overview("Annuaire RH", None).source;
    source.connector.config = BTreeMap::from([("url".into(), "https://annuaire.banque.example".into())]);
    SourceSettings { source, info, secrets: names(["password"]) }
}

/// What a plugin wrote.
pub(crate) fn log() -> Vec<LogLine> {
    let line = |level, text: &str| LogLine { at: now(), level, text: text.into() };
    vec![
        line(LogLevel::Info, "reading export.ldif, 4.2 MB"),
        line(LogLevel::Warn, "the server answered 429; going on in 30 seconds"),
    ]
}
