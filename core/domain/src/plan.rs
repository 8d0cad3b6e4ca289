//! The rules of a plan: who is created, changed, disabled, and when to hold.

use sha2::{Digest, Sha256};

use crate::person::Profile;
use crate::run::PlanAction;

/// A digest of a photo as its source has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoDigest(String);

impl PhotoDigest {
    /// Over the source's octets.
    pub fn of(photo: &[u8]) -> Self {
        Self(data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(photo)))
    }

    /// Over the version that the source gives to it, so that it is known again without its
    /// octets.
    pub fn of_version(version: &str) -> Self {
        let mut hash = Sha256::new_with_prefix(b"version:");
        hash.update(version);
        Self(data_encoding::BASE64URL_NOPAD.encode(&hash.finalize()))
    }

    /// As the database keeps it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads what was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
}

/// A digest of everything that a source says of a person; equal when nothing that
/// Estampe uses has changed. Who owns its fields is part of it where that is not the
/// directory ([`Owners::mark`](crate::ownership::Owners::mark)), so that a full run after
/// a change of owners looks at everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Over the mapped profile and the source's own photo, so that a photo need not be decoded
    /// to see that it is the same.
    pub fn of(profile: &Profile, source_photo: Option<&PhotoDigest>) -> Self {
        let mut hash = Sha256::new();
        let plain = Profile { photo: None, ..profile.clone() };
        // a profile always serialises: it is strings and lists all through
        hash.update(serde_json::to_vec(&plain).unwrap_or_default());
        if let Some(photo) = source_photo {
            hash.update([0]);
            hash.update(&photo.0);
        }
        Self(data_encoding::BASE64URL_NOPAD.encode(&hash.finalize()))
    }

    /// As the database keeps it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads what was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
}

/// What is known here of one identity of a source.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What the source said last time.
    pub fingerprint: &'a Fingerprint,
    /// Whether the source counted them as active.
    pub active: bool,
}

/// What to do with one person of a page; `None` when nothing.
pub fn judge(known: Option<Known<'_>>, incoming: &Fingerprint, active: bool) -> Option<PlanAction> {
    match (known, active) {
        (None, true) => Some(PlanAction::Create),
        (None, false) => None,
        (Some(known), false) => known.active.then_some(PlanAction::Disable),
        (Some(known), true) if !known.active => Some(PlanAction::Update),
        (Some(known), true) => (known.fingerprint != incoming).then_some(PlanAction::Update),
    }
}

/// Whether so many disappearances need an administrator's word: more than
/// `threshold_percent` of those whom the source counted as active.
pub fn must_hold(disabled: u64, known_active: u64, threshold_percent: u8) -> bool {
    u128::from(disabled) * 100 > u128::from(known_active) * u128::from(threshold_percent)
}

/// Whether so many groups that go need an administrator's word: as with people, but that one
/// group which is dissolved is everyday business, as long as others stay.
pub fn must_hold_groups(gone: u64, known: u64, threshold_percent: u8) -> bool {
    must_hold(gone, known, threshold_percent) && (gone > 1 || gone == known)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn print(text: &str) -> Fingerprint {
        Fingerprint::from_stored(text.into())
    }

    #[test]
    fn judgements() {
        let (a, b) = (print("a"), print("b"));
        let known = |active| Some(Known { fingerprint: &a, active });
        assert_eq!(judge(None, &a, true), Some(PlanAction::Create));
        assert_eq!(judge(None, &a, false), None);
        assert_eq!(judge(known(true), &a, true), None);
        assert_eq!(judge(known(true), &b, true), Some(PlanAction::Update));
        assert_eq!(judge(known(false), &a, true), Some(PlanAction::Update));
        assert_eq!(judge(known(true), &b, false), Some(PlanAction::Disable));
        assert_eq!(judge(known(false), &b, false), None);
    }

    proptest! {
        #[test]
        fn exactly_the_threshold_is_not_held(active in 0u64..100_000, percent in 0u8..=100) {
            let allowed = active * u64::from(percent) / 100;
            prop_assert!(!must_hold(allowed, active, percent));
            prop_assert!(must_hold(allowed + 1, active, percent));
        }
    }

    #[test]
    fn one_group_may_go_and_many_may_not() {
        let held =
            [(0, 4), (1, 1), (1, 3), (2, 3), (2, 20), (3, 20)].map(|(gone, known)| must_hold_groups(gone, known, 10));
        assert_eq!(held, [false, true, false, true, false, true]);
    }
}
