//! Sealing: XChaCha20-Poly1305, with the place of the value as associated data, so
//! that a sealed value moved to another row or column does not open.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use estampe_domain::ports::Random;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::StoreError;

/// A 256-bit secret key, wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    /// Draws a new one.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        Self(bytes)
    }

    /// From exactly 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// From bytes that are a secret.
    pub(crate) fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be wrapped.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA256 (RFC 2104) over length-prefixed parts, so that their borders count.
    pub fn mac(&self, parts: &[&[u8]]) -> Vec<u8> {
        self.mac_state(parts).finalize().into_bytes().to_vec()
    }

    /// Compares in constant time.
    pub fn verify(&self, parts: &[&[u8]], mac: &[u8]) -> bool {
        self.mac_state(parts).verify_slice(mac).is_ok()
    }

    fn mac_state(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        // RFC 2104: a key shorter than the block is filled up with zeros
        let block: [u8; 64] = std::array::from_fn(|at| self.0.get(at).copied().unwrap_or(0));
        let mut mac = Hmac::<Sha256>::new(&block.into());
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

/// The place of a sealed value: table ‖ row ‖ column ‖ key id.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Table.
    pub table: &'static str,
    /// Primary key of the row.
    pub row: &'a str,
    /// Column.
    pub column: &'static str,
    /// Id of the key it is sealed under.
    pub key: &'a str,
}

impl Place<'_> {
    fn associated_data(self) -> Vec<u8> {
        [self.table, self.row, self.column, self.key].join("\u{1f}").into_bytes()
    }
}

/// A sealed value as stored: format byte 1 ‖ 24-byte nonce ‖ ciphertext and tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(pub(crate) Vec<u8>);

const FORMAT: u8 = 1;
const NONCE: usize = 24;

/// Seals a value for one place.
pub fn seal(key: &SecretKey, random: &dyn Random, place: Place<'_>, plain: &[u8]) -> Result<Sealed, StoreError> {
    let mut nonce = [0; NONCE];
    random.fill(&mut nonce);
    let cipher = XChaCha20Poly1305::new(&Key::from(*key.bytes()));
    let payload = Payload { msg: plain, aad: &place.associated_data() };
    let ciphertext = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| StoreError::Damaged(place.table))?;
    let mut out = Vec::with_capacity(1 + NONCE + ciphertext.len());
    out.push(FORMAT);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&ciphertext);
    Ok(Sealed(out))
}

/// Opens what [`seal`] made for the same place.
pub fn open(key: &SecretKey, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let damaged = StoreError::Damaged(place.table);
    let Some((&FORMAT, rest)) = sealed.split_first() else { return Err(damaged) };
    let Some((nonce, ciphertext)) = rest.split_at_checked(NONCE) else { return Err(damaged) };
    let Ok(nonce) = <[u8; NONCE]>::try_from(nonce) else { return Err(damaged) };
    let cipher = XChaCha20Poly1305::new(&Key::from(*key.bytes()));
    cipher
        .decrypt(&XNonce::from(nonce), Payload { msg: ciphertext, aad: &place.associated_data() })
        .map_err(|_| damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counter(std::sync::atomic::AtomicU8);

    impl Random for Counter {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    #[test]
    fn a_sealed_value_opens_only_at_its_place_and_undamaged() {
        let random = Counter(1.into());
        let key = SecretKey::new(&random);
        let place = Place { table: "lead", row: "a", column: "sealed", key: "k" };
        let Sealed(sealed) = seal(&key, &random, place, b"secret").unwrap();
        assert_eq!(open(&key, place, &sealed).unwrap(), b"secret");
        assert!(open(&key, Place { row: "b", ..place }, &sealed).is_err());
        assert!(open(&key, Place { column: "other", ..place }, &sealed).is_err());
        assert!(open(&SecretKey::new(&random), place, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(open(&key, place, &damaged).is_err(), "octet {at}");
            assert!(open(&key, place, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn macs_know_the_borders_of_their_parts() {
        let key = SecretKey::new(&Counter(1.into()));
        assert_ne!(key.mac(&[b"ab", b"c"]), key.mac(&[b"a", b"bc"]));
        assert!(key.verify(&[b"ab"], &key.mac(&[b"ab"])));
    }
}
