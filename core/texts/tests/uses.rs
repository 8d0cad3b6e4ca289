//! Holds the texts to their uses: every key that templates and sources name exists,
//! and every key that exists is named somewhere.

#![expect(clippy::unwrap_used, reason = "a test's helpers may panic")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use estampe_domain::Locale;

/// Every template and source of the crates that speak.
fn sources() -> Vec<(PathBuf, String)> {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for folder in ["web/src", "web/templates", "service/src", "jobs/src", "server/src", "texts/src"] {
        collect(&core.join(folder), &mut found);
    }
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "html" || e == "txt") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
}

/// Every literal between quotes.
fn literals(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices('"').filter_map(|(at, _)| {
        let (before, after) = (text.get(..at)?, text.get(at + 1..)?);
        Some((before, after.split('"').next()?))
    })
}

fn is_key(text: &str) -> bool {
    text.contains('-') && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a literal after this is the key of a text.
fn names_a_key(before: &str) -> bool {
    let before = before.trim_end();
    [".t(", "key(", "say(locale,", "t(locale,", "t_with(locale,"].iter().any(|call| before.ends_with(call))
}

#[test]
fn every_key_in_use_exists() {
    let keys = estampe_texts::keys(Locale::Fr);
    for (path, text) in sources() {
        for (before, literal) in literals(&text) {
            if names_a_key(before) && is_key(literal) {
                assert!(keys.contains(literal), "{} names {literal}, which has no words", path.display());
            }
        }
    }
}

#[test]
fn every_key_is_in_use() {
    let sources = sources();
    let named: BTreeSet<&str> =
        sources.iter().flat_map(|(_, text)| literals(text)).map(|(_, literal)| literal).collect();
    let unused: Vec<String> = estampe_texts::keys(Locale::Fr)
        .into_iter()
        .filter(|key| !named.contains(key.as_str()))
        // composed by the jobs, which have their own test
        .filter(|key| !key.starts_with("mail-"))
        .collect();
    assert!(unused.is_empty(), "texts that nobody says: {unused:#?}");
}
