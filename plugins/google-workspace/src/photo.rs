//! Photos, one request each: those whose version is not the one that was brought last.

use data_encoding::BASE64URL_NOPAD;
use estampe_plugin_sdk::{Failure, Host, LogLevel};
use serde::Deserialize;

use crate::scope::Scope;
use crate::{address, ask, is_on};

/// Photos of one call: it makes 200 requests at most, and some are made again.
const MOST: usize = 100;
/// Microseconds after which a call leaves the rest to the next one.
const LONGEST: i64 = 10_000_000;

/// Pictures that the host reads, by their first octets: JPEG, PNG, WebP.
const KINDS: [&[u8]; 3] = [b"\xff\xd8\xff", b"\x89PNG\r\n", b"RIFF"];

/// `UserPhoto` of the Directory API.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct UserPhoto {
    photo_data: String,
}

/// Whether photos are wanted.
pub fn are_wanted(host: &dyn Host) -> bool {
    is_on(host, "photos", true)
}

/// What one call fetches.
pub struct Photos<'a> {
    host: &'a dyn Host,
    begun: i64,
    fetched: usize,
}

impl<'a> Photos<'a> {
    /// Nothing fetched yet.
    pub fn new(host: &'a dyn Host) -> Self {
        Self { host, begun: host.now(), fetched: 0 }
    }

    /// Somebody's; none within where there is none, or none that is a picture. None at all once
    /// the call has fetched enough.
    pub fn of(&mut self, id: &str) -> Option<Result<Option<Vec<u8>>, Failure>> {
        let is_late = self.host.now().saturating_sub(self.begun) > LONGEST;
        if self.fetched >= MOST || self.fetched > 0 && is_late {
            return None;
        }
        self.fetched += 1;
        Some(fetch(self.host, id))
    }
}

fn fetch(host: &dyn Host, id: &str) -> Result<Option<Vec<u8>>, Failure> {
    let path = format!("/users/{}/photos/thumbnail", address::encoded(id));
    let answer = ask::read(host, Scope::Users, address::directory(host, &path, &[("fields", "photoData")]), None)?;
    // taken away since the listing
    if answer.status == 404 {
        return Ok(None);
    }
    let photo: UserPhoto = ask::accepted(Scope::Users, answer)?.json()?;
    let octets = decoded(&photo.photo_data).filter(|octets| KINDS.iter().any(|kind| octets.starts_with(kind)));
    if octets.is_none() {
        host.log(LogLevel::Warn, &format!("the photo of user {id} is no JPEG, PNG or WebP picture, and is left out"));
    }
    Ok(octets)
}

/// Google's base64: web-safe, its padding written as `=`, `*` or `.`, or left out.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let plain = |byte: u8| match byte {
        b'+' => b'-',
        b'/' => b'_',
        other => other,
    };
    let text: Vec<u8> = text.trim_end_matches(['=', '*', '.']).bytes().map(plain).collect();
    BASE64URL_NOPAD.decode(&text).ok().filter(|octets| !octets.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_google_writes_it() {
        let octets = [0xfb, 0xff, 0xfe, 0x01];
        for text in ["-__-AQ", "-__-AQ==", "-__-AQ..", "-__-AQ**", "+//+AQ=="] {
            assert_eq!(decoded(text).as_deref(), Some(octets.as_slice()), "{text}");
        }
        for text in ["", "====", "-__-A", "not base64"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }
}
