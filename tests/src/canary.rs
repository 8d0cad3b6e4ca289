//! No log line carries personal data: the words that must not stand in one, and the
//! search for them. Every server's log is searched when its test ends.
//!
//! Beside the names that stand here and in the sample directories, shapes are looked for:
//! addresses, tokens, public ids, query strings. So a test need not name what it types.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::workspace;

/// What tests type into forms, beside what the samples hold. Folded: lower case, no accents.
const TYPED: &[&str] = &[
    // people
    "canari",
    "traore",
    "amelie",
    "mireille",
    "barrau",
    "visiteuse",
    "mallory",
    "lefevre",
    "nunez",
    // what they say of themselves
    "atelier",
    "suite a notre echange",
    "appelez-moi",
    "06 12 34 56 78",
    "0612345678",
    "+33612345678",
    // passwords and keys
    "hortensia",
    "a password for tests",
    "no-such-token",
    "0123456789abcdef",
    // markup and words of hostile tests
    "alert(1)",
    "onerror",
    "onload=",
    "bcc:",
];

/// Words of the samples that are words of log lines as well.
const ORDINARY: &[&str] = &["siege"];

/// A word and the line that it stands in.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// What must not be there.
    pub word: String,
    /// Which line, from 1.
    pub number: usize,
    /// The line.
    pub line: String,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the log holds {:?}: {}", self.number, self.word, self.line)
    }
}

/// Lower case, no accents.
fn fold(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// Names, addresses and numbers of the sample directories.
static SAMPLE: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut words = BTreeSet::new();
    let mut take = |value: &str| {
        let value = fold(value.trim());
        if value.chars().count() >= 4 && !ORDINARY.contains(&value.as_str()) {
            words.insert(value.replace(' ', ""));
            words.insert(value);
        }
    };
    let ldif =
        String::from_utf8_lossy(&std::fs::read(workspace().join("config/sample/garonne.ldif")).unwrap()).into_owned();
    for line in ldif.lines() {
        for name in ["sn", "cn", "displayName", "uid", "mail", "telephoneNumber", "mobile"] {
            let Some(value) = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')) else { continue };
            match value.strip_prefix(':') {
                None => take(value),
                Some(coded) => {
                    let bytes = data_encoding::BASE64.decode(coded.trim().as_bytes()).unwrap_or_default();
                    take(&String::from_utf8_lossy(&bytes));
                }
            }
        }
    }
    let csv =
        String::from_utf8_lossy(&std::fs::read(workspace().join("config/sample/agence-pau.csv")).unwrap()).into_owned();
    for line in csv.lines().skip(1) {
        // two names, two telephones, an address
        let cells: Vec<&str> = line.split(';').collect();
        [0, 1, 5, 6, 7].into_iter().filter_map(|at| cells.get(at)).for_each(|cell| take(cell));
    }
    words
});

/// Every word of personal data, and everything that looks like some, in a log. `typed` is
/// what this one test typed beside.
pub fn search(log: &str, typed: &[String]) -> Vec<Found> {
    let typed: Vec<String> = typed.iter().map(|word| fold(word)).collect();
    let words: Vec<&str> = TYPED
        .iter()
        .copied()
        .chain(SAMPLE.iter().map(String::as_str))
        .chain(typed.iter().map(String::as_str))
        .collect();
    let mut found = Vec::new();
    for (at, line) in log.lines().enumerate() {
        let folded = fold(line);
        let names = words.iter().filter(|word| stands_in(&folded, word)).map(|word| (*word).to_owned());
        for word in names.chain(shapes(line)) {
            found.push(Found { word, number: at + 1, line: line.to_owned() });
        }
    }
    found
}

/// Whether `word` stands there and is no part of a longer one.
fn stands_in(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let (first, last) = (word.chars().next(), word.chars().next_back());
        let apart = |outside: Option<char>, inside: Option<char>| {
            !(outside.is_some_and(char::is_alphanumeric) && inside.is_some_and(char::is_alphanumeric))
        };
        apart(before, first) && apart(after, last)
    })
}

/// What stands in base64url, and in identifiers.
fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_".contains(c)
}

/// What looks like an address, a token, a public id or a query string.
fn shapes(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in line.split(|c: char| c.is_whitespace() || "\"'<>(),;{}[]=".contains(c)) {
        let address = word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
        if address || word.contains("%40") {
            found.push(word.to_owned());
        }
    }
    // an ACME server's own words name what it asked for in clear (RFC 8555, 8.3)
    let parts = line.split("/.well-known/acme-challenge/").enumerate();
    let line: String =
        parts.map(|(at, part)| if at == 0 { part } else { part.trim_start_matches(is_of_token) }).collect();
    for word in line.split(|c: char| !is_of_token(c)) {
        let hexadecimal = word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        // 32 random bytes in base64 are 43 characters
        let mixed = word.bytes().any(|b| b.is_ascii_digit()) && word.bytes().any(|b| b.is_ascii_uppercase());
        if word.len() >= 40 && !hexadecimal && mixed {
            found.push(word.to_owned());
        }
        let base32 = word.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'v').contains(&b));
        if word.len() == 26 && base32 && word.bytes().any(|b| b.is_ascii_digit()) {
            found.push(word.to_owned());
        }
    }
    for (at, _) in line.match_indices('?') {
        let rest = &line[at + 1..];
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if !name.is_empty() && rest[name.len()..].starts_with('=') {
            found.push(format!("?{name}="));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        search(line, &["Typed Here".to_owned()]).into_iter().map(|found| found.word).collect()
    }

    #[test]
    fn what_must_not_be_there_is_found_however_it_is_written() {
        for line in [
            "x name=\"Zoé LEFÈVRE-NÚÑEZ\"",
            "x name=zoe.lefevre",
            "x phone=+33 5 61 00 42 17",
            "x phone=+33561004217",
            "x mail=someone@unheard-of.example",
            "x mail=<a.b@c.example>,",
            "x form=email=a%40b.example",
            "x path=/c/7k2f9q0m4c8h1v6n3d5b2j0s8t",
            "x path=/people?q=somebody",
            "x cookie=Zk3-9fQ0m4C8h1v6N3d5b2j0s8tLpQwErTyUiOpAsD1",
            "x typed here",
            "{\"message\":\"Amélie\"}",
        ] {
            assert!(!words(line).is_empty(), "{line}");
        }
        assert_eq!(search("fine\nuid=oconnor\nx tiago.oconnor", &[])[0].number, 3);
    }

    #[test]
    fn ordinary_lines_are_left_alone() {
        for line in [
            "2026-11-24T10:21:47.123456Z  INFO estampe::serve: ready listen.public=127.0.0.1:8443 public.origin=https://localhost:8443",
            "x job.id=01938e5c-7b4a-7c3e-9d51-0123abcd4567 request.route=/c/{public_id}",
            "x TLS with the server failed: is its certificate from a known CA?",
            "x plugin.cache=/tmp/.tmpAb12/cache/2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae.estampe",
            "x estampe_service::sync::stage::a_rather_long_name_of_a_module_of_ours",
        ] {
            assert_eq!(words(line), Vec::<String>::new(), "{line}");
        }
    }
}
