//! Reads the layers and merges them. Every key of every layer is held against the
//! defaults first, so that an unknown one is named with the place it stands in.

use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat, Map, Source, Value, ValueKind};

use super::{ConfigError, Settings};

/// Where the configuration is when nobody says otherwise.
const DEFAULT_FILE: &str = "/etc/estampe/estampe.toml";
/// Variables of the environment begin with this.
const PREFIX: &str = "ESTAMPE";

/// Reads and merges the layers. `file` must exist when it is given.
pub fn load(file: Option<&Path>) -> Result<Settings, ConfigError> {
    let mut problems = Vec::new();
    let defaults = defaults().map_err(|e| ConfigError(vec![e]))?;
    let known = defaults.collect().map_err(|e| ConfigError(vec![format!("built-in defaults: {e}")]))?;
    let mut builder = Config::builder().add_source(defaults);
    for path in files(file)? {
        let layer = File::from(path.clone()).format(FileFormat::Toml);
        match layer.collect() {
            Ok(keys) => {
                check(&known, &keys, "", &format!("{}: ", path.display()), &mut problems);
                builder = builder.add_source(layer);
            }
            Err(error) => problems.push(format!("{}: {}", path.display(), first_line(&error.to_string()))),
        }
    }
    let environment = Environment::with_prefix(PREFIX)
        .prefix_separator("_")
        .separator("__")
        .try_parsing(true)
        .list_separator(",")
        .with_list_parse_key("tls.names")
        .ignore_empty(true)
        .source(Some(our_variables()));
    match environment.collect() {
        Ok(keys) => check(&known, &keys, "", "environment: ", &mut problems),
        Err(error) => problems.push(format!("environment: {error}")),
    }
    if !problems.is_empty() {
        return Err(ConfigError(problems));
    }
    builder
        .add_source(environment)
        .build()
        .and_then(Config::try_deserialize)
        .map_err(|error| ConfigError(vec![error.to_string()]))
}

fn defaults() -> Result<File<config::FileSourceString, FileFormat>, String> {
    let text = toml::to_string(&Settings::default()).map_err(|e| format!("built-in defaults: {e}"))?;
    Ok(File::from_str(&text, FileFormat::Toml))
}

/// The main file, then those of `conf.d` beside it, by name.
fn files(file: Option<&Path>) -> Result<Vec<PathBuf>, ConfigError> {
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

/// Holds the keys of a layer against the defaults: unknown names, wrong types.
fn check(known: &Map<String, Value>, given: &Map<String, Value>, path: &str, place: &str, problems: &mut Vec<String>) {
    let mut keys: Vec<_> = given.keys().collect();
    keys.sort();
    for key in keys {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let Some(value) = given.get(key) else { continue };
        match known.get(key) {
            None => problems.push(format!("{place}unknown key {full}{}", suggestion(key, known, path))),
            Some(default) => match (&default.kind, &value.kind) {
                (ValueKind::Table(known), ValueKind::Table(given)) => check(known, given, &full, place, problems),
                (default, given) if !fits(default, given) => {
                    problems.push(format!("{place}{full} is {}; it must be {}", kind(given), kind(default)));
                }
                _ => {}
            },
        }
    }
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

/// A number in the environment may be meant as text, and the other way round is
/// found when the whole is read.
fn fits(default: &ValueKind, given: &ValueKind) -> bool {
    use ValueKind as K;
    matches!(
        (default, given),
        (K::String(_), K::String(_))
            | (K::Boolean(_), K::Boolean(_))
            | (K::I64(_) | K::U64(_), K::I64(_) | K::U64(_))
            | (K::Float(_), K::Float(_) | K::I64(_))
            | (K::Array(_), K::Array(_))
    )
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

fn first_line(text: &str) -> String {
    text.lines().filter(|line| !line.trim().is_empty()).take(6).collect::<Vec<_>>().join("\n    ")
}
