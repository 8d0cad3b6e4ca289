//! Lists: what of them is asked, and where the next page begins.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LINK};
use data_encoding::BASE64URL_NOPAD;
use estampe_domain::Error;
use estampe_service::views::Asking;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::ApiCause;
use crate::api::caller::Caller;
use crate::api::problem::FieldProblem;
use crate::error::Fault;
use crate::respond::Reply;
use crate::visit::Visit;

/// How a page is long when nothing is said.
const USUAL: i64 = 50;
/// How a page is long at most.
const MOST: i64 = 200;

/// The parameters of a query. Those that an address does not have, and those that come
/// twice, are refused: a misspelt filter must not give everything.
pub(crate) fn query<T: DeserializeOwned>(visit: &Visit, request: &HttpRequest) -> Result<T, Fault> {
    let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map_err(|error| {
        let name = error.path().to_string();
        let name = if name == "." || name == "?" { String::new() } else { name };
        wrong(visit, FieldProblem::query(name, error.into_inner().to_string()))
    })
}

/// An address without parameters.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

fn wrong(visit: &Visit, problem: FieldProblem) -> Fault {
    Fault::new(visit, ApiCause::Problems(vec![problem]).into())
}

/// Reads `cursor` and `limit`. A cursor is of one kind of list alone.
pub(crate) fn asking(visit: &Visit, kind: &str, cursor: Option<&str>, limit: Option<i64>) -> Result<Asking, Fault> {
    let limit = limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(wrong(visit, FieldProblem::query("limit", format!("it is 1 to {MOST}"))));
    }
    let after = match cursor {
        None => None,
        Some(cursor) => Some(opened(kind, cursor).ok_or_else(|| lost(visit))?),
    };
    Ok(Asking { after, limit })
}

fn lost(visit: &Visit) -> Fault {
    let why = "it is no cursor of this list, or what it stood at is gone: begin at the front";
    wrong(visit, FieldProblem::query("cursor", why))
}

fn opened(kind: &str, cursor: &str) -> Option<String> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?).ok()?;
    text.strip_prefix(kind)?.strip_prefix(':').map(str::to_owned)
}

/// A place in a list, closed to its reader.
pub(crate) fn cursor(kind: &str, after: &str) -> String {
    BASE64URL_NOPAD.encode(format!("{kind}:{after}").as_bytes())
}

/// The result of a list; one that cannot go on from its cursor says so.
pub(crate) fn listed<T>(visit: &Visit, asked: Option<&str>, result: Result<T, Error>) -> Result<T, Fault> {
    match result {
        Err(Error::NotFound) if asked.is_some() => Err(lost(visit)),
        other => visit.ok(other),
    }
}

/// A page, with its `Link` to the next one (RFC 8288).
pub(crate) fn answer(caller: &Caller, request: &HttpRequest, next: Option<&str>, body: &impl Serialize) -> Reply {
    let mut reply = caller.json(StatusCode::OK, body)?;
    if let Some(next) = next {
        let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.filter(|(name, _)| name != "cursor"));
        let query = query.append_pair("cursor", next).finish();
        let link = format!("<{}?{query}>; rel=\"next\"", request.path());
        if let Ok(link) = HeaderValue::from_str(&link) {
            reply.headers_mut().insert(LINK, link);
        }
    }
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_of_one_list() {
        let one = cursor("people", "01a2");
        assert_eq!(opened("people", &one).as_deref(), Some("01a2"));
        assert_eq!(opened("leads", &one), None);
        assert_eq!(opened("people", "01a2"), None);
        assert_eq!(opened("people", "é"), None);
    }
}
