//! Whom a plan tells of: nobody may be told of twice.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

/// Identities of a source, as digests of sixteen octets: a million of them take some 35 MiB.
#[derive(Default)]
pub(super) struct Identities(HashSet<[u8; 16]>);

impl Identities {
    /// Notes an identity; whether it is new.
    pub(super) fn insert(&mut self, external_id: &str) -> bool {
        self.0.insert(digest(external_id))
    }

    /// Whether it was noted.
    pub(super) fn contains(&self, external_id: &str) -> bool {
        self.0.contains(&digest(external_id))
    }
}

fn digest(external_id: &str) -> [u8; 16] {
    let mut half = [0; 16];
    half.iter_mut().zip(Sha256::digest(external_id)).for_each(|(octet, of_digest)| *octet = of_digest);
    half
}
