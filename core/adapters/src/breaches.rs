//! A file of passwords that were taken from other services, as Have I Been Pwned gives it to
//! be kept at home: a line for each SHA-1 in hexadecimal, with a colon and a count, in order.
//! It has tens of gigabytes; nothing of it is kept in memory.

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use data_encoding::HEXUPPER;
use estampe_domain::ports::Breaches;
use sha1::{Digest, Sha1};

/// Digits of a SHA-1 in hexadecimal.
const DIGITS: usize = 40;
/// More than a line has.
const WINDOW: usize = 128;

/// Looks passwords up in such a file.
pub struct BreachFile {
    path: PathBuf,
    file: File,
}

/// Knows none: no file was named.
pub struct NoBreaches;

impl Breaches for NoBreaches {
    fn has(&self, _: &str) -> Result<bool, String> {
        Ok(false)
    }
}

impl BreachFile {
    /// Opens it and looks whether it begins like one. The error says what is wrong.
    pub fn open(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let file = File::open(path).map_err(|error| format!("{shown}: {error}"))?;
        let opened = Self { path: path.to_owned(), file };
        match opened.line_at(0) {
            Ok(Some((_, line, _))) if is_hash(&line) => Ok(opened),
            Ok(_) => Err(format!("{shown}: its first line is no SHA-1 in hexadecimal, such as 000000005AD76BD5...:10")),
            Err(error) => Err(format!("{shown}: {error}")),
        }
    }

    /// The line that an offset stands in: where it begins, what it says, where the next begins.
    fn line_at(&self, offset: u64) -> io::Result<Option<(u64, Vec<u8>, u64)>> {
        let half = WINDOW as u64 / 2;
        let from = offset.saturating_sub(half);
        let mut window = [0; WINDOW];
        let mut filled = 0;
        while let Some(room) = window.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.file.read_at(room, from + filled as u64)? {
                0 => break,
                read => filled += read,
            }
        }
        let window = window.get(..filled).unwrap_or_default();
        let place = usize::try_from(offset - from).unwrap_or(WINDOW);
        let Some((before, after)) = window.split_at_checked(place) else { return Ok(None) };
        if after.is_empty() {
            return Ok(None);
        }
        let begin = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let end = after.iter().position(|byte| *byte == b'\n').map_or(filled, |newline| place + newline);
        let line = window.get(begin..end).unwrap_or_default();
        let line = line.split(|byte| *byte == b':' || *byte == b'\r').next().unwrap_or_default();
        Ok(Some((from + begin as u64, line.to_ascii_uppercase(), from + end as u64 + 1)))
    }

    fn find(&self, wanted: &[u8]) -> io::Result<bool> {
        let (mut least, mut most) = (0, self.file.metadata()?.len());
        while least < most {
            let Some((begin, line, next)) = self.line_at(least + (most - least) / 2)? else { return Ok(false) };
            match wanted.cmp(&line) {
                Ordering::Equal => return Ok(true),
                Ordering::Less => most = begin,
                Ordering::Greater => least = next,
            }
        }
        Ok(false)
    }
}

fn is_hash(line: &[u8]) -> bool {
    line.len() == DIGITS && line.iter().all(u8::is_ascii_hexdigit)
}

impl Breaches for BreachFile {
    fn has(&self, password: &str) -> Result<bool, String> {
        let wanted = HEXUPPER.encode(&Sha1::digest(password.as_bytes()));
        self.find(wanted.as_bytes()).map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn file_of(passwords: &[String], end: &str) -> (tempfile::TempDir, PathBuf) {
        let mut hashes: Vec<_> = passwords.iter().map(|p| HEXUPPER.encode(&Sha1::digest(p.as_bytes()))).collect();
        hashes.sort();
        let mut text = String::new();
        for (n, hash) in hashes.iter().enumerate() {
            write!(text, "{hash}:{}{end}", n * n).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pwned.txt");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    proptest! {
        #[test]
        fn each_that_is_there_is_found_and_no_other(
            there in proptest::collection::btree_set("[a-z]{1,6}", 1..200),
            other in "[A-Z]{1,6}",
            end in prop::sample::select(vec!["\n", "\r\n"]),
        ) {
            let there: Vec<_> = there.into_iter().collect();
            let (_folder, path) = file_of(&there, end);
            let file = BreachFile::open(&path).unwrap();
            for password in &there {
                prop_assert!(file.has(password).unwrap(), "{}", password);
            }
            prop_assert!(!file.has(&other).unwrap());
        }
    }

    #[test]
    fn another_file_is_refused_with_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.txt");
        std::fs::write(&path, "password\n123456\n").unwrap();
        assert!(BreachFile::open(&path).err().unwrap().contains("no SHA-1"));
        assert!(BreachFile::open(&folder.path().join("none")).err().unwrap().contains("No such file"));
    }
}
