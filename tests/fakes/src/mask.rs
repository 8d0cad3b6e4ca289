//! Google's `fields`: which parts of an answer are wanted, such as `nextPageToken,users(id,name/fullName)`.

use serde_json::{Map, Value};

/// What is wanted of an object; empty: all of it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Mask(Vec<(String, Mask)>);

impl Mask {
    /// Reads one; nothing: it is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut rest = text;
        let mask = Self::several(&mut rest)?;
        (rest.is_empty() && !mask.0.is_empty()).then_some(mask)
    }

    fn several(rest: &mut &str) -> Option<Self> {
        let mut all = Vec::new();
        loop {
            all.push(Self::one(rest)?);
            match rest.strip_prefix(',') {
                Some(after) => *rest = after,
                None => return Some(Self(all)),
            }
        }
    }

    fn one(rest: &mut &str) -> Option<(String, Self)> {
        let end = rest.find([',', '/', '(', ')']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            return None;
        }
        *rest = after;
        if let Some(after) = rest.strip_prefix('/') {
            *rest = after;
            return Some((name.to_owned(), Self(vec![Self::one(rest)?])));
        }
        if let Some(after) = rest.strip_prefix('(') {
            *rest = after;
            let inner = Self::several(rest)?;
            *rest = rest.strip_prefix(')')?;
            return Some((name.to_owned(), inner));
        }
        Some((name.to_owned(), Self::default()))
    }

    /// What is left of a value.
    pub(crate) fn of(&self, value: &Value) -> Value {
        match value {
            _ if self.0.is_empty() => value.clone(),
            Value::Array(values) => values.iter().map(|value| self.of(value)).collect(),
            Value::Object(fields) => {
                let mut kept = Map::new();
                for (name, value) in fields {
                    let wanted = self.0.iter().find(|(known, _)| known == name || known == "*");
                    if let Some((_, inner)) = wanted {
                        kept.insert(name.clone(), inner.of(value));
                    }
                }
                Value::Object(kept)
            }
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_wanted_is_left_out() {
        let mask = Mask::read("next,users(id,name/full)").unwrap();
        let whole =
            json!({"kind": "k", "next": "n", "users": [{"id": 1, "name": {"full": "A", "given": "B"}, "x": 2}]});
        assert_eq!(mask.of(&whole), json!({"next": "n", "users": [{"id": 1, "name": {"full": "A"}}]}));
        for none in ["", "a,", "a(b", "a)b", "/a", "a(b))"] {
            assert_eq!(Mask::read(none), None, "{none}");
        }
    }
}
