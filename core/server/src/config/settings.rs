//! The keys and their defaults. `config/estampe.toml` shows the same to people; a
//! test holds the two equal. Numbers are wide here: their ranges are checked with the
//! rest, which can say where a value stands.

use std::path::PathBuf;

use estampe_service::DEFAULT_ORGANISATION;
use serde::{Deserialize, Serialize};

/// The whole configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub data_dir: PathBuf,
    pub organisation: String,
    pub locale: String,
    pub listen: Listen,
    pub public: Origin,
    pub internal: Origin,
    pub database: Database,
    pub backup: Backup,
    pub tls: Tls,
    pub acme: Acme,
    pub proxy: Proxy,
    pub limits: Limits,
    pub smtp: Smtp,
    pub plugins: Plugins,
    pub egress: Egress,
    pub sync: Sync,
    pub privacy: Privacy,
    pub security: Security,
    pub sign_in: SignIn,
    pub log: Log,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    pub public: String,
    pub internal: String,
    pub operator: String,
    pub http: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    pub origin: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub url: String,
    pub password_file: String,
    pub key_file: String,
    pub key_rotation: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    pub folder: String,
    pub recipients: Vec<String>,
    pub every: String,
    pub keep: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    pub certificate_file: String,
    pub key_file: String,
    pub names: Vec<String>,
    pub min_version: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acme {
    pub directory: String,
    pub contact: String,
    pub ca_file: String,
    pub agree_to_terms: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    pub trusted: Vec<String>,
    pub header: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub connections_per_client: i64,
    pub requests_per_minute: i64,
    pub leads_per_minute: i64,
    pub card_leads_per_minute: i64,
    /// Requests to the API by one token, a minute.
    pub api_requests_per_minute: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    pub host: String,
    pub port: i64,
    pub encryption: String,
    pub username: String,
    pub password_file: String,
    pub from: String,
    pub ca_file: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plugins {
    pub dir: PathBuf,
    pub compiler: String,
    pub trusted_keys: Vec<String>,
    pub revoked_keys: Vec<String>,
    pub allow_unsigned: bool,
    pub memory_mib: i64,
    pub cpu_seconds: i64,
    pub cpu_percent: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Egress {
    pub proxy: String,
    pub ca_file: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sync {
    pub hold_percent: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    pub contact: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Security {
    pub contact: String,
    pub policy: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    pub idle_minutes: i64,
    pub absolute_hours: i64,
    pub second_factor_for: Vec<String>,
    pub second_administrator: bool,
    pub breached_passwords_file: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub level: String,
    pub format: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: "/var/lib/estampe".into(),
            organisation: DEFAULT_ORGANISATION.into(),
            locale: "fr".into(),
            listen: Listen {
                public: "0.0.0.0:8443".into(),
                internal: "127.0.0.1:9443".into(),
                operator: String::new(),
                http: String::new(),
            },
            public: Origin { origin: "https://localhost:8443".into() },
            internal: Origin { origin: "https://localhost:9443".into() },
            database: Database {
                url: String::new(),
                password_file: String::new(),
                key_file: String::new(),
                key_rotation: String::new(),
            },
            backup: Backup { folder: String::new(), recipients: Vec::new(), every: "1d".into(), keep: 14 },
            tls: Tls {
                certificate_file: String::new(),
                key_file: String::new(),
                names: vec!["localhost".into()],
                min_version: "1.3".into(),
            },
            acme: Acme {
                directory: String::new(),
                contact: String::new(),
                ca_file: String::new(),
                agree_to_terms: false,
            },
            proxy: Proxy { trusted: Vec::new(), header: "x-forwarded-for".into() },
            limits: Limits {
                connections_per_client: 256,
                requests_per_minute: 1200,
                leads_per_minute: 30,
                card_leads_per_minute: 60,
                api_requests_per_minute: 600,
            },
            smtp: Smtp {
                host: String::new(),
                port: 587,
                encryption: "starttls".into(),
                username: String::new(),
                password_file: String::new(),
                from: String::new(),
                ca_file: String::new(),
            },
            plugins: Plugins {
                dir: "/usr/lib/estampe/plugins".into(),
                compiler: String::new(),
                trusted_keys: Vec::new(),
                revoked_keys: Vec::new(),
                allow_unsigned: false,
                memory_mib: 64,
                cpu_seconds: 5,
                cpu_percent: 50,
            },
            egress: Egress { proxy: String::new(), ca_file: String::new() },
            sync: Sync { hold_percent: 10 },
            privacy: Privacy { contact: String::new() },
            security: Security { contact: String::new(), policy: String::new() },
            sign_in: SignIn {
                idle_minutes: 480,
                absolute_hours: 24,
                second_factor_for: Vec::new(),
                second_administrator: false,
                breached_passwords_file: String::new(),
            },
            log: Log { level: "info".into(), format: "text".into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_file_shows_every_key_at_its_default() {
        let reference = include_str!("../../../../config/estampe.toml");
        let read: Settings = toml::from_str(reference).unwrap();
        assert_eq!(read, Settings::default());
        // and leaves none out: serde would have said so, no field has a default of its own
    }
}
