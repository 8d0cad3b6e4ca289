//! What the columns of a CSV file hold, found out from its first line.

use estampe_plugin_sdk::Failure;
use serde::{Deserialize, Serialize};

use crate::attributes::{self, ACTIVE, EMPLOYEE_NUMBER, ID, NAME};
use crate::options::Options;

/// More columns than anybody has people's details in.
const MAX_COLUMNS: usize = 100;

/// What every page has to know of the header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// What separates columns.
    pub delimiter: u8,
    /// How many columns the header has.
    pub width: usize,
    /// The column that identifies people.
    pub id: usize,
    /// Which column, by its number from 0, holds what.
    pub columns: Vec<(usize, String)>,
}

/// The delimiter that a header's line holds most of, outside of quotes.
pub fn guess_delimiter(line: &[u8]) -> u8 {
    let mut counts = [(b';', 0), (b',', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    for octet in line {
        quoted ^= *octet == b'"';
        if quoted {
            continue;
        }
        if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| delimiter == octet) {
            *count += 1;
        }
    }
    counts
        .into_iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map_or(b',', |(delimiter, count)| if count > 0 { delimiter } else { b',' })
}

impl Layout {
    /// Gives the columns their meaning: first what was configured, then what the
    /// headers say.
    pub fn of(headers: &[String], delimiter: u8, options: &Options) -> Result<Self, Failure> {
        let folded: Vec<String> = headers.iter().map(|header| attributes::folded(header)).collect();
        for (wanted, _) in &options.columns {
            if !folded.contains(wanted) {
                return Err(Failure::config(format!(
                    "`columns` names a header that the file does not have (\"{wanted}\", without accents and blanks); its headers are: {}",
                    listed(headers)
                )));
            }
        }
        let mut meanings: Vec<Option<&'static str>> = folded
            .iter()
            .zip(headers)
            .map(|(folded, header)| match options.columns.iter().find(|(name, _)| name == folded) {
                Some((_, configured)) => *configured,
                None => attributes::of_header(header),
            })
            .collect();
        settle_names(&mut meanings);
        let id = identity(headers, &folded, &meanings, options)?;
        if !meanings.iter().flatten().any(|m| ["displayName", "cn", "givenName", "sn", "mail"].contains(m)) {
            return Err(Failure::config(format!(
                "no column with names or e-mail addresses is known; set `columns`, such as \"Person=displayName\"; the headers are: {}",
                listed(headers)
            )));
        }
        let columns = meanings
            .into_iter()
            .enumerate()
            .filter_map(|(column, meaning)| Some((column, meaning?.to_owned())))
            .take(MAX_COLUMNS)
            .collect();
        Ok(Self { delimiter, width: headers.len(), id, columns })
    }
}

/// "Nom" is a family name beside "Prénom", a whole name alone.
fn settle_names(meanings: &mut [Option<&'static str>]) {
    let has = |name| meanings.contains(&Some(name));
    let settled = if has("givenName") && !has("sn") { "sn" } else { "displayName" };
    for meaning in meanings {
        if *meaning == Some(NAME) {
            *meaning = Some(settled);
        }
    }
}

fn identity(
    headers: &[String],
    folded: &[String],
    meanings: &[Option<&'static str>],
    options: &Options,
) -> Result<usize, Failure> {
    let column_of =
        |name: &str| meanings.iter().position(|meaning| meaning.is_some_and(|m| m.eq_ignore_ascii_case(name)));
    if let Some(name) = &options.id_attribute {
        let by_header = attributes::folded(name);
        return folded.iter().position(|header| *header == by_header).or_else(|| column_of(name)).ok_or_else(|| {
            Failure::config(format!(
                "`id-attribute` is \"{name}\", and no column is called so or holds it; the headers are: {}",
                listed(headers)
            ))
        });
    }
    [ID, EMPLOYEE_NUMBER, "mail"].into_iter().find_map(column_of).ok_or_else(|| {
        Failure::config(format!(
            "no column identifies people (id, employeeNumber or mail); set `id-attribute` to a header, or `columns` to \"Header=id\"; the headers are: {}",
            listed(headers)
        ))
    })
}

fn listed(headers: &[String]) -> String {
    let mut list = headers.iter().take(40).map(|h| h.chars().take(40).collect()).collect::<Vec<String>>().join(", ");
    if headers.len() > 40 {
        list.push_str(", …");
    }
    list
}

/// Whether a column's meaning is delivered as an attribute.
pub fn is_attribute(meaning: &str) -> bool {
    ![ID, ACTIVE, EMPLOYEE_NUMBER, attributes::UID].contains(&meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(headers: &[&str], options: &Options) -> Result<Layout, Failure> {
        Layout::of(&headers.iter().map(|h| (*h).to_owned()).collect::<Vec<_>>(), b';', options)
    }

    fn meanings(headers: &[&str]) -> Vec<(usize, String)> {
        layout(headers, &Options::default()).unwrap().columns
    }

    #[test]
    fn delimiters_are_counted_outside_of_quotes() {
        assert_eq!(guess_delimiter("Nom;Prénom;Courriel".as_bytes()), b';');
        assert_eq!(guess_delimiter(b"\"a;b;c;d\",e,f"), b',');
        assert_eq!(guess_delimiter(b"a\tb"), b'\t');
        assert_eq!(guess_delimiter(b"a|b|c"), b'|');
        assert_eq!(guess_delimiter(b"alone"), b',');
        assert_eq!(guess_delimiter(b"a;b,c"), b';');
    }

    #[test]
    fn a_name_is_what_the_other_columns_leave_it() {
        assert_eq!(meanings(&["Nom", "Prénom", "Courriel"])[0], (0, "sn".to_owned()));
        assert_eq!(meanings(&["Name", "E-mail"])[0], (0, "displayName".to_owned()));
        assert_eq!(meanings(&["Nom", "Prénom", "Nom de famille", "Courriel"])[0], (0, "displayName".to_owned()));
    }

    #[test]
    fn identities_are_found_or_asked_for() {
        let id = |headers: &[&str]| layout(headers, &Options::default()).map(|layout| layout.id);
        assert_eq!(id(&["Courriel", "Matricule", "ID"]), Ok(2));
        assert_eq!(id(&["Courriel", "Matricule"]), Ok(1));
        assert_eq!(id(&["Nom", "Courriel"]), Ok(1));
        assert!(id(&["Nom", "Tél"]).unwrap_err().message.contains("the headers are: Nom, Tél"));
        assert!(id(&["ID", "Tél"]).unwrap_err().message.contains("no column with names"));
        let options = Options { id_attribute: Some("Clé RH".to_owned()), ..Options::default() };
        assert_eq!(layout(&["Courriel", "clé rh"], &options).unwrap().id, 1);
    }

    #[test]
    fn settings_go_before_headers() {
        let columns = vec![("tel".to_owned(), Some("mobile")), ("ville".to_owned(), None)];
        let options = Options { columns, ..Options::default() };
        let columns = layout(&["Courriel", "Tél", "Ville"], &options).unwrap().columns;
        assert_eq!(columns, [(0, "mail".to_owned()), (1, "mobile".to_owned())]);
        assert!(layout(&["Courriel", "Tél"], &options).unwrap_err().message.contains("\"ville\""));
    }
}
