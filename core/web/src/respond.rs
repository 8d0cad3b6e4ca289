//! Answers: a page, a redirect, something that is asked for again and again.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION, VARY};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use sha2::{Digest, Sha256};

use crate::encoded::has;
use crate::error::{Cause, Fault};
use crate::visit::Visit;

/// What a handler gives back.
pub(crate) type Reply = Result<HttpResponse, Fault>;

pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// 405: this address exists and takes these methods alone.
pub(crate) fn wrong_method(visit: &Visit, allowed: &'static str) -> Reply {
    Err(Fault::new(visit, Cause::Method(allowed)))
}

impl Visit {
    /// A page.
    pub(crate) fn page(&self, view: &impl Template) -> Reply {
        self.page_with(StatusCode::OK, view)
    }

    /// A page with this status. Nobody keeps it unless its handler says so.
    pub(crate) fn page_with(&self, status: StatusCode, view: &impl Template) -> Reply {
        Ok(HttpResponse::build(status)
            .insert_header((CONTENT_TYPE, HTML))
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((VARY, "Accept-Language"))
            .body(self.render(view)?))
    }

    /// A page that may be kept and is asked for by its ETag.
    pub(crate) fn kept_page(&self, request: &HttpRequest, view: &impl Template) -> Reply {
        let mut reply = kept(request, HTML, self.render(view)?.into_bytes());
        reply.headers_mut().insert(VARY, header("Accept-Language"));
        Ok(reply)
    }

    pub(crate) fn render(&self, view: &impl Template) -> Result<String, Fault> {
        view.render().map_err(|error| {
            Fault::new(self, Cause::Domain(estampe_domain::Error::Internal(format!("template: {error}"))))
        })
    }
}

/// Content with a strong ETag over its bytes; 304 when the asker has it.
pub(crate) fn kept(request: &HttpRequest, media_type: &str, content: Vec<u8>) -> HttpResponse {
    let hash = data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(&content));
    kept_as(request, media_type, hash.get(..22).unwrap_or(&hash), content)
}

/// Content whose name is known: the ETag is `tag`.
pub(crate) fn kept_as(request: &HttpRequest, media_type: &str, tag: &str, content: Vec<u8>) -> HttpResponse {
    let tag = format!("\"{tag}\"");
    let has = has(request.headers(), tag.as_bytes());
    let mut reply = if has { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    reply.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "no-cache"));
    if has {
        return reply.finish();
    }
    reply.insert_header((CONTENT_TYPE, media_type)).body(content)
}

/// 303: look there.
pub(crate) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, location)).insert_header((CACHE_CONTROL, "no-store")).finish()
}

fn header(value: &'static str) -> actix_web::http::header::HeaderValue {
    actix_web::http::header::HeaderValue::from_static(value)
}

/// A name as one segment of a path (RFC 3986, 3.3).
pub(crate) fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            // writing to a String cannot fail
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `text` when it is a path of this site, else `/`: a redirect must not lead away.
pub(crate) fn local_path(text: &str) -> &str {
    let local = text.len() <= 512
        && text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains(|c: char| c == '\\' || c.is_control() || !c.is_ascii());
    if local { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_here() {
        for (given, kept) in [
            ("/runs/1?x=y", "/runs/1?x=y"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
        ] {
            assert_eq!(local_path(given), kept, "{given}");
        }
    }

    #[test]
    fn names_fit_into_paths() {
        assert_eq!(segment("Annuaire RH/Pau"), "Annuaire%20RH%2FPau");
    }
}
