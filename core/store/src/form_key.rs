//! Keys of forms: who sends a form twice leaves one lead, and a form says by its key when
//! it was opened.

use data_encoding::BASE64URL_NOPAD;
use estampe_domain::Ts;

use crate::keyring::Keyring;
use crate::open::Store;

/// Bytes of the moment, in microseconds, big endian.
const MOMENT: usize = 8;
/// Bytes before the MAC: the moment and some chance.
const SAID: usize = 16;

impl Store {
    /// A key for a form opened at this moment: 8 bytes of time, 8 random ones and their
    /// MAC (HMAC-SHA-256), in base64url. Nobody can guess another's.
    pub fn new_form_key(&self, now: Ts) -> String {
        let mut chance = [0; SAID - MOMENT];
        self.random().fill(&mut chance);
        let mut key = now.as_micros().to_be_bytes().to_vec();
        key.extend(chance);
        key.extend(self.keys().index.mac(&[b"form", &key]));
        BASE64URL_NOPAD.encode(&key)
    }

    /// When the form of this key was opened; none for the keys of others.
    pub fn form_opened(&self, key: &str) -> Option<Ts> {
        moment(self.keys(), key).map(|bytes| Ts::from_micros(i64::from_be_bytes(bytes)))
    }
}

/// The moment in a key that we made.
pub(crate) fn moment(keys: &Keyring, key: &str) -> Option<[u8; MOMENT]> {
    let key = BASE64URL_NOPAD.decode(key.as_bytes()).ok()?;
    let (said, mac) = key.split_at_checked(SAID)?;
    let moment = said.first_chunk()?;
    keys.index.verify(&[b"form", said], mac).then_some(*moment)
}
