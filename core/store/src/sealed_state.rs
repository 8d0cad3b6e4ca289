//! What a browser carries for us from one page to the next: sealed, for one purpose, and only
//! for a while.

use data_encoding::BASE64URL_NOPAD;
use estampe_domain::Ts;

use crate::crypto::{self, Place};
use crate::error::Result;
use crate::open::Store;

/// Bytes of the moment at which it ends, in microseconds, big endian.
const MOMENT: usize = 8;

/// `purpose` says for what and for whom: the place of the value.
fn place(purpose: &str) -> Place<'_> {
    Place { table: "browser", row: purpose, column: "state", key: "secrets" }
}

impl Store {
    /// Seals a state for a purpose until this moment, in base64url.
    pub fn seal_state(&self, purpose: &str, state: &[u8], ends: Ts) -> Result<String> {
        let mut plain = ends.as_micros().to_be_bytes().to_vec();
        plain.extend_from_slice(state);
        let sealed = crypto::seal(&self.keys().secrets, self.random(), place(purpose), &plain)?;
        Ok(BASE64URL_NOPAD.encode(&sealed.0))
    }

    /// Opens it; none for another purpose, after its end, and for what others made.
    pub fn open_state(&self, purpose: &str, sealed: &str, now: Ts) -> Option<Vec<u8>> {
        let sealed = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
        let plain = crypto::open(&self.keys().secrets, place(purpose), &sealed).ok()?;
        let (moment, state) = plain.split_first_chunk::<MOMENT>()?;
        (now.as_micros() < i64::from_be_bytes(*moment)).then(|| state.to_vec())
    }
}
