//! Bodies of requests that a grant holds to some keys of a JSON object: what the host cannot read
//! with certainty does not leave the house.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::IgnoredAny;

/// Why a body does not go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyRefusal {
    /// It is none that every reader reads in the same way: JSON in UTF-8, named so, and not packed.
    Unreadable,
    /// It has a key that is not among those.
    Key(String),
}

/// Whether a body is a JSON object with these keys and no others. Of what is within their values
/// nothing is said.
///
/// Of headers by which a server might take the body for something else there may be one alone:
/// `content-type: application/json`.
pub fn has_only(keys: &BTreeSet<String>, headers: &[(String, String)], body: Option<&[u8]>) -> Result<(), BodyRefusal> {
    let of = |wanted: &'static str| {
        headers.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    let types: Vec<_> = of("content-type").collect();
    let is_json = matches!(types.as_slice(), [only] if only.eq_ignore_ascii_case("application/json"));
    if !is_json || of("content-encoding").next().is_some() {
        return Err(BodyRefusal::Unreadable);
    }
    #[expect(clippy::zero_sized_map_values, reason = "JSON has values there, whatever they are")]
    let found: BTreeMap<String, IgnoredAny> =
        serde_json::from_slice(body.unwrap_or_default()).map_err(|_| BodyRefusal::Unreadable)?;
    match found.into_keys().find(|key| !keys.contains(key)) {
        Some(key) => Err(BodyRefusal::Key(key)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&str, &str)], body: &[u8]) -> Result<(), BodyRefusal> {
        let keys = ["jobTitle", "city"].map(str::to_owned).into();
        let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        has_only(&keys, &headers, Some(body))
    }

    #[test]
    fn other_keys_do_not_pass_however_they_are_written() {
        let json = [("Content-Type", "application/json")];
        for body in [r#"{"jobTitle": "a", "city": null}"#, "{}", r#"{"job\u0054itle": {"passwordProfile": 1}}"#] {
            assert_eq!(asked(&json, body.as_bytes()), Ok(()), "{body}");
        }
        for (body, key) in [
            (r#"{"passwordProfile": {"password": "x"}}"#, "passwordProfile"),
            (r#"{"jobTitle": "a", "\u0070asswordProfile": {}}"#, "passwordProfile"),
            (r#"{"jobTitle": "a", "jobTitle": "b", "JobTitle": "c"}"#, "JobTitle"),
            (r#"{"": 1}"#, ""),
        ] {
            assert_eq!(asked(&json, body.as_bytes()), Err(BodyRefusal::Key(key.to_owned())), "{body}");
        }
    }

    #[test]
    fn what_others_could_read_in_another_way_does_not_pass() {
        let json = [("content-type", "application/json")];
        let utf16: Vec<u8> = r#"{"jobTitle":"a"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let bodies: [&[u8]; 7] = [b"", b"[]", b"\"jobTitle\"", b"{", b"{} {}", b"\xef\xbb\xbf{}", &utf16];
        for body in bodies {
            assert_eq!(asked(&json, body), Err(BodyRefusal::Unreadable), "{body:?}");
        }
        for headers in [
            &[][..],
            &[("content-type", "application/json;charset=utf-7")],
            &[("content-type", "application/x-www-form-urlencoded")],
            &[json[0], ("Content-Type", "text/plain")],
            &[json[0], ("content-encoding", "gzip")],
        ] {
            assert_eq!(asked(headers, b"{}"), Err(BodyRefusal::Unreadable), "{headers:?}");
        }
        assert_eq!(has_only(&BTreeSet::new(), &[], None), Err(BodyRefusal::Unreadable));
    }
}
