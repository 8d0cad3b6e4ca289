//! The middleware of every listener: lets a request in or says why not (see `edge`),
//! and sets the headers that every answer carries, in one place.

use std::future::{Ready, ready};

use actix_web::HttpMessage as _;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::InternalError;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

use crate::api::RateNote;
use crate::edge::admit;
use crate::forms::Local;

/// Which of the applications answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// Cards and forms, for anybody.
    Public,
    /// The console, for accounts.
    Console,
    /// The JSON API, for programs; on the console's listener.
    Api,
    /// The operator's Unix socket.
    Operator,
    /// The plain-HTTP listener, for anybody.
    Plain,
}

impl Surface {
    /// The surface of a path: the API is a part of the console's listener.
    pub(crate) fn at(self, path: &str) -> Self {
        if self == Self::Console && crate::api::is_api(path) { Self::Api } else { self }
    }

    /// Its name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Console => "console",
            Self::Api => "api",
            Self::Operator => "operator",
            Self::Plain => "plain",
        }
    }
}

/// Nothing but our own files: no inline style or script, no other origin, no frames.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; \
    script-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The same where pages ask again for parts of themselves.
const CONSOLE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; \
    script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// No device, no advertising interface.
const PERMISSIONS: &str = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), \
    browsing-topics=()";

/// On every answer, whoever made it.
const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS)),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// The middleware that refuses what must not come in, and sets the headers where a
/// handler has not set its own. It belongs outside of whatever answers by itself.
pub fn headers(surface: Surface) -> Headers {
    Headers(surface)
}

/// Made by [`headers`].
#[derive(Clone, Copy, Debug)]
pub struct Headers(Surface);

impl Headers {
    pub(crate) fn set(self, headers: &mut HeaderMap) {
        if self.0 == Surface::Console {
            set(headers, CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONSOLE_POLICY));
        }
        for (name, value) in ALWAYS {
            set(headers, name, value);
        }
        // nothing that is heard in clear may speak for the encrypted address
        if self.0 != Surface::Plain {
            set(headers, STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
        // a card is fetched again and again: it says itself how it may be kept
        set(headers, CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let referrer = match self.0 {
            Surface::Public | Surface::Plain => "no-referrer",
            // forms need an Origin of their own, which "no-referrer" would take away
            Surface::Console | Surface::Api | Surface::Operator => "same-origin",
        };
        set(headers, REFERRER_POLICY, HeaderValue::from_static(referrer));
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, value);
    }
}

impl<S, B> Transform<S, ServiceRequest> for Headers
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = WithHeaders<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(WithHeaders { headers: *self, service }))
    }
}

/// An application whose answers carry the headers.
#[derive(Debug)]
pub struct WithHeaders<S> {
    headers: Headers,
    service: S,
}

impl<S, B> Service<ServiceRequest> for WithHeaders<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = Local<Self::Response>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let headers = self.headers;
        if let Some(refusal) = admit(headers.0, &request) {
            let mut answer = request.into_response(refusal).map_into_right_body();
            headers.set(answer.headers_mut());
            return Box::pin(ready(Ok(answer)));
        }
        let answer = self.service.call(request);
        Box::pin(async move {
            match answer.await {
                Ok(mut answer) => {
                    let rate = answer.request().extensions().get::<RateNote>().copied();
                    if let Some(RateNote(left)) = rate {
                        left.set(answer.headers_mut());
                    }
                    headers.set(answer.headers_mut());
                    Ok(answer.map_into_left_body())
                }
                // actix would make an answer of it further out, without the headers
                Err(error) => {
                    let mut answer = error.error_response();
                    headers.set(answer.headers_mut());
                    Err(InternalError::from_response(error, answer).into())
                }
            }
        })
    }
}
