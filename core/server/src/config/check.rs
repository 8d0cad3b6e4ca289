//! From settings to what the parts need: values parsed, combinations refused.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use estampe_adapters::{BackupSettings, EgressSettings, Encryption, SmtpSettings};
use estampe_domain::Locale;
use estampe_domain::access::Role;
use estampe_domain::backup::BackupPlan;
use estampe_domain::security_txt::SecurityContact;
use estampe_domain::text::{Email, Line};
use estampe_service::SignInSettings;
use estampe_store::{Database, StoreSettings};
use estampe_web::EdgeSettings;
use url::Url;

use super::plugins::PluginSettings;
use super::{AcmeSource, ConfigError, Settings, TlsSource};

/// After how many days a new key wraps all others, where nothing is set and nobody else uses the database.
const KEY_ROTATION_DAYS: u32 = 90;

/// Settings that can be used.
pub struct CheckedSettings {
    pub data_dir: PathBuf,
    pub organisation: Line,
    pub locale: Locale,
    pub public: SocketAddr,
    pub internal: SocketAddr,
    pub operator: PathBuf,
    pub public_origin: String,
    pub internal_origin: String,
    pub store: StoreSettings,
    /// After how many days a new key wraps all others; none: never by itself.
    pub key_rotation_days: Option<u32>,
    /// Where backups lie, and who can open them; none: no backups.
    pub backup: Option<BackupSettings>,
    pub http: Option<SocketAddr>,
    pub tls: TlsSource,
    pub tls12: bool,
    pub acme: Option<AcmeSource>,
    pub smtp: Option<SmtpSettings>,
    pub edge: EdgeSettings,
    pub plugins: PluginSettings,
    pub egress: EgressSettings,
    pub hold_percent: u8,
    /// Where visitors write to about their data.
    pub rights_contact: Option<Email>,
    /// Whom to tell about a weakness.
    pub security: Option<SecurityContact>,
    pub sign_in: SignInSettings,
    pub breached_passwords: Option<PathBuf>,
    pub log_filter: String,
    pub log_json: bool,
    /// Files that hold a secret, wherever they lie.
    pub secret_files: Vec<PathBuf>,
}

/// Gathers problems, so that all of them are told at once.
struct Problems(Vec<String>);

impl Problems {
    fn take<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|problem| self.0.push(problem)).ok()
    }
}

impl Settings {
    /// Parses every value and looks at what must fit together.
    #[expect(clippy::too_many_lines, reason = "all values at once, so that all problems are told at once")]
    pub fn check(&self) -> Result<CheckedSettings, ConfigError> {
        let mut problems = Problems(Vec::new());
        let organisation = problems.take(
            self.organisation.parse::<Line>().map_err(|e| format!("organisation: {e}; give your organisation's name")),
        );
        let locale = problems.take(
            self.locale
                .parse::<Locale>()
                .map_err(|()| format!("locale: \"{}\" is not known; use \"fr\" or \"en\"", self.locale)),
        );
        let public = problems.take(address("listen.public", &self.listen.public));
        let internal = problems.take(address("listen.internal", &self.listen.internal));
        if let (Some(public), Some(internal)) = (public, internal)
            && public.port() == internal.port()
            && public.port() != 0
            && (public.ip() == internal.ip() || public.ip().is_unspecified() || internal.ip().is_unspecified())
        {
            problems.0.push(format!(
                "listen.public and listen.internal are both on port {}: give them different ports, so that nothing internal is reachable from outside",
                public.port()
            ));
        }
        let http = problems.take(self.http(public, internal));
        let public_origin = problems.take(origin("public.origin", &self.public.origin));
        let internal_origin = problems.take(origin("internal.origin", &self.internal.origin));
        if !self.data_dir.is_absolute() {
            problems.0.push(format!("data_dir: {} is not an absolute path", self.data_dir.display()));
        }
        let database = problems.take(self.database());
        let key_rotation_days = problems.take(self.key_rotation());
        let backup = problems.take(self.backup());
        let tls = problems.take(self.tls(public_origin.as_deref(), internal_origin.as_deref()));
        let tls12 = problems.take(self.tls12());
        let acme = problems.take(self.acme(public_origin.as_deref()));
        let smtp = problems.take(self.smtp());
        let hold_percent = problems.take(within("sync.hold_percent", self.sync.hold_percent, 0, 100));
        let rights_contact = problems.take(self.rights_contact());
        let security = problems.take(SecurityContact::read(&self.security.contact, &self.security.policy));
        let sign_in = problems.take(self.sign_in());
        problems.0.extend(self.log_problems());
        let plugins = self.plugins.check().map_err(|wrong| problems.0.extend(wrong)).ok();
        let edge = problems.take(self.edge());
        let egress = problems.take(self.egress());
        let (
            Some(organisation),
            Some(locale),
            Some(public),
            Some(internal),
            Some(public_origin),
            Some(internal_origin),
            (Some(database), Some(key_rotation_days), Some(backup)),
            (Some(tls), Some(tls12), Some(acme), Some(http)),
            Some(smtp),
            Some(plugins),
            (Some(edge), Some(egress)),
            (Some(hold_percent), Some(rights_contact), Some(security), Some(sign_in)),
            true,
        ) = (
            organisation,
            locale,
            public,
            internal,
            public_origin,
            internal_origin,
            (database, key_rotation_days, backup),
            (tls, tls12, acme, http),
            smtp,
            plugins,
            (edge, egress),
            (hold_percent, rights_contact, security, sign_in),
            problems.0.is_empty(),
        )
        else {
            return Err(ConfigError(problems.0));
        };
        let secret_files = [&self.smtp.password_file, &self.database.password_file, &self.tls.key_file];
        Ok(CheckedSettings {
            secret_files: secret_files.into_iter().filter(|file| !file.is_empty()).map(PathBuf::from).collect(),
            organisation,
            locale,
            public,
            internal,
            operator: self.operator_socket(),
            public_origin,
            internal_origin,
            store: StoreSettings {
                database,
                data_dir: self.data_dir.clone(),
                kek_file: path_or(&self.database.key_file, || self.data_dir.join("keys/kek")),
            },
            key_rotation_days,
            backup,
            http,
            tls,
            tls12,
            acme,
            smtp,
            edge,
            plugins,
            egress,
            hold_percent,
            rights_contact,
            security,
            sign_in,
            breached_passwords: Some(&self.sign_in.breached_passwords_file)
                .filter(|file| !file.is_empty())
                .map(PathBuf::from),
            log_filter: self.log.level.clone(),
            log_json: self.log.format == "json",
            data_dir: self.data_dir.clone(),
        })
    }

    fn rights_contact(&self) -> Result<Option<Email>, String> {
        match self.privacy.contact.trim() {
            "" => Ok(None),
            text => match text.parse() {
                Ok(address) => Ok(Some(address)),
                Err(why) => Err(format!("privacy.contact: {why}; give an e-mail address, such as dpo@example.com")),
            },
        }
    }

    fn sign_in(&self) -> Result<SignInSettings, String> {
        let given = &self.sign_in;
        let role = |name: &String| {
            let known = || Role::ALL.map(Role::as_str).join(", ");
            Role::from_stored(name)
                .ok_or_else(|| format!("sign_in.second_factor_for: there is no role \"{name}\"; there are {}", known()))
        };
        let idle: i64 = within("sign_in.idle_minutes", given.idle_minutes, 5, 44_640)?;
        let absolute: i64 = within("sign_in.absolute_hours", given.absolute_hours, 1, 744)?;
        Ok(SignInSettings {
            idle_seconds: idle * 60,
            absolute_seconds: absolute * 3600,
            second_administrator: given.second_administrator,
            factor_roles: given.second_factor_for.iter().map(role).collect::<Result<_, _>>()?,
        })
    }

    fn log_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&self.log.level) {
            problems.push(format!("log.level: {error}; use error, warn, info, debug or trace"));
        }
        if !matches!(self.log.format.as_str(), "text" | "json") {
            problems.push(format!("log.format: \"{}\" is not known; use \"text\" or \"json\"", self.log.format));
        }
        problems
    }

    /// The socket by which commands reach the running service.
    pub fn operator_socket(&self) -> PathBuf {
        path_or(&self.listen.operator, || self.data_dir.join("operator.sock"))
    }

    fn database(&self) -> Result<Database, String> {
        if self.database.url.is_empty() {
            if !self.database.password_file.is_empty() {
                return Err("database.password_file is set, but database.url is empty (SQLite has no password): set the url or remove it".into());
            }
            return Ok(Database::Sqlite(self.data_dir.join("estampe.db")));
        }
        let mut url = Url::parse(&self.database.url).map_err(|e| {
            format!("database.url: {e}; give it as postgres://user@host/name, or leave it empty for SQLite")
        })?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(format!(
                "database.url: \"{}:\" is not known; use postgres://user@host/name, or leave it empty for SQLite",
                url.scheme()
            ));
        }
        super::wire::database(&url)?;
        if !cfg!(feature = "postgres") {
            return Err(
                "database.url: this build speaks SQLite only; install the package estampe-postgres, or leave it empty"
                    .into(),
            );
        }
        if !self.database.password_file.is_empty() {
            let password = secret("database.password_file", &self.database.password_file)?;
            url.set_password(Some(&password))
                .map_err(|()| "database.url: it has no place for a password".to_owned())?;
        }
        Ok(Database::Postgres(url.into()))
    }

    /// After how many days a new key wraps all others.
    fn key_rotation(&self) -> Result<Option<u32>, String> {
        let days = |text: &str| text.strip_suffix('d')?.parse::<u32>().ok().filter(|days| (1..=3_650).contains(days));
        match self.database.key_rotation.as_str() {
            "" if self.database.url.is_empty() => Ok(Some(KEY_ROTATION_DAYS)),
            "" | "off" => Ok(None),
            text => days(text).map(Some).ok_or_else(|| {
                format!("database.key_rotation: \"{text}\" is not understood; give it in days, as \"90d\", or \"off\"")
            }),
        }
    }

    fn backup(&self) -> Result<Option<BackupSettings>, String> {
        let given = &self.backup;
        let every = match given.every.as_str() {
            "" | "off" => None,
            text => Some(seconds(text).ok_or_else(|| {
                format!("backup.every: \"{text}\" is not understood; give it as \"6h\" or \"1d\", or \"off\"")
            })?),
        };
        let keep = within("backup.keep", given.keep, 1, 10_000)?;
        if given.folder.is_empty() {
            if given.recipients.is_empty() {
                return Ok(None);
            }
            return Err("backup.recipients is set, but backup.folder is empty: set the folder, or remove it".into());
        }
        let folder = PathBuf::from(&given.folder);
        if !folder.is_absolute() {
            return Err(format!("backup.folder: {} is not an absolute path", folder.display()));
        }
        if given.recipients.is_empty() {
            // named by the key that is set: the message says where it stands
            return Err(
                "backup.folder is set, but backup.recipients names nobody: a backup is encrypted to at least one; \
                        estampe backup key FILE makes a key"
                    .into(),
            );
        }
        BackupSettings::new(BackupPlan { folder, every, keep }, &given.recipients)
            .map(Some)
            .map_err(|why| format!("backup.recipients: {why}"))
    }

    fn smtp(&self) -> Result<Option<SmtpSettings>, String> {
        let smtp = &self.smtp;
        let encryption = match smtp.encryption.as_str() {
            "starttls" => Encryption::StartTls,
            "tls" => Encryption::Tls,
            "none" => Encryption::None,
            other => {
                return Err(format!(
                    "smtp.encryption: \"{other}\" is not known; use \"starttls\", \"tls\" or \"none\""
                ));
            }
        };
        within::<u16>("smtp.port", smtp.port, 1, 65535)?;
        if smtp.host.is_empty() {
            let set = [
                ("username", &smtp.username),
                ("from", &smtp.from),
                ("ca_file", &smtp.ca_file),
                ("password_file", &smtp.password_file),
            ];
            return match set.iter().find(|(_, value)| !value.is_empty()) {
                Some((key, _)) => Err(format!("smtp.{key} is set, but smtp.host is empty: set the host, or remove it")),
                None => Ok(None),
            };
        }
        if encryption == Encryption::None && !super::wire::is_here(&smtp.host) {
            return Err(format!(
                "smtp.encryption is \"none\", and smtp.host \"{}\" is not this machine: mails hold what visitors wrote; use \"starttls\" or \"tls\", or a relay on 127.0.0.1",
                smtp.host
            ));
        }
        if encryption == Encryption::None && !smtp.username.is_empty() {
            return Err("smtp.encryption is \"none\" with smtp.username set: a password is never sent in clear; use \"starttls\" or \"tls\"".into());
        }
        let credentials = match (smtp.username.is_empty(), smtp.password_file.is_empty()) {
            (true, true) => None,
            (false, false) => Some((smtp.username.clone(), secret("smtp.password_file", &smtp.password_file)?)),
            (false, true) => return Err("smtp.username is set without smtp.password_file: set both or neither".into()),
            (true, false) => return Err("smtp.password_file is set without smtp.username: set both or neither".into()),
        };
        let ca_pem = match smtp.ca_file.as_str() {
            "" => None,
            path => Some(std::fs::read(path).map_err(|e| format!("smtp.ca_file: {path}: {e}"))?),
        };
        Ok(Some(SmtpSettings {
            host: smtp.host.clone(),
            port: within("smtp.port", smtp.port, 1, 65535)?,
            encryption,
            credentials,
            from: self.sender()?,
            ca_pem,
            hello: None,
        }))
    }

    fn egress(&self) -> Result<EgressSettings, String> {
        let ca_pem = match self.egress.ca_file.as_str() {
            "" => None,
            path => Some(std::fs::read(path).map_err(|e| format!("egress.ca_file: {path}: {e}"))?),
        };
        let proxy = Some(self.egress.proxy.clone()).filter(|proxy| !proxy.is_empty());
        let settings = EgressSettings { proxy, ca_pem };
        settings.check()?;
        Ok(settings)
    }

    fn sender(&self) -> Result<(Line, Email), String> {
        let from = self.smtp.from.trim();
        let (name, address) = match from.strip_suffix('>').and_then(|rest| rest.split_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"'), address),
            None => (self.organisation.as_str(), from),
        };
        let wrong = |e| format!("smtp.from: {e}; give it as \"cards@example.com\" or \"Cards <cards@example.com>\"");
        let address = address.parse().map_err(wrong)?;
        Ok((name.parse().map_err(wrong)?, address))
    }
}

/// A time as in 15m, 6h, 1d, in seconds.
fn seconds(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let number: i64 = text.get(..text.len() - 1)?.parse().ok()?;
    Some(number * unit).filter(|_| (1..=100_000).contains(&number))
}

fn path_or(text: &str, default: impl FnOnce() -> PathBuf) -> PathBuf {
    if text.is_empty() { default() } else { PathBuf::from(text) }
}

/// A number between two others, both allowed.
pub(super) fn within<T: TryFrom<i64>>(key: &str, value: i64, least: i64, most: i64) -> Result<T, String> {
    let wrong = || format!("{key}: {value} is not between {least} and {most}");
    if !(least..=most).contains(&value) {
        return Err(wrong());
    }
    value.try_into().map_err(|_| wrong())
}

pub(super) fn address(key: &str, text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("{key}: \"{text}\" is not an address with a port, such as 0.0.0.0:8443 or [::]:8443"))
}

/// An origin: scheme, host and port, no path. `https` alone, for everything is served
/// over TLS, by us or by the proxy before us.
fn origin(key: &str, text: &str) -> Result<String, String> {
    let wrong = |why: &str| format!("{key}: \"{text}\" {why}; give it as https://cards.example.com");
    let url = Url::parse(text).map_err(|_| wrong("is no web address"))?;
    if url.scheme() != "https" {
        return Err(wrong("does not begin with https://"));
    }
    if url.host_str().is_none() || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has more than a host and a port"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user name"));
    }
    Ok(url.origin().ascii_serialization())
}

/// Reads a secret from its file: the first line.
fn secret(key: &str, path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(Path::new(path)).map_err(|e| {
        let hint = if Path::new(path).starts_with(super::layers::CREDENTIALS) {
            "; systemd hands it to the service while that runs: for this command, decrypt it (systemd-creds decrypt) into a file of root's and name that in the environment (ESTAMPE_SECTION__KEY=FILE)"
        } else {
            ""
        };
        format!("{key}: {path}: {e}{hint}")
    })?;
    match text.lines().next().unwrap_or_default() {
        "" => Err(format!("{key}: {path} is empty")),
        secret => Ok(secret.to_owned()),
    }
}
