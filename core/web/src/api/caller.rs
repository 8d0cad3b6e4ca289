//! Who asks: the token of a request, how often it asked, and what it sent.

use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use estampe_domain::token::ApiSecret;
use estampe_domain::{Actor, Error};
use estampe_service::{ApiCaller, Presented};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::ApiCause;
use crate::api::problem::FieldProblem;
use crate::connection;
use crate::edge::Left;
use crate::error::{Cause, Fault};
use crate::forms::{Local, announced};
use crate::respond::Reply;
use crate::visit::Visit;

/// Most bytes of a body.
const LIMIT: usize = 64 * 1024;

/// A visit by a program with a good token.
pub(crate) struct Caller {
    visit: Visit,
    pub(crate) who: ApiCaller,
    /// The token's text, which opens the answers that are kept for it.
    pub(crate) secret: ApiSecret,
}

/// How much its token may ask yet, for the headers of the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateNote(pub(crate) Left);

impl Deref for Caller {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl Caller {
    async fn of(request: &HttpRequest) -> Result<Self, actix_web::Error> {
        let mut visit = Visit::of(request, Actor::Visitor)?;
        let Some(given) = bearer(request.headers()) else {
            return Err(Fault::new(&visit, ApiCause::Bearer { wrong: false }.into()).into());
        };
        let secret: Option<ApiSecret> = given.ok().and_then(|text| text.parse().ok());
        let presented = match &secret {
            Some(secret) => visit.ok(visit.service().present_token(&visit.ctx, secret).await)?,
            None => Presented::Unknown,
        };
        let (Some(secret), Presented::Good(who)) = (secret, &presented) else {
            return Err(refused(&visit, request, &presented).await.into());
        };
        let left = visit.state.edge.rates().token(who.token.id);
        match left {
            Ok(Some(left)) => {
                request.extensions_mut().insert(RateNote(left));
            }
            Ok(None) => {}
            Err(seconds) => return Err(Fault::new(&visit, Cause::TooMany(seconds)).into()),
        }
        visit.ctx = who.context(visit.ctx);
        let media = if request.path().ends_with("/photo") { "image/jpeg" } else { "application/json" };
        if !accepts(request.headers(), media) {
            return Err(Fault::new(&visit, ApiCause::NotAcceptable(media).into()).into());
        }
        Ok(Self { visit, who: (**who).clone(), secret })
    }

    /// An answer.
    pub(crate) fn json(&self, status: StatusCode, body: &impl Serialize) -> Reply {
        Ok(HttpResponse::build(status).insert_header((CONTENT_TYPE, JSON)).body(self.written(body)?))
    }

    /// Something as JSON.
    pub(crate) fn written(&self, body: &impl Serialize) -> Result<String, Fault> {
        self.ok(serde_json::to_string(body).map_err(|error| Error::Internal(format!("json: {error}"))))
    }
}

pub(crate) const JSON: &str = "application/json";

/// A token that opens nothing. Whoever tries many from one address is told to wait; a good
/// one from the same address is looked at all the same.
async fn refused(visit: &Visit, request: &HttpRequest, presented: &Presented) -> Fault {
    let client = visit.state.edge.client(request.head());
    if let Some(Err(seconds)) = client.map(|client| visit.state.edge.rates().wrong_token(client)) {
        return Fault::new(visit, Cause::TooMany(seconds));
    }
    if let Presented::Over(token) = presented
        && let Err(error) = visit.service().refuse_token(&visit.ctx, *token).await
    {
        return Fault::new(visit, Cause::Domain(error));
    }
    Fault::new(visit, ApiCause::Bearer { wrong: true }.into())
}

/// What the one `Authorization: Bearer` says; nothing where there is none.
fn bearer(headers: &HeaderMap) -> Option<Result<&str, ()>> {
    let mut all = headers.get_all(AUTHORIZATION);
    let first = all.next()?;
    if all.next().is_some() {
        return Some(Err(()));
    }
    let Ok(text) = first.to_str() else { return Some(Err(())) };
    let (scheme, token) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    Some(if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(()) })
}

/// Whether a media type is among those that are taken (RFC 9110, 12.5.1).
fn accepts(headers: &HeaderMap, media: &str) -> bool {
    let mut all = headers.get_all(ACCEPT).peekable();
    if all.peek().is_none() {
        return true;
    }
    let kind = media.split('/').next().unwrap_or_default();
    let mut best: Option<(u8, bool)> = None;
    for part in all.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
        let mut pieces = part.split(';').map(str::trim);
        let range = pieces.next().unwrap_or_default().to_ascii_lowercase();
        let exactness = match range.split_once('/') {
            _ if range == media => 3,
            Some((of, "*")) if of == kind => 2,
            Some(("*", "*")) => 1,
            _ => continue,
        };
        let refused = pieces.any(|piece| {
            let weight = piece.strip_prefix("q=").or_else(|| piece.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0))
        });
        if best.is_none_or(|(before, _)| exactness > before) {
            best = Some((exactness, !refused));
        }
    }
    best.is_some_and(|(_, taken)| taken)
}

impl FromRequest for Caller {
    type Error = actix_web::Error;
    type Future = Local<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

/// What a program with a good token sent; read only once the token is known.
pub(crate) struct Sent {
    pub(crate) caller: Caller,
    pub(crate) body: Bytes,
}

impl FromRequest for Sent {
    type Error = actix_web::Error;
    type Future = Local<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let caller = Caller::of(&request).await?;
            let body = read(&caller, &request, payload).await?;
            Ok(Self { caller, body })
        })
    }
}

async fn read(visit: &Visit, request: &HttpRequest, payload: Payload) -> Result<Bytes, Fault> {
    let fault = |cause| Err(Fault::new(visit, cause));
    if announced(request).is_some_and(|length| length > LIMIT as u64) {
        return fault(Cause::TooLarge);
    }
    let Ok(payload) = web::Payload::from_request(request, &mut { payload }).await else {
        return fault(Cause::TooLarge);
    };
    let body = match payload.to_bytes_limited(LIMIT).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) if connection::is_too_slow(&error) => return fault(Cause::TooSlow),
        Ok(Err(_)) => return fault(ApiCause::Malformed("the body is cut short".to_owned()).into()),
        Err(_) => return fault(Cause::TooLarge),
    };
    // nothing at all needs no name
    if !body.is_empty() && !request.content_type().eq_ignore_ascii_case(JSON) {
        return fault(Cause::MediaType);
    }
    Ok(body)
}

impl Sent {
    /// Reads the body where one may be left out.
    pub(crate) fn json_or_nothing<T: DeserializeOwned + Default>(&self) -> Result<T, Fault> {
        if self.body.is_empty() { Ok(T::default()) } else { Ok(self.json::<Option<T>>()?.unwrap_or_default()) }
    }

    /// Reads the body.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let mut json = serde_json::Deserializer::from_slice(&self.body);
        let wrong = |cause| Fault::new(&self.caller, cause);
        let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let pointer = FieldProblem::pointer_of(error.path());
            let inner = error.into_inner();
            if inner.is_data() {
                wrong(ApiCause::Problems(vec![FieldProblem::body(pointer, without_place(&inner))]).into())
            } else {
                wrong(ApiCause::Malformed(inner.to_string()).into())
            }
        })?;
        json.end().map_err(|error| wrong(ApiCause::Malformed(error.to_string()).into()))?;
        Ok(read)
    }
}

/// An error's words without line and column, since the pointer says where, and without names of
/// types of ours, which are nobody else's.
fn without_place(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
    let Some((found, expected)) = words.rsplit_once(", expected ") else {
        return if words.contains("variant of untagged enum") {
            "it fits nothing that may stand here".into()
        } else {
            words.into()
        };
    };
    let expected = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        _ if expected.starts_with("tuple struct ") || expected.starts_with("a tuple") => "a list",
        _ if expected.starts_with("struct ") => "an object",
        _ if expected.contains("enum ") => "one of the words that may stand here",
        other => other,
    };
    format!("{found}, expected {expected}")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn what_is_accepted() {
        let takes = |accept: &str, media| {
            let request = TestRequest::default().insert_header((ACCEPT, accept)).to_http_request();
            accepts(request.headers(), media)
        };
        for (accept, json) in [
            ("*/*", true),
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/html, application/*;q=0.1", true),
            ("text/html", false),
            ("", false),
            ("application/json;q=0, */*", false),
            ("*/*;q=0, application/json", true),
            ("image/jpeg", false),
        ] {
            assert_eq!(takes(accept, "application/json"), json, "{accept}");
        }
        assert!(takes("image/*", "image/jpeg") && !takes("application/json", "image/jpeg"));
        assert!(accepts(TestRequest::default().to_http_request().headers(), "application/json"));
    }

    #[test]
    fn what_was_expected_names_no_type_of_ours() {
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "read to be refused")]
        struct Inner {
            count: u32,
        }
        for (json, words) in [
            ("7", "invalid type: integer `7`, expected an object"),
            ("{\"count\": -1}", "invalid value: integer `-1`, expected a whole number that is not negative"),
            ("{}", "missing field `count`"),
        ] {
            assert_eq!(without_place(&serde_json::from_str::<Inner>(json).unwrap_err()), words);
        }
    }

    #[test]
    fn one_bearer_alone() {
        let said = |values: &[&str]| {
            let mut request = TestRequest::default();
            for value in values {
                request = request.append_header((AUTHORIZATION, *value));
            }
            let request = request.to_http_request();
            bearer(request.headers()).map(|said| said.map(str::to_owned))
        };
        assert_eq!(said(&[]), None);
        assert_eq!(said(&["Bearer estp_x"]), Some(Ok("estp_x".to_owned())));
        assert_eq!(said(&["bearer  estp_x "]), Some(Ok("estp_x".to_owned())));
        assert_eq!(said(&["Basic estp_x"]), Some(Err(())));
        assert_eq!(said(&["estp_x"]), Some(Err(())));
        assert_eq!(said(&["Bearer a", "Bearer b"]), Some(Err(())));
    }
}
