//! Content that is answered again and again: compressed once for each coding that is
//! asked for, with a strong ETag for each (RFC 9110, 8.8.3.3).

use std::io::Write as _;
use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, VARY,
};
use actix_web::web::Bytes;
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

/// A content coding (RFC 9110, 8.4.1; RFC 7932; RFC 8878).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Identity,
    Brotli,
    Zstd,
    Gzip,
}

impl Coding {
    /// Those offered, the smallest result first.
    const OFFERED: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What is best for this `Accept-Encoding`.
    fn negotiate(accepted: &str) -> Self {
        let mut best = (0, Self::Identity);
        for (rank, coding) in Self::OFFERED.into_iter().rev().enumerate() {
            let weight = weight(accepted, coding.name());
            // in thousandths, so that a wish counts before our own preference
            let value = weight.saturating_mul(4) + u32::try_from(rank).unwrap_or(0);
            if weight > 0 && value >= best.0 {
                best = (value, coding);
            }
        }
        best.1
    }
}

/// The weight of a coding in thousandths: its own, else that of `*`, else none.
fn weight(accepted: &str, name: &str) -> u32 {
    let mut any = 0;
    for range in accepted.split(',').take(16) {
        let mut parts = range.split(';').map(str::trim);
        let coding = parts.next().unwrap_or_default();
        let is_it = coding.eq_ignore_ascii_case(name);
        if !is_it && coding != "*" {
            continue;
        }
        let weight = match parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="))) {
            None => 1000,
            Some(text) => thousandths(text),
        };
        if is_it {
            return weight;
        }
        any = weight;
    }
    any
}

/// A `qvalue`; nothing that is malformed is wanted.
fn thousandths(text: &str) -> u32 {
    let value: f32 = text.parse().unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    let thousandths = (value.clamp(0.0, 1.0) * 1000.0).round() as u32;
    thousandths
}

/// Content in every coding.
pub(crate) struct Encoded {
    media_type: &'static str,
    plain: Variant,
    /// None when compressing gains nothing: fonts and photos are compressed already.
    compressed: Option<[OnceLock<Variant>; 3]>,
    hash: String,
}

struct Variant {
    octets: Bytes,
    tag: HeaderValue,
}

impl Encoded {
    /// Text that is worth compressing.
    pub(crate) fn text(media_type: &'static str, content: impl Into<Bytes>) -> Self {
        Self::new(media_type, content.into(), true)
    }

    /// Something that is compressed already.
    pub(crate) fn dense(media_type: &'static str, content: impl Into<Bytes>) -> Self {
        Self::new(media_type, content.into(), false)
    }

    fn new(media_type: &'static str, content: Bytes, compress: bool) -> Self {
        let hash: String = BASE64URL_NOPAD.encode(&Sha256::digest(&content)).chars().take(22).collect();
        let plain = Variant { tag: tag(&hash, Coding::Identity), octets: content };
        Self { media_type, plain, compressed: compress.then(Default::default), hash }
    }

    /// How many octets of memory it may come to take.
    pub(crate) fn weight(&self) -> u64 {
        // every coding together is smaller than the plain text
        self.plain.octets.len() as u64 * 2 + 512
    }

    /// The answer in the asker's best coding, or 304 when they have it.
    pub(crate) fn answer(&self, asked: &HeaderMap, caching: &'static str, vary: &'static str) -> HttpResponse {
        let accepted = asked.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
        let mut coding = Coding::Identity;
        let mut variant = &self.plain;
        if let (Some(compressed), Some(accepted)) = (&self.compressed, accepted) {
            coding = Coding::negotiate(accepted);
            let slot = match coding {
                Coding::Identity => None,
                Coding::Brotli => compressed.first(),
                Coding::Zstd => compressed.get(1),
                Coding::Gzip => compressed.get(2),
            };
            if let Some(slot) = slot {
                variant = slot.get_or_init(|| self.compress(coding));
            }
        }
        let has = has(asked, variant.tag.as_bytes());
        let mut reply = HttpResponse::build(if has { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
        reply
            .insert_header((ETAG, variant.tag.clone()))
            .insert_header((CACHE_CONTROL, HeaderValue::from_static(caching)))
            .insert_header((VARY, HeaderValue::from_static(vary)));
        if has {
            return reply.finish();
        }
        if coding != Coding::Identity {
            reply.insert_header((CONTENT_ENCODING, HeaderValue::from_static(coding.name())));
        }
        reply.insert_header((CONTENT_TYPE, HeaderValue::from_static(self.media_type))).body(variant.octets.clone())
    }

    fn compress(&self, coding: Coding) -> Variant {
        let plain = &self.plain.octets;
        // writing to memory does not fail; if it did, what is plain is right in any case
        let octets = match coding {
            Coding::Identity => None,
            Coding::Brotli => brotli(plain),
            Coding::Zstd => zstd::bulk::compress(plain, 9).ok(),
            Coding::Gzip => gzip(plain),
        };
        Variant { octets: octets.map_or_else(|| plain.clone(), Bytes::from), tag: tag(&self.hash, coding) }
    }
}

fn brotli(plain: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    // measured on a card: 0.16 ms, and no larger than what quality 9 makes in 2.3 ms; a
    // smaller window takes the slow way, too
    let mut writer = brotli::CompressorWriter::new(&mut out, 4096, 6, 18);
    writer.write_all(plain).ok()?;
    drop(writer);
    Some(out)
}

fn gzip(plain: &[u8]) -> Option<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(plain).ok()?;
    writer.finish().ok()
}

/// The tag of a variant: other bytes, another tag.
fn tag(hash: &str, coding: Coding) -> HeaderValue {
    let tag = match coding {
        Coding::Identity => format!("\"{hash}\""),
        coding => format!("\"{hash}-{}\"", coding.name()),
    };
    HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Whether the asker has it (RFC 9110, 13.1.2: weak comparison).
pub(crate) fn has(headers: &HeaderMap, tag: &[u8]) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .flat_map(|value| value.as_bytes().split(|octet| *octet == b','))
        .map(<[u8]>::trim_ascii)
        .any(|given| given == b"*" || given.strip_prefix(b"W/").unwrap_or(given) == tag)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use actix_web::body::MessageBody as _;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_best_coding_that_is_wanted() {
        for (accepted, coding) in [
            ("", Coding::Identity),
            ("identity", Coding::Identity),
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("gzip, deflate", Coding::Gzip),
            ("zstd;q=1.0, gzip;q=0.9", Coding::Zstd),
            ("br;q=0.5, gzip", Coding::Gzip),
            ("br;q=0, *", Coding::Zstd),
            ("*", Coding::Brotli),
            ("*;q=0", Coding::Identity),
            ("BR", Coding::Brotli),
            ("br;q=nonsense, gzip;q=0.1", Coding::Gzip),
            ("brotli", Coding::Identity),
        ] {
            assert_eq!(Coding::negotiate(accepted), coding, "{accepted}");
        }
    }

    #[test]
    fn every_variant_is_the_same_content_under_its_own_tag() {
        let text = "Zoé Lefèvre-Núñez, ".repeat(300);
        let page = Encoded::text("text/html", text.clone());
        let mut tags = std::collections::BTreeSet::new();
        for coding in ["identity", "br", "zstd", "gzip"] {
            let asked = TestRequest::get().insert_header((ACCEPT_ENCODING, coding)).to_http_request();
            let answer = page.answer(asked.headers(), "no-cache", "Accept-Encoding");
            let tag = answer.headers().get(ETAG).unwrap().clone();
            let named = answer.headers().get(CONTENT_ENCODING).map_or("identity", |value| value.to_str().unwrap());
            assert_eq!(named, coding);
            let octets = answer.into_body().try_into_bytes().unwrap();
            assert!(coding == "identity" || octets.len() < text.len() / 10, "{coding}: {}", octets.len());
            let mut plain = String::new();
            match coding {
                "br" => brotli::Decompressor::new(&*octets, 4096).read_to_string(&mut plain).unwrap(),
                "gzip" => flate2::read::GzDecoder::new(&*octets).read_to_string(&mut plain).unwrap(),
                "zstd" => zstd::Decoder::new(&*octets).unwrap().read_to_string(&mut plain).unwrap(),
                _ => (&*octets).read_to_string(&mut plain).unwrap(),
            };
            assert_eq!(plain, text);
            let again = TestRequest::get()
                .insert_header((ACCEPT_ENCODING, coding))
                .insert_header((IF_NONE_MATCH, format!("\"other\", W/{}", tag.to_str().unwrap())))
                .to_http_request();
            let answer = page.answer(again.headers(), "no-cache", "Accept-Encoding");
            assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(answer.headers().get(ETAG), Some(&tag));
            assert!(tags.insert(tag.to_str().unwrap().to_owned()));
        }
        let photo = Encoded::dense("image/jpeg", text);
        let asked = TestRequest::get().insert_header((ACCEPT_ENCODING, "br")).to_http_request();
        assert!(!photo.answer(asked.headers(), "no-cache", "Accept-Encoding").headers().contains_key(CONTENT_ENCODING));
    }
}
