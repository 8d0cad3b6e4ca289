//! The lines of the list of who was erased. It lies where others may write too: whoever reads it has to
//! know which lines are ours.

use data_encoding::HEXLOWER;
use estampe_domain::Ts;

use crate::crypto::SecretKey;
use crate::keyring::Keyring;
use crate::open::Store;
use crate::tx::Tx;

/// What the keys are made for: no MAC of another thing fits.
const LINES: &[u8] = b"estampe erasures";
const INSTALLATION: &[u8] = b"estampe installation";
/// Octets of an installation's id.
const ID: usize = 16;

/// The key of the lines, of the one of audit events: it outlives restores and rotations as that one does.
fn key(keys: &Keyring) -> Option<SecretKey> {
    SecretKey::from_bytes(&keys.audit.mac(&[LINES]))
}

fn line(keys: &Keyring, whom: &str, at: Ts) -> Option<String> {
    let mac = key(keys)?.mac(&[whom.as_bytes(), &at.as_micros().to_be_bytes()]);
    Some(format!("{whom} {} {}", at.as_micros(), HEXLOWER.encode(&mac)))
}

fn read(keys: &Keyring, line: &str) -> Option<(String, Ts)> {
    let mut words = line.split(' ');
    let (Some(whom), Some(at), Some(mac), None) = (words.next(), words.next(), words.next(), words.next()) else {
        return None;
    };
    let at: i64 = at.parse().ok()?;
    let mac = HEXLOWER.decode(mac.as_bytes()).ok()?;
    let is_ours = key(keys)?.verify(&[whom.as_bytes(), &at.to_be_bytes()], &mac);
    is_ours.then(|| (whom.to_owned(), Ts::from_micros(at)))
}

impl Store {
    /// A line of the list: "person/ID" or "source/ID", when, and a MAC (HMAC-SHA-256) of both.
    pub fn erasure_line(&self, whom: &str, at: Ts) -> Option<String> {
        line(self.keys(), whom, at)
    }

    /// Whom a line names, and when; none where this installation did not write it.
    pub fn read_erasure(&self, line: &str) -> Option<(String, Ts)> {
        read(self.keys(), line)
    }

    /// The id of this installation, the same on all nodes and after a restore; it says nothing of a key.
    pub fn installation(&self) -> String {
        HEXLOWER.encode(self.keys().audit.mac(&[INSTALLATION]).get(..ID).unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Whom a line of the list of who was erased names, and when; none where this installation did not write it.
    pub fn read_erasure(&self, line: &str) -> Option<(String, Ts)> {
        read(self.keys, line)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use estampe_domain::ports::Random;

    use super::*;
    use crate::conn::{Conn, Url};
    use crate::keyring::KeyFiles;

    struct Counter(AtomicU8);

    impl Random for Counter {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    fn keyring(first: u8) -> Keyring {
        let random = Counter(first.into());
        let mut conn = Conn::open(&Url::Sqlite(":memory:".into())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        crate::migrate::run(&mut conn, folder.path(), Ts::from_micros(1)).unwrap();
        let files = KeyFiles { kek: SecretKey::new(&random), next: None };
        Keyring::load(&mut conn, files, &random, Ts::from_micros(1)).unwrap()
    }

    #[test]
    fn a_line_is_read_as_it_was_written_and_no_other() {
        let (keys, others) = (keyring(1), keyring(100));
        let at = Ts::from_micros(1_764_000_000_000_000);
        let written = line(&keys, "person/0198", at).unwrap();
        assert_eq!(read(&keys, &written), Some(("person/0198".to_owned(), at)));
        assert_eq!(read(&others, &written), None, "another installation's");
        let mac = written.rsplit_once(' ').unwrap().1;
        for forged in [
            format!("source/0198 {} {mac}", at.as_micros()),
            format!("person/0198 {} {mac}", at.as_micros() + 1),
            format!("person/0198 {}", at.as_micros()),
            format!("{written} {mac}"),
            written.to_ascii_uppercase(),
            String::new(),
        ] {
            assert_eq!(read(&keys, &forged), None, "{forged}");
        }
        for cut in 0..written.len() {
            assert_eq!(read(&keys, &written[..cut]), None, "cut at {cut}");
        }
        // what says the same of an audit event has another MAC
        let event = HEXLOWER.encode(&keys.audit.mac(&[b"person/0198", &at.as_micros().to_be_bytes()]));
        assert_ne!(event, mac);
    }
}
