//! Reads the layers and merges them. Every key of every layer is held against the
//! defaults first, so that an unknown one is named with the place it stands in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat, Map, Source, Value, ValueKind};

use super::{ConfigError, Settings};

/// Where the configuration is when nobody says otherwise.
const DEFAULT_FILE: &str = "/etc/estampe/estampe.toml";
/// Variables of the environment begin with this.
const PREFIX: &str = "ESTAMPE";

/// Where each value that is not a default stands, by its key.
pub type Origins = BTreeMap<String, String>;

/// Something that this program does not take.
#[derive(Debug)]
pub struct Problem {
    /// What, where, and what would be right.
    pub text: String,
    /// The key, where this program does not know it.
    pub unknown: Option<String>,
}

/// Reads and merges the layers. `file` must exist when it is given.
pub fn load(file: Option<&Path>) -> Result<(Settings, Origins), ConfigError> {
    let (settings, origins, problems) = load_some(file)?;
    if problems.is_empty() {
        Ok((settings, origins))
    } else {
        Err(ConfigError(problems.into_iter().map(|problem| problem.text).collect()))
    }
}

/// The same, leaving out what this program does not take: a configuration of another version.
pub fn load_some(file: Option<&Path>) -> Result<(Settings, Origins, Vec<Problem>), ConfigError> {
    let defaults = defaults().map_err(|e| ConfigError(vec![e]))?;
    let known = defaults.collect().map_err(|e| ConfigError(vec![format!("built-in defaults: {e}")]))?;
    let mut layers = Layers { known, origins: Origins::new(), given: Vec::new(), problems: Vec::new() };
    for path in files(file)? {
        let place = path.display().to_string();
        // read here: the library names files by another path than they were given
        let values = std::fs::read_to_string(&path)
            .map_err(|error| super::access::denied_file("configuration", &path).unwrap_or_else(|| error.to_string()))
            .and_then(|text| File::from_str(&text, FileFormat::Toml).collect().map_err(|error| error.to_string()));
        match values {
            Ok(values) => layers.check("", &values, &place, false),
            Err(error) => layers.wrong(format!("{place}: {}", indented(&error))),
        }
    }
    let environment = Environment::with_prefix(PREFIX)
        .prefix_separator("_")
        .separator("__")
        .try_parsing(true)
        .list_separator(",")
        .with_list_parse_key("tls.names")
        .with_list_parse_key("proxy.trusted")
        .ignore_empty(true)
        .source(Some(our_variables()));
    match environment.collect() {
        Ok(values) => layers.check("", &values, "environment", true),
        Err(error) => layers.wrong(format!("environment: {error}")),
    }
    let failed = |error: config::ConfigError| ConfigError(vec![error.to_string()]);
    let mut builder = Config::builder().add_source(defaults);
    // later layers win
    for (key, value) in layers.given {
        builder = builder.set_override(key, value).map_err(failed)?;
    }
    let mut settings: Settings = builder.build().and_then(Config::try_deserialize).map_err(failed)?;
    credentials(&mut settings);
    Ok((settings, layers.origins, layers.problems))
}

/// What stands before the name of a credential of the service manager, where a file is named.
const CREDENTIAL: &str = "credential:";
/// Where the credentials of our own unit are, for commands that are not started by it.
pub(super) const CREDENTIALS: &str = "/run/credentials/estampe.service";

/// Whether a file is a credential of our unit, which systemd hands to it.
pub fn is_credential(path: &Path) -> bool {
    path.starts_with(CREDENTIALS)
}

/// Whether a file is a credential of our unit that is not there: systemd takes them away with the unit's end.
pub fn is_withheld(path: &Path) -> bool {
    is_credential(path) && !path.exists()
}

/// Files that the service manager hands over (`LoadCredentialEncrypted=`, systemd.exec(5)):
/// `credential:smtp` is the file `smtp` in the folder that it names.
fn credentials(settings: &mut Settings) {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").map_or_else(|| PathBuf::from(CREDENTIALS), PathBuf::from);
    let Settings { database, tls, smtp, .. } = settings;
    let files = [
        &mut database.key_file,
        &mut database.password_file,
        &mut tls.certificate_file,
        &mut tls.key_file,
        &mut smtp.password_file,
    ];
    for file in files {
        if let Some(name) = file.strip_prefix(CREDENTIAL) {
            *file = folder.join(name).display().to_string();
        }
    }
}

/// Holds the values of every layer against the defaults.
struct Layers {
    known: Map<String, Value>,
    origins: Origins,
    /// What can be taken, in the order of the layers.
    given: Vec<(String, Value)>,
    problems: Vec<Problem>,
}

impl Layers {
    fn wrong(&mut self, text: String) {
        self.problems.push(Problem { text, unknown: None });
    }

    /// Looks at the values of a layer under `path`: unknown names, wrong types.
    fn check(&mut self, path: &str, values: &Map<String, Value>, place: &str, parsed: bool) {
        let mut keys: Vec<_> = values.iter().collect();
        keys.sort_by_key(|(key, _)| *key);
        for (key, value) in keys {
            let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match (self.default_of(&full), &value.kind) {
                (Err(words), _) => {
                    self.problems.push(Problem { text: format!("{place}: {words}"), unknown: Some(full) });
                }
                (Ok(ValueKind::Table(_)), ValueKind::Table(inner)) => self.check(&full, inner, place, parsed),
                (Ok(default), given) if !fits(&default, given, parsed) => {
                    self.wrong(format!("{place}: {full} is {}; it must be {}", kind(given), kind(&default)));
                }
                _ => {
                    self.given.push((full.clone(), value.clone()));
                    self.origins.insert(full, place.to_owned());
                }
            }
        }
    }

    /// The default of a dotted key, or what is wrong with the key.
    fn default_of(&self, full: &str) -> Result<ValueKind, String> {
        let mut table = &self.known;
        let mut path = String::new();
        let mut names = full.split('.').peekable();
        while let Some(name) = names.next() {
            let Some(value) = table.get(name) else {
                let at = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                return Err(format!("unknown key {at}{}", suggestion(name, table, &path)));
            };
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
            match (&value.kind, names.peek()) {
                (kind, None) => return Ok(kind.clone()),
                (ValueKind::Table(inner), Some(_)) => table = inner,
                (_, Some(_)) => return Err(format!("{path} is a value, not a section")),
            }
        }
        Err("an empty key".to_owned())
    }
}

fn defaults() -> Result<File<config::FileSourceString, FileFormat>, String> {
    let text = toml::to_string(&Settings::default()).map_err(|e| format!("built-in defaults: {e}"))?;
    Ok(File::from_str(&text, FileFormat::Toml))
}

/// The main file, then those of `conf.d` beside it, by name.
pub(super) fn files(file: Option<&Path>) -> Result<Vec<PathBuf>, ConfigError> {
    let main = file.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_path_buf);
    let mut found = Vec::new();
    if main.is_file() {
        found.push(main.clone());
    } else if file.is_some() {
        return Err(ConfigError(vec![format!("{}: there is no such file", main.display())]));
    }
    let folder = main.parent().map(|dir| dir.join("conf.d")).unwrap_or_default();
    if let Ok(entries) = std::fs::read_dir(&folder) {
        let mut extra: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "toml") && path.is_file())
            .collect();
        extra.sort();
        found.extend(extra);
    }
    Ok(found)
}

/// Variables meant for us: those of the test suite and of tools are not.
fn our_variables() -> Map<String, String> {
    std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(key, _)| key.starts_with("ESTAMPE_"))
        .filter(|(key, _)| {
            !key.starts_with("ESTAMPE_TEST_") && !matches!(key.as_str(), "ESTAMPE_CACHE" | "ESTAMPE_COMPILE")
        })
        .collect()
}

fn suggestion(key: &str, known: &Map<String, Value>, path: &str) -> String {
    let nearest = known.keys().map(|k| (strsim::damerau_levenshtein(k, key), k)).min();
    let full = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match nearest {
        Some((distance, nearest)) if distance <= 3 => format!("; did you mean {}?", full(nearest)),
        _ => {
            let mut names: Vec<_> = known.keys().map(String::as_str).collect();
            names.sort_unstable();
            format!("; known here: {}", names.join(", "))
        }
    }
}

/// Whether a value has the type of its default. What an environment variable holds was
/// guessed at (`parsed`): digits may be meant as text.
fn fits(default: &ValueKind, given: &ValueKind, parsed: bool) -> bool {
    use ValueKind as K;
    match (default, given) {
        (K::String(_), K::String(_))
        | (K::Boolean(_), K::Boolean(_))
        | (K::I64(_) | K::U64(_), K::I64(_) | K::U64(_))
        | (K::Array(_), K::Array(_)) => true,
        (K::String(_), K::I64(_) | K::U64(_) | K::Float(_) | K::Boolean(_)) => parsed,
        _ => false,
    }
}

fn kind(value: &ValueKind) -> &'static str {
    match value {
        ValueKind::Nil => "nothing",
        ValueKind::Boolean(_) => "true or false",
        ValueKind::I64(_) | ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) => "a whole number",
        ValueKind::Float(_) => "a number",
        ValueKind::String(_) => "a text in quotes",
        ValueKind::Table(_) => "a section",
        ValueKind::Array(_) => "a list",
    }
}

/// An error of several lines, its later lines set in.
fn indented(text: &str) -> String {
    text.lines().filter(|line| !line.trim().is_empty()).take(6).collect::<Vec<_>>().join("\n    ")
}
