//! Who signed a bundle: minisign (Ed25519 over BLAKE2b-512), so that integrators sign with
//! the tool of that name or with `estampe plugin sign`.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use estampe_domain::bundle::Signature;
use minisign_verify::PublicKey;

/// Octets of a signature file.
const MAX_SIGNATURE: usize = 4_096;

/// The keys that count, and those that do no longer.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    trusted: BTreeMap<String, String>,
    revoked: BTreeMap<String, String>,
}

impl Keys {
    /// Reads public keys, each as minisign writes it: the line of base64, or the file with
    /// its comment. A revoked key does not count, even when it is trusted as well.
    pub fn read(trusted: &[String], revoked: &[String]) -> Result<Self, String> {
        let mut keys = Self::default();
        for (texts, kept) in [(trusted, &mut keys.trusted), (revoked, &mut keys.revoked)] {
            for text in texts {
                let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
                let refused = || format!("{line:?} is no public key of minisign (RW…)");
                PublicKey::from_base64(line).map_err(|_| refused())?;
                kept.insert(key_id(line).ok_or_else(refused)?, line.to_owned());
            }
        }
        Ok(keys)
    }

    /// Holds a signature to what was signed. A signature that does not fit, or is by a
    /// revoked key, is told apart from one by a key that nobody here knows.
    pub fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<Signature, String> {
        let wrong = "its signature is none of minisign";
        let text = std::str::from_utf8(signature).map_err(|_| wrong)?;
        if text.len() > MAX_SIGNATURE {
            return Err(wrong.to_owned());
        }
        let parsed = minisign_verify::Signature::decode(text).map_err(|error| format!("{wrong}: {error}"))?;
        let key = text.lines().nth(1).and_then(key_id).ok_or(wrong)?;
        let Some(public) = self.revoked.get(&key).or_else(|| self.trusted.get(&key)) else {
            return Ok(Signature::Unknown { key });
        };
        let public = PublicKey::from_base64(public).map_err(|error| error.to_string())?;
        public
            .verify(signed, &parsed, false)
            .map_err(|_| format!("its signature by the key {key} does not fit: it was changed after it was signed"))?;
        Ok(if self.revoked.contains_key(&key) { Signature::Revoked { key } } else { Signature::Trusted { key } })
    }
}

/// The id that minisign prints of a key or of a signature: both begin with two octets of
/// the algorithm and eight of the id, which is written as a number.
fn key_id(base64: &str) -> Option<String> {
    let octets = BASE64.decode(base64.trim().as_bytes()).ok()?;
    let id: [u8; 8] = octets.get(2..10)?.try_into().ok()?;
    Some(format!("{:016X}", u64::from_le_bytes(id)))
}
