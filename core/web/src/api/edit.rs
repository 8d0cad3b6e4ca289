//! Edits that change only what their maker saw: `ETag` and `If-Match` (RFC 9110, 13).

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::api::ApiCause;
use crate::api::caller::{Caller, JSON};
use crate::encoded::has;
use crate::error::Fault;
use crate::respond::Reply;

/// The tag of a representation: a hash of all its octets.
fn tag(text: &str) -> String {
    let hash = data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(text.as_bytes()));
    format!("\"{}\"", hash.get(..27).unwrap_or(&hash))
}

/// Something that can be asked for by its tag, and edited under it.
pub(crate) fn tagged(caller: &Caller, request: &HttpRequest, status: StatusCode, body: &impl Serialize) -> Reply {
    let text = caller.written(body)?;
    let tag = tag(&text);
    let reads = status == StatusCode::OK && request.method().is_safe();
    let known = reads && has(request.headers(), tag.as_bytes());
    let mut reply = HttpResponse::build(if known { StatusCode::NOT_MODIFIED } else { status });
    reply.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "private, no-cache"));
    Ok(if known { reply.finish() } else { reply.insert_header((CONTENT_TYPE, JSON)).body(text) })
}

/// Refuses an edit whose maker does not say what they saw, or saw something else than what
/// stands there now. The use case looks again, in its transaction.
pub(crate) fn seen(caller: &Caller, request: &HttpRequest, body: &impl Serialize) -> Result<(), Fault> {
    let tag = tag(&caller.written(body)?);
    match matches(request, IF_MATCH, &tag) {
        None => Err(Fault::new(caller, ApiCause::NeedsMatch.into())),
        Some(true) => Ok(()),
        Some(false) => caller.ok(Err(estampe_domain::Error::Changed("this"))),
    }
}

/// Whether a list of tags has this one; a weak one is none here.
fn matches(request: &HttpRequest, header: HeaderName, tag: &str) -> Option<bool> {
    let mut all = request.headers().get_all(header).peekable();
    all.peek()?;
    let given = all.flat_map(|value| value.as_bytes().split(|octet| *octet == b',')).map(<[u8]>::trim_ascii);
    Some(given.into_iter().any(|given| given == b"*" || given == tag.as_bytes()))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn strong_tags_alone_match() {
        let says = |value: &str| {
            let request = TestRequest::default().insert_header((IF_MATCH, value)).to_http_request();
            matches(&request, IF_MATCH, "\"a\"")
        };
        assert_eq!(says("\"a\""), Some(true));
        assert_eq!(says("\"b\", \"a\""), Some(true));
        assert_eq!(says("*"), Some(true));
        assert_eq!(says("W/\"a\""), Some(false));
        assert_eq!(says(""), Some(false));
        assert_eq!(matches(&TestRequest::default().to_http_request(), IF_MATCH, "\"a\""), None);
        assert_ne!(tag("{}"), tag("{} "));
    }
}
