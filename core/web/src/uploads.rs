//! A form of a session with a file in it: the bundle of a plugin.
//!
//! The token stands before the file, so that nothing of a file is kept that was not sent
//! from one of this session's own pages.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, web};
use estampe_domain::Error;
use estampe_domain::bundle::MAX_BUNDLE;
use futures_core::Stream;

use crate::connection;
use crate::error::{Cause, Fault};
use crate::forms::{CSRF, Local, announced, is_from_here, is_token};
use crate::session::Desk;
use crate::visit::Visit;

/// How the field of the file is called.
pub(crate) const FILE: &str = "bundle";
/// Octets of any other field.
const MAX_FIELD: u64 = 1 << 10;
/// Octets of all that stands around the file.
const MAX_AROUND: u64 = 16 << 10;
/// Fields that are looked at.
const MAX_FIELDS: usize = 8;

/// Why there is no file to go on with, as far as a person can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoFile {
    /// None was chosen, or an empty one.
    Empty,
    /// It is larger than a bundle may be.
    TooLarge,
}

/// A bundle that was sent: signed in, this session's token, from our own pages.
pub(crate) struct ProtectedUpload {
    pub(crate) desk: Desk,
    pub(crate) bundle: Result<Arc<[u8]>, NoFile>,
}

impl FromRequest for ProtectedUpload {
    type Error = actix_web::Error;
    type Future = Local<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let desk = Desk::of(&request).await?;
            is_from_here(&desk, &request)?;
            // said beforehand: nothing of it is read, and nothing is done
            if announced(&request).is_some_and(|length| length > MAX_BUNDLE + MAX_AROUND) {
                return Ok(Self { desk, bundle: Err(NoFile::TooLarge) });
            }
            let payload = web::Payload::from_request(&request, &mut payload).await?;
            let bundle = read(&desk, Multipart::new(request.headers(), payload)).await?;
            Ok(Self { desk, bundle })
        })
    }
}

/// The file, once the token before it was seen.
async fn read(desk: &Desk, mut form: Multipart) -> Result<Result<Arc<[u8]>, NoFile>, Fault> {
    let mut is_ours = false;
    for _ in 0..MAX_FIELDS {
        let Some(field) = poll_fn(|cx| Pin::new(&mut form).poll_next(cx)).await else { break };
        let field = field.map_err(|error| broken(desk, error))?;
        match field.name() {
            Some(CSRF) => {
                let token = octets(field, MAX_FIELD).await.map_err(|error| broken(desk, error))?;
                let token = token.ok_or_else(|| Fault::new(desk, Cause::TooLarge))?;
                is_ours = is_token(&desk.secret, &String::from_utf8_lossy(&token));
            }
            Some(FILE) if is_ours => {
                let file = octets(field, MAX_BUNDLE).await.map_err(|error| broken(desk, error))?;
                return Ok(match file {
                    None => Err(NoFile::TooLarge),
                    Some(file) if file.is_empty() => Err(NoFile::Empty),
                    Some(file) => Ok(file.into()),
                });
            }
            Some(FILE) => break,
            _ => drop(octets(field, MAX_FIELD).await.map_err(|error| broken(desk, error))?),
        }
    }
    if is_ours { Ok(Err(NoFile::Empty)) } else { Err(Fault::new(desk, Cause::Expired)) }
}

/// All of a field; none when it is longer than this.
async fn octets(mut field: Field, limit: u64) -> Result<Option<Vec<u8>>, MultipartError> {
    let mut all: Vec<u8> = Vec::new();
    while let Some(some) = poll_fn(|cx| Pin::new(&mut field).poll_next(cx)).await {
        let some: Bytes = some?;
        if all.len() as u64 + some.len() as u64 > limit {
            return Ok(None);
        }
        all.extend_from_slice(&some);
    }
    Ok(Some(all))
}

/// What is said of a form that cannot be read to its end.
fn broken(visit: &Visit, error: MultipartError) -> Fault {
    // mostly somebody who went away in the middle
    let cut = || Fault::new(visit, Cause::Domain(Error::invalid("body", "it is no form, or cut short")));
    match error {
        MultipartError::Payload(error) => {
            if connection::is_too_slow(&error.into()) {
                Fault::new(visit, Cause::TooSlow)
            } else {
                cut()
            }
        }
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible
        | MultipartError::BoundaryMissing => Fault::new(visit, Cause::MediaType),
        _ => cut(),
    }
}
