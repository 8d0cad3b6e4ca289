//! The configuration, typed. Its keys are described in `plugin.toml`.

use estampe_plugin_sdk::{Failure, Host, config};

use crate::attributes;

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RFC 2849.
    Ldif,
    /// RFC 4180 and its relatives.
    Csv,
}

/// What an administrator set.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The file's format; none to find out.
    pub kind: Option<Kind>,
    /// The attribute, or the column, that identifies people.
    pub id_attribute: Option<String>,
    /// What separates columns; none to find out.
    pub delimiter: Option<u8>,
    /// Headers and what their columns hold; none for a column to leave out.
    pub columns: Vec<(String, Option<&'static str>)>,
}

impl Options {
    /// Reads it.
    pub fn read(host: &dyn Host) -> Result<Self, Failure> {
        let kind =
            config::one_of(host, "format", &[("auto", None), ("ldif", Some(Kind::Ldif)), ("csv", Some(Kind::Csv))])?;
        let columns = config::get(host, "columns").map(|setting| columns(&setting)).transpose()?;
        Ok(Self {
            kind: kind.flatten(),
            id_attribute: config::get(host, "id-attribute"),
            delimiter: delimiter(host)?,
            columns: columns.unwrap_or_default(),
        })
    }
}

fn delimiter(host: &dyn Host) -> Result<Option<u8>, Failure> {
    // a tab would not survive the trimming of `config::get`
    if host.config("delimiter").as_deref() == Some("\t") {
        return Ok(Some(b'\t'));
    }
    let choices = [
        ("auto", None),
        (",", Some(b',')),
        (";", Some(b';')),
        ("tab", Some(b'\t')),
        ("\\t", Some(b'\t')),
        ("|", Some(b'|')),
    ];
    Ok(config::one_of(host, "delimiter", &choices)?.flatten())
}

/// `Header=attribute, Header=attribute`; `Header=-` leaves a column out.
fn columns(setting: &str) -> Result<Vec<(String, Option<&'static str>)>, Failure> {
    setting
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (header, attribute) = part.rsplit_once('=').ok_or_else(|| {
                Failure::config(format!(
                    "`columns`: \"{part}\" is not of the form Header=attribute, separated by commas"
                ))
            })?;
            let attribute = attribute.trim();
            let meaning = match attribute {
                "-" => None,
                _ => Some(attributes::of_setting(attribute).ok_or_else(|| unknown(attribute))?),
            };
            Ok((attributes::folded(header), meaning))
        })
        .collect()
}

fn unknown(attribute: &str) -> Failure {
    let names: Vec<&str> = attributes::KNOWN.iter().map(|known| known.name).collect();
    Failure::config(format!(
        "`columns`: \"{attribute}\" is no attribute; there are id, active, employeeNumber, uid, {} (and - to leave a column out)",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use estampe_plugin_sdk::testing::ScriptedHost;

    #[test]
    fn reads_what_is_written_and_says_what_is_wrong() {
        let host = ScriptedHost::new()
            .with_config("format", "auto")
            .with_config("delimiter", "\t")
            .with_config("columns", "N° agent = id,Poste occupé=TITLE, Salaire=-");
        let options = Options::read(&host).unwrap();
        assert_eq!((options.kind, options.delimiter), (None, Some(b'\t')));
        let expected = [("nagent", Some("id")), ("posteoccupe", Some("title")), ("salaire", None)];
        assert_eq!(options.columns, expected.map(|(header, meaning)| (header.to_owned(), meaning)));
        let wrong = |setting| columns(setting).unwrap_err().message;
        assert!(wrong("Poste").contains("Header=attribute"));
        assert!(wrong("Poste=job").contains("\"job\" is no attribute; there are id"));
    }
}
