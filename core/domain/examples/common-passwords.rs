//! Makes `data/common-passwords.bin` from a list of passwords, the most used first: see
//! `data/README.md`.

use std::collections::BTreeSet;
use std::io::{BufRead as _, Write as _, stdin, stdout};

use estampe_domain::password::{PASSWORD_MIN, folded, list_entry};

/// So many of the first are words that others are made of: `motdepasse` of `Motdepasse2026!`.
const BASES: usize = 100_000;

fn main() -> std::io::Result<()> {
    let mut entries = BTreeSet::new();
    for (place, line) in stdin().lock().split(b'\n').enumerate() {
        let line = line?;
        let password = folded(String::from_utf8_lossy(&line).trim_end_matches('\r'));
        let is_base = place < BASES && password.chars().count() >= 6 && password.chars().all(char::is_alphabetic);
        if is_base || password.chars().count() >= PASSWORD_MIN {
            entries.insert(list_entry(&password));
        }
    }
    let all: Vec<u8> = entries.into_iter().flatten().collect();
    stdout().lock().write_all(&all)
}
