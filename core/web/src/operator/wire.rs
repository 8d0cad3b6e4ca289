//! A request over the operator's socket, and JSON in and out.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use estampe_domain::{Actor, Error};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Cause, Fault};
use crate::forms::Local;
use crate::respond::Reply;
use crate::visit::Visit;

/// Most bytes of a body.
const LIMIT: usize = 256 * 1024;
/// Most bytes of a file: a bundle has its own, smaller limit.
const UPLOAD: usize = 80 << 20;

/// A visit by the operator.
pub(crate) struct Wire(Visit);

impl Deref for Wire {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.0
    }
}

impl FromRequest for Wire {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Visit::of(request, Actor::Operator).map(Self))
    }
}

/// A body of JSON; what is longer than any command's is refused in our words.
pub(crate) struct Body(Bytes);

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl FromRequest for Body {
    type Error = actix_web::Error;
    type Future = Local<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = limited(request.clone(), payload.take(), LIMIT);
        Box::pin(async move { Ok(Self(body.await?)) })
    }
}

/// A body of at most so many octets.
async fn limited(request: HttpRequest, mut payload: Payload, limit: usize) -> Result<Bytes, actix_web::Error> {
    let visit = Visit::of(&request, Actor::Operator)?;
    let payload = web::Payload::from_request(&request, &mut payload).await?;
    match payload.to_bytes_limited(limit).await {
        Ok(body) => body,
        Err(_) => Err(Fault::new(&visit, Cause::TooLarge).into()),
    }
}

/// A file as a body: the bundle of a plugin.
pub(crate) struct Upload(Bytes);

impl Upload {
    /// Its octets.
    pub(crate) fn octets(&self) -> Arc<[u8]> {
        Arc::from(&*self.0)
    }
}

impl FromRequest for Upload {
    type Error = actix_web::Error;
    type Future = Local<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = limited(request.clone(), payload.take(), UPLOAD);
        Box::pin(async move { Ok(Self(body.await?)) })
    }
}

impl Wire {
    /// Reads a body; nothing at all is an empty object.
    pub(crate) fn body<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, Fault> {
        let bytes = if bytes.is_empty() { b"{}" } else { bytes };
        self.ok(serde_json::from_slice(bytes).map_err(|error| Error::invalid("body", error.to_string())))
    }

    /// An answer.
    pub(crate) fn json(&self, status: StatusCode, body: &impl Serialize) -> Reply {
        let text = serde_json::to_string(body).map_err(|error| Error::Internal(format!("json: {error}")));
        Ok(HttpResponse::build(status).insert_header((CONTENT_TYPE, "application/json")).body(self.ok(text)?))
    }
}
