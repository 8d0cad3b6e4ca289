//! Which objects a run told of last: Graph may repeat some from page to page, and the host
//! takes each once a run.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Objects that are remembered: more than a page has that takes several calls.
const MOST: usize = 640;
/// Octets of each: few enough for a cursor, and too many for two to be taken for one.
const OCTETS: usize = 6;

/// The last objects, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    order: Vec<[u8; OCTETS]>,
    known: HashSet<[u8; OCTETS]>,
}

fn mark(id: &str) -> [u8; OCTETS] {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let mut mark = [0; OCTETS];
    for (octet, hashed) in mark.iter_mut().zip(hasher.finish().to_be_bytes()) {
        *octet = hashed;
    }
    mark
}

impl Recent {
    /// Whether it was told.
    pub fn has(&self, id: &str) -> bool {
        self.known.contains(&mark(id))
    }

    /// It was told.
    pub fn told(&mut self, id: &str) {
        let mark = mark(id);
        if self.known.insert(mark) {
            self.order.push(mark);
        }
        if self.order.len() > MOST {
            let oldest = self.order.remove(0);
            self.known.remove(&oldest);
        }
    }
}

impl Serialize for Recent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(&self.order.concat()))
    }
}

impl<'de> Deserialize<'de> for Recent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let octets = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
        let order: Vec<[u8; OCTETS]> = octets.chunks_exact(OCTETS).filter_map(|mark| mark.try_into().ok()).collect();
        Ok(Self { known: order.iter().copied().collect(), order })
    }
}

#[cfg(test)]
mod tests {
    use estampe_plugin_sdk::cursor;

    use super::*;

    #[test]
    fn the_last_ones_fit_into_a_cursor() {
        let mut recent = Recent::default();
        for number in 0..1_500 {
            recent.told(&format!("user {number}"));
            recent.told(&format!("user {number}"));
        }
        let kept = cursor::encode(&recent).unwrap();
        assert!(kept.len() < 5_200, "{}", kept.len());
        let recent: Recent = cursor::decode(&kept).unwrap();
        assert!(recent.has("user 1499") && recent.has("user 860"));
        assert!(!recent.has("user 859") && !recent.has("user 1500"));
    }
}
