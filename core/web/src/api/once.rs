//! Requests that are done once however often they come: `Idempotency-Key`.

use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use estampe_domain::{Actor, Error};
use estampe_service::{AnswerKey, Asked};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::api::ApiCause;
use crate::api::caller::Sent;
use crate::api::problem::FieldProblem;
use crate::error::Fault;
use crate::respond::Reply;
use crate::visit::Visit;

/// The name that a program gives to a request.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// What of an answer's head is given again.
const KEPT: [HeaderName; 4] = [CONTENT_TYPE, LOCATION, ETAG, CACHE_CONTROL];
/// Most characters of a key.
const LONGEST: usize = 255;

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    /// Those of [`KEPT`] that it had.
    headers: Vec<(String, String)>,
    body: String,
}

/// Does `work`, or gives the answer of the first time that it was asked under the same key.
pub(crate) async fn once(sent: Sent, request: HttpRequest, work: impl AsyncFnOnce(&Sent) -> Reply + 'static) -> Reply {
    let Some(key) = key(&sent, &request)? else { return work(&sent).await };
    let caller = &sent.caller;
    let key = AnswerKey::new(caller.who.token.id, caller.secret.reveal(), &key);
    let fingerprint = fingerprint(&request, &sent.body);
    // whoever goes away in the middle comes again: what began is ended, and its answer kept
    let all = async move {
        let caller = &sent.caller;
        match caller.ok(caller.service().begin_answer(&caller.ctx, &key, &fingerprint).await)? {
            Asked::New => keep(&sent, &key, work(&sent).await).await,
            Asked::Answered(kept) => again(&sent, &kept),
            Asked::Differs => Err(Fault::new(caller, ApiCause::KeyUsed.into())),
            Asked::UnderWay => Err(Fault::new(caller, ApiCause::UnderWay.into())),
            Asked::Lost => Err(Fault::new(caller, ApiCause::OutcomeUnknown.into())),
        }
    };
    let visit = Visit::of(&request, Actor::Visitor);
    match (actix_web::rt::spawn(all).await, visit) {
        (Ok(reply), _) => reply,
        (Err(error), Ok(visit)) => visit.ok(Err(Error::Internal(format!("a request with a key: {error}")))),
        (Err(_), Err(error)) => Ok(error.error_response()),
    }
}

/// Keeps an answer. What failed on our side did nothing, and may be asked again; so may what
/// another time is done: a conflict ends, and so does a flood.
async fn keep(sent: &Sent, key: &AnswerKey, answer: Reply) -> Reply {
    let caller = &sent.caller;
    let answer = answer.unwrap_or_else(|fault| fault.error_response());
    let status = answer.status();
    if status.is_server_error() || matches!(status, StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS) {
        caller.ok(caller.service().forget_answer(key).await)?;
        return Ok(answer);
    }
    let text = |name: HeaderName| {
        let value = answer.headers().get(&name)?.to_str().ok()?.to_owned();
        Some((name.to_string(), value))
    };
    let headers = KEPT.into_iter().filter_map(text).collect();
    let (head, body) = answer.into_parts();
    let unreadable = |_| Error::Internal("an answer cannot be read again".to_owned());
    let body = caller.ok(to_bytes(body).await.map_err(unreadable))?;
    let kept = Kept { status: status.as_u16(), headers, body: String::from_utf8_lossy(&body).into_owned() };
    let kept = caller.written(&kept)?.into_bytes();
    // it is done: an answer that cannot be kept is given all the same
    if let Err(error) = caller.service().keep_answer(key, kept).await {
        tracing::warn!(error.code = error.code(), "an answer to a request with a key was not kept");
    }
    Ok(head.set_body(body).map_into_boxed_body())
}

fn key(sent: &Sent, request: &HttpRequest) -> Result<Option<String>, Fault> {
    let mut all = request.headers().get_all(KEY);
    let Some(first) = all.next() else { return Ok(None) };
    let text = first.to_str().map(str::trim).unwrap_or_default();
    if text.is_empty() || text.len() > LONGEST || all.next().is_some() {
        let why = format!("it is one text of 1 to {LONGEST} characters of ASCII");
        return Err(Fault::new(
            &sent.caller,
            ApiCause::Problems(vec![FieldProblem::header("Idempotency-Key", why)]).into(),
        ));
    }
    Ok(Some(text.to_owned()))
}

/// The hash of all that is asked.
fn fingerprint(request: &HttpRequest, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    let asked = request.uri().path_and_query().map_or("", |path| path.as_str());
    hash.update(format!("{} {asked}\0", request.method()));
    hash.update(body);
    data_encoding::HEXLOWER.encode(&hash.finalize())
}

fn again(sent: &Sent, kept: &[u8]) -> Reply {
    let unreadable = |error| Error::Internal(format!("a kept answer: {error}"));
    let kept: Kept = sent.caller.ok(serde_json::from_slice(kept).map_err(unreadable))?;
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = HttpResponse::build(status);
    reply.insert_header((REPLAYED, HeaderValue::from_static("true")));
    for header in kept.headers {
        reply.insert_header(header);
    }
    Ok(reply.body(kept.body))
}
