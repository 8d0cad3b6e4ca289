//! Whom a plan tells of: nobody may be told of twice.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// Identities of a source, as digests: of a million people they take as much memory as a few
/// photos do.
#[derive(Default)]
pub(super) struct Identities {
    /// Random for each plan: nobody can choose identities that collide.
    keys: [RandomState; 2],
    digests: HashSet<u128>,
}

impl Identities {
    /// Notes an identity; whether it is new.
    pub(super) fn insert(&mut self, external_id: &str) -> bool {
        let [high, low] = self.keys.each_ref().map(|key| u128::from(key.hash_one(external_id)));
        self.digests.insert(high << 64 | low)
    }
}
