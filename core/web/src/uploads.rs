//! A form of a session with a file in it: the bundle of a plugin, a picture.
//!
//! The token stands before the file, so that nothing of a file is kept that was not sent
//! from one of this session's own pages.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::marker::PhantomData;
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

/// What is sent.
pub(crate) trait Sent: 'static {
    /// How the field of the file is called.
    const FIELD: &'static str;
    /// Most octets of the file.
    const MOST: u64;
}

/// The bundle of a plugin.
pub(crate) struct Bundle;

impl Sent for Bundle {
    const FIELD: &'static str = "bundle";
    const MOST: u64 = MAX_BUNDLE;
}

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
    /// It is larger than such a file may be.
    TooLarge,
}

/// A file that was sent: signed in, this session's token, from our own pages.
pub(crate) struct ProtectedUpload<S> {
    pub(crate) desk: Desk,
    pub(crate) file: Result<Arc<[u8]>, NoFile>,
    /// How the file was called where it came from.
    pub(crate) file_name: String,
    /// What was typed into the fields before it.
    pub(crate) typed: BTreeMap<String, String>,
    what: PhantomData<S>,
}

impl<S: Sent> FromRequest for ProtectedUpload<S> {
    type Error = actix_web::Error;
    type Future = Local<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let desk = Desk::of(&request).await?;
            is_from_here(&desk, &request)?;
            let mut upload = Self {
                desk,
                file: Err(NoFile::TooLarge),
                file_name: String::new(),
                typed: BTreeMap::new(),
                what: PhantomData,
            };
            // said beforehand: nothing of it is read, and nothing is done
            if announced(&request).is_none_or(|length| length <= S::MOST + MAX_AROUND) {
                let payload = web::Payload::from_request(&request, &mut payload).await?;
                upload.read(Multipart::new(request.headers(), payload)).await?;
            }
            Ok(upload)
        })
    }
}

impl<S: Sent> ProtectedUpload<S> {
    /// The file, once the token before it was seen.
    async fn read(&mut self, mut form: Multipart) -> Result<(), Fault> {
        let mut is_ours = false;
        self.file = Err(NoFile::Empty);
        for _ in 0..MAX_FIELDS {
            let Some(field) = poll_fn(|cx| Pin::new(&mut form).poll_next(cx)).await else { break };
            let field = field.map_err(|error| broken(&self.desk, error))?;
            let name = field.name().unwrap_or_default().to_owned();
            if name == S::FIELD {
                if is_ours {
                    let called = field.content_disposition().and_then(|about| about.get_filename());
                    called.unwrap_or_default().clone_into(&mut self.file_name);
                    let file = octets(field, S::MOST).await.map_err(|error| broken(&self.desk, error))?;
                    self.file = match file {
                        None => Err(NoFile::TooLarge),
                        Some(file) if file.is_empty() => Err(NoFile::Empty),
                        Some(file) => Ok(file.into()),
                    };
                }
                break;
            }
            let text = octets(field, MAX_FIELD).await.map_err(|error| broken(&self.desk, error))?;
            let text = text.ok_or_else(|| Fault::new(&self.desk, Cause::TooLarge))?;
            let text = String::from_utf8_lossy(&text).into_owned();
            if name == CSRF {
                is_ours = is_token(&self.desk.secret, &text);
            } else {
                self.typed.insert(name, text);
            }
        }
        if is_ours { Ok(()) } else { Err(Fault::new(&self.desk, Cause::Expired(None))) }
    }
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
