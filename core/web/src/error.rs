//! What went wrong, mapped once: to a status, a stable code and words, for pages and
//! for problem+json alike. Defects are logged here, once, without personal data.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, VARY};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;
use estampe_domain::{Error, ErrorKind, RequestId};
use estampe_texts::key;

use crate::api::{ApiCause, FieldProblem, Problem};
use crate::headers::Surface;
use crate::locale::Lang;
use crate::public::card::initial;
use crate::refusals;
use crate::respond::see_other;
use crate::visit::Visit;

/// Why a request got no answer of its own.
#[derive(Debug)]
pub(crate) enum Cause {
    /// A use case said so.
    Domain(Error),
    /// A form that some other site sent.
    Origin,
    /// A form whose token is not this session's, and what was typed into it, where that can be sent again.
    Expired(Option<Kept>),
    /// What was typed into a form whose session is over.
    Ended(Kept),
    /// A method that this address does not have; those that it has.
    Method(&'static str),
    /// A body above the limit.
    TooLarge,
    /// A body that came too slowly to wait for its end.
    TooSlow,
    /// Something sent where nothing is encrypted.
    Clear,
    /// A head above the limit.
    HeadTooLarge,
    /// A path and query above the limit.
    AddressTooLong,
    /// A body of another kind than this address takes, or a compressed one.
    MediaType,
    /// A `Host` that is missing, double or none.
    Host,
    /// A host that is not ours.
    Misdirected,
    /// More than this client may ask; seconds to wait.
    TooMany(u64),
    /// What only programs meet.
    Api(ApiCause),
    /// Not signed in: where to go instead.
    SignIn(String),
}

/// A form that was not taken, as it was sent: nothing of it is lost while somebody signs in anew.
pub(crate) struct Kept {
    /// Where it goes, with its query.
    pub(crate) action: String,
    /// What was typed; the token is another one.
    pub(crate) fields: Vec<(String, String)>,
    /// The token of the session that there is; nothing without one.
    pub(crate) csrf: String,
}

// what was typed is nobody's to log
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("action", &self.action).finish_non_exhaustive()
    }
}

pub(crate) fn entry(status: StatusCode, code: &'static str, title: &'static str, text: &'static str) -> Entry {
    Entry { status, code, title, text }
}

/// A request's failure, ready to be shown where it happened.
pub(crate) struct Fault(Box<Inner>);

struct Inner {
    cause: Cause,
    surface: Surface,
    l: Lang,
    request: RequestId,
    /// Where to go on once somebody confirmed who they are.
    asked: Option<String>,
    /// Whose house this is.
    host: String,
}

/// A line of the one table.
pub(crate) struct Entry {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    text: &'static str,
}

impl Fault {
    pub(crate) fn new(visit: &Visit, cause: Cause) -> Self {
        let request = visit.ctx.request;
        refusals::note(visit, &cause);
        if let Cause::Domain(error) = &cause {
            match error.kind() {
                ErrorKind::Internal => {
                    tracing::error!(request.id = %request, error.code = error.code(), error.text = %error, "a request failed");
                }
                // a plugin's words may name people: its kind says enough here
                ErrorKind::Unavailable if let Error::Plugin(failure) = error => {
                    tracing::warn!(request.id = %request, plugin.failure = failure.kind.as_str(), "a plugin failed");
                }
                ErrorKind::Unavailable | ErrorKind::StorageFull => {
                    tracing::warn!(request.id = %request, error.code = error.code(), error.text = %error, "a request could not be served now");
                }
                _ => {}
            }
        }
        let (l, asked, host) = (visit.l.clone(), visit.asked.clone(), visit.organisation().to_owned());
        Self(Box::new(Inner { cause, surface: visit.surface, l, request, asked, host }))
    }

    pub(crate) fn not_found(visit: &Visit) -> Self {
        Self::new(visit, Cause::Domain(Error::NotFound))
    }

    /// Whether it only says that somebody has to sign in.
    pub(crate) fn wants_sign_in(&self) -> bool {
        matches!(&self.0.cause, Cause::SignIn(door) if door.starts_with("/sign-in"))
    }

    /// The domain's error, where there is one.
    pub(crate) fn domain(&self) -> Option<&Error> {
        match &self.0.cause {
            Cause::Domain(error) => Some(error),
            _ => None,
        }
    }
}

impl Inner {
    /// The one table.
    fn entry(&self) -> Entry {
        match &self.cause {
            Cause::Domain(error) => self.of_domain(error),
            Cause::Origin => entry(
                StatusCode::FORBIDDEN,
                "foreign_origin",
                key("error-origin-title"),
                match self.surface {
                    Surface::Public | Surface::Plain => key("error-origin-text"),
                    Surface::Console | Surface::Api | Surface::Operator => key("error-console-origin-text"),
                },
            ),
            Cause::Expired(kept) => entry(
                StatusCode::FORBIDDEN,
                "form_expired",
                key("error-expired-title"),
                if kept.is_some() { key("error-expired-kept") } else { key("error-expired-text") },
            ),
            Cause::Ended(_) => {
                entry(StatusCode::UNAUTHORIZED, "session_ended", key("error-ended-title"), key("error-ended-text"))
            }
            Cause::Method(_) => entry(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                key("error-method-title"),
                key("error-method-text"),
            ),
            Cause::TooLarge => entry(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                key("error-too-large-title"),
                key("error-too-large-text"),
            ),
            Cause::TooSlow => {
                entry(StatusCode::REQUEST_TIMEOUT, "too_slow", key("error-too-slow-title"), key("error-too-slow-text"))
            }
            Cause::Clear => entry(
                StatusCode::MISDIRECTED_REQUEST,
                "not_encrypted",
                key("error-clear-title"),
                key("error-clear-text"),
            ),
            Cause::HeadTooLarge => entry(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "head_too_large",
                key("error-too-large-title"),
                key("error-head-text"),
            ),
            Cause::AddressTooLong => entry(
                StatusCode::URI_TOO_LONG,
                "address_too_long",
                key("error-too-large-title"),
                key("error-address-text"),
            ),
            Cause::MediaType => entry(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media_type",
                key("error-invalid-title"),
                key("error-media-text"),
            ),
            Cause::Host => entry(StatusCode::BAD_REQUEST, "host", key("error-invalid-title"), key("error-host-text")),
            Cause::Misdirected => entry(
                StatusCode::MISDIRECTED_REQUEST,
                "misdirected",
                key("error-misdirected-title"),
                key("error-misdirected-text"),
            ),
            Cause::TooMany(_) => entry(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many",
                key("error-too-many-title"),
                key("error-too-many-text"),
            ),
            Cause::Api(cause) => cause.entry(),
            Cause::SignIn(_) => entry(
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                key("error-unauthenticated-title"),
                key("error-unauthenticated-text"),
            ),
        }
    }

    fn of_domain(&self, error: &Error) -> Entry {
        match error.kind() {
            ErrorKind::NotFound => entry(
                StatusCode::NOT_FOUND,
                error.code(),
                key("error-not-found-title"),
                match self.surface {
                    Surface::Public | Surface::Plain => key("error-not-found-text"),
                    Surface::Console | Surface::Api | Surface::Operator => key("error-console-not-found-text"),
                },
            ),
            ErrorKind::Invalid => entry(
                StatusCode::UNPROCESSABLE_ENTITY,
                error.code(),
                key("error-invalid-title"),
                key("error-invalid-text"),
            ),
            ErrorKind::Conflict if matches!(error, Error::Changed(_)) && self.surface == Surface::Api => entry(
                StatusCode::PRECONDITION_FAILED,
                error.code(),
                key("error-conflict-title"),
                key("error-conflict-text"),
            ),
            ErrorKind::Conflict => {
                entry(StatusCode::CONFLICT, error.code(), key("error-conflict-title"), key("error-conflict-text"))
            }
            ErrorKind::Forbidden => {
                entry(StatusCode::FORBIDDEN, error.code(), key("error-forbidden-title"), key("error-forbidden-text"))
            }
            ErrorKind::Unauthenticated => entry(
                StatusCode::UNAUTHORIZED,
                error.code(),
                key("error-unauthenticated-title"),
                key("error-unauthenticated-text"),
            ),
            ErrorKind::Unconfirmed => entry(
                StatusCode::FORBIDDEN,
                error.code(),
                key("error-unconfirmed-title"),
                key("error-unconfirmed-text"),
            ),
            ErrorKind::Unavailable if matches!(error, Error::Plugin(_)) => {
                entry(StatusCode::BAD_GATEWAY, error.code(), key("error-plugin-title"), key("error-plugin-text"))
            }
            ErrorKind::Unavailable => entry(
                StatusCode::SERVICE_UNAVAILABLE,
                error.code(),
                key("error-unavailable-title"),
                key("error-unavailable-text"),
            ),
            ErrorKind::StorageFull => {
                entry(StatusCode::INSUFFICIENT_STORAGE, error.code(), key("error-full-title"), key("error-full-text"))
            }
            ErrorKind::Internal => entry(
                StatusCode::INTERNAL_SERVER_ERROR,
                error.code(),
                key("error-internal-title"),
                key("error-internal-text"),
            ),
        }
    }

    fn kept(&self) -> Option<&Kept> {
        match &self.cause {
            Cause::Expired(kept) => kept.as_ref(),
            Cause::Ended(kept) => Some(kept),
            _ => None,
        }
    }

    /// What the domain adds for people: never for defects, which may hold internals.
    fn detail(&self) -> Option<String> {
        match &self.cause {
            Cause::Domain(Error::Invalid { .. } | Error::Bundle(_) | Error::Conflict(_) | Error::Changed(_)) => {
                match &self.cause {
                    Cause::Domain(error) => Some(error.to_string()),
                    _ => None,
                }
            }
            Cause::Domain(Error::Plugin(failure)) => Some(failure.message.clone()),
            Cause::Domain(Error::Forbidden) if self.surface == Surface::Api => {
                Some("the token's scopes, or the roles of its account, do not allow this".to_owned())
            }
            Cause::MediaType if self.surface == Surface::Api => {
                Some("send the body as JSON, with Content-Type: application/json".to_owned())
            }
            Cause::Api(cause) => cause.detail(),
            _ => None,
        }
    }

    /// What is wrong part by part, for programs.
    fn errors(&self) -> Vec<FieldProblem> {
        match &self.cause {
            Cause::Api(cause) => cause.errors(),
            Cause::Domain(Error::Invalid { what, why }) if self.surface == Surface::Api => {
                vec![FieldProblem::body(format!("/{what}"), why.clone())]
            }
            _ => Vec::new(),
        }
    }

    /// The reference that finds the log line; absent where two answers must be the same.
    fn reference(&self) -> Option<String> {
        let logged = matches!(
            &self.cause,
            Cause::Domain(error)
                if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unavailable | ErrorKind::StorageFull)
        );
        logged.then(|| self.request.to_string())
    }
}

/// Where to confirm who one is, on the way to this page.
fn confirm_for(next: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("/confirm?{query}")
}

/// A page that says what went wrong.
#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
    pub(crate) detail: Option<String>,
    pub(crate) reference: Option<String>,
    /// Whose house this is, for visitors.
    pub(crate) host: Option<&'a str>,
    pub(crate) home: bool,
    /// A form to send again.
    pub(crate) kept: Option<&'a Kept>,
    /// How long to wait, where the words say so.
    pub(crate) seconds: u64,
}

impl ErrorPage<'_> {
    /// The house's name as cards show it: its letter, and all of it.
    fn brand(&self) -> Option<(String, &str)> {
        self.host.map(|host| (initial(host), host))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.cause.fmt(f)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.entry().code)
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        self.0.entry().status
    }

    fn error_response(&self) -> HttpResponse {
        let inner = &self.0;
        let Entry { status, code, title, text } = inner.entry();
        let mut response = match (&inner.cause, inner.surface) {
            (_, Surface::Operator | Surface::Api) => {
                HttpResponse::build(status).insert_header((CONTENT_TYPE, "application/problem+json")).body(
                    serde_json::to_string(&Problem {
                        r#type: format!("urn:estampe:problem:{code}"),
                        title: inner.l.t(title).to_string(),
                        status: status.as_u16(),
                        code,
                        detail: inner.detail(),
                        errors: inner.errors(),
                        request: inner.request.to_string(),
                    })
                    .unwrap_or_default(),
                )
            }
            (Cause::SignIn(location), _) => see_other(location),
            (Cause::Domain(Error::Awaits(_)), Surface::Console) => see_other("/approvals"),
            (Cause::Domain(Error::Unconfirmed), Surface::Console) => {
                see_other(&confirm_for(inner.asked.as_deref().unwrap_or("/")))
            }
            _ => {
                let page = ErrorPage {
                    l: &inner.l,
                    title,
                    text,
                    detail: inner.detail(),
                    reference: inner.reference(),
                    host: matches!(inner.surface, Surface::Public | Surface::Plain).then_some(&*inner.host),
                    home: inner.surface == Surface::Console && inner.kept().is_none(),
                    kept: inner.kept(),
                    seconds: if let Cause::TooMany(seconds) = inner.cause { seconds } else { 0 },
                };
                HttpResponse::build(status)
                    .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
                    .insert_header((CACHE_CONTROL, "no-store"))
                    .insert_header((VARY, "Accept-Language"))
                    .body(page.render().unwrap_or_default())
            }
        };
        match &inner.cause {
            Cause::Api(cause) => cause.set(response.headers_mut()),
            Cause::Method(allowed) => {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
            }
            Cause::TooMany(seconds) => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
            }
            _ => {}
        }
        response
    }
}
