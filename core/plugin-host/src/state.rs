//! The durable values of a source, as one call sees them: what was stored, overlaid by
//! what this call wrote. Nothing is stored here; the writes go back with the page.

use std::collections::BTreeMap;

use estampe_domain::plugin::{FailKind, PluginFailure};

/// Keys at most.
const MAX_KEYS: usize = 64;
/// Octets at most, keys and values together.
const MAX_OCTETS: usize = 64 << 10;
/// Octets of a key.
const MAX_KEY: usize = 255;

/// See the module.
#[derive(Debug, Default)]
pub struct State {
    current: BTreeMap<String, Vec<u8>>,
    writes: BTreeMap<String, Option<Vec<u8>>>,
}

impl State {
    /// Begins with what was stored.
    pub fn new(stored: BTreeMap<String, Vec<u8>>) -> Self {
        Self { current: stored, writes: BTreeMap::new() }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.current.get(key).cloned()
    }

    /// Sets or removes a value; `Limit` when it would be too much, and then nothing
    /// was changed.
    pub fn set(&mut self, key: String, value: Option<Vec<u8>>) -> Result<(), PluginFailure> {
        if key.is_empty() || key.len() > MAX_KEY {
            return Err(limit(format!("a key of the state has 1 to {MAX_KEY} octets")));
        }
        if let Some(value) = &value {
            let others = self.current.iter().filter(|(other, _)| **other != key);
            let (keys, octets) = others.fold((1, key.len() + value.len()), |(keys, octets), (key, value)| {
                (keys + 1, octets + key.len() + value.len())
            });
            if keys > MAX_KEYS || octets > MAX_OCTETS {
                let all = format!("the state holds at most {MAX_KEYS} keys and {MAX_OCTETS} octets");
                return Err(limit(all));
            }
            self.current.insert(key.clone(), value.clone());
        } else {
            self.current.remove(&key);
        }
        // bounded like the values: a call may remove names that never were
        if self.writes.len() >= 4 * MAX_KEYS && !self.writes.contains_key(&key) {
            return Err(limit(format!("a call writes at most {} keys", 4 * MAX_KEYS)));
        }
        self.writes.insert(key, value);
        Ok(())
    }

    /// What was written.
    pub fn into_writes(self) -> BTreeMap<String, Option<Vec<u8>>> {
        self.writes
    }
}

fn limit(message: String) -> PluginFailure {
    PluginFailure::new(FailKind::Limit, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_overlay_and_are_bounded() {
        let mut state = State::new(BTreeMap::from([("a".to_owned(), vec![1])]));
        assert_eq!(state.get("a"), Some(vec![1]));
        state.set("a".to_owned(), None).unwrap();
        assert_eq!(state.get("a"), None);
        state.set("b".to_owned(), Some(vec![2])).unwrap();
        assert_eq!(state.get("b"), Some(vec![2]));
        let refused = state.set("c".to_owned(), Some(vec![0; MAX_OCTETS])).unwrap_err();
        assert_eq!(refused.kind, FailKind::Limit);
        assert_eq!(state.get("c"), None);
        for number in 1..MAX_KEYS {
            state.set(format!("k{number}"), Some(Vec::new())).unwrap();
        }
        assert!(state.set("one more".to_owned(), Some(Vec::new())).is_err());
        state.set("b".to_owned(), Some(vec![3])).unwrap();
        assert_eq!(state.into_writes().get("b"), Some(&Some(vec![3])));
    }
}
