//! Where the next incremental run begins, and on what basis: a checkpoint is good for the
//! plugin, configuration and grants that it was made with, and for no others.

use estampe_domain::plugin::Given;
use estampe_domain::source::Source;
use sha2::{Digest, Sha256};

/// Octets of a basis.
const BASIS: usize = 32;

/// A digest of everything that decides what a source tells and what is made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Basis([u8; BASIS]);

impl Basis {
    /// Of a source as it is now: `bundle` names the version of its plugin.
    pub(super) fn of(source: &Source, given: &Given, bundle: Option<&str>) -> Self {
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            // the length, so that no two lists of parts read alike
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        };
        add(bundle.unwrap_or_default());
        add(&source.connector.plugin);
        for (key, value) in &source.connector.config {
            add(key);
            add(value);
        }
        add("inputs");
        for (name, path) in &source.connector.inputs {
            add(name);
            add(&path.to_string_lossy());
        }
        add("grants");
        let mut grants: Vec<_> = given.grants.iter().map(ToString::to_string).collect();
        grants.sort();
        for grant in &grants {
            add(grant);
        }
        // what is read, and what of it is told as changed
        add("fields");
        for field in given.fields.iter() {
            add(field);
        }
        Self(hash.finalize().into())
    }

    /// A plugin's checkpoint as it is stored.
    pub(super) fn sealed(self, checkpoint: &[u8]) -> Vec<u8> {
        [self.0.as_slice(), checkpoint].concat()
    }

    /// The plugin's checkpoint in a stored one; none when it was made on another basis.
    pub(super) fn opened(self, stored: &[u8]) -> Option<Vec<u8>> {
        stored.strip_prefix(&self.0).map(<[u8]>::to_vec)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use estampe_domain::Ts;
    use estampe_domain::ids::SourceId;
    use estampe_domain::plugin::ConnectorSpec;
    use estampe_domain::ports::Random;

    use super::*;

    struct Zeros;

    impl Random for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn source(config: &[(&str, &str)]) -> Source {
        let config = config.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Source {
            id: SourceId::new(Ts::from_micros(0), &Zeros),
            name: "siege".into(),
            connector: ConnectorSpec { plugin: "ldap".into(), config, inputs: BTreeMap::new() },
            mapping: estampe_domain::mapping::Mapping::default(),
            every_minutes: None,
            created_at: Ts::from_micros(0),
        }
    }

    #[test]
    fn a_checkpoint_is_good_on_its_own_basis_alone() {
        let basis = Basis::of(&source(&[("base", "dc=a")]), &Given::default(), Some("v1"));
        let stored = basis.sealed(b"position");
        assert_eq!(basis.opened(&stored).as_deref(), Some(&b"position"[..]));
        let granted = Given { grants: ["field read mail".parse().unwrap()].into_iter().collect(), ..Given::default() };
        for other in [
            Basis::of(&source(&[("base", "dc=b")]), &Given::default(), Some("v1")),
            Basis::of(&source(&[("base", "dc=a")]), &Given::default(), Some("v2")),
            Basis::of(&source(&[("base", "dc=a")]), &granted, Some("v1")),
            Basis::of(&source(&[("basedc", "=a")]), &Given::default(), Some("v1")),
        ] {
            assert_eq!(other.opened(&stored), None);
        }
        assert_eq!(basis.opened(b"short"), None);
    }
}
