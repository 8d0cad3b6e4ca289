//! Why a program gets no answer of its own, beside what any request may meet.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use estampe_texts::key;

use crate::api::problem::FieldProblem;
use crate::error::{Cause, Entry, entry};

/// Why a program gets no answer of its own.
#[derive(Debug)]
pub(crate) enum ApiCause {
    /// No token, or a wrong one.
    Bearer {
        /// Whether one was presented.
        wrong: bool,
    },
    /// No answer of a kind that the asker takes; the kind that there is.
    NotAcceptable(&'static str),
    /// Something that cannot be read at all; why.
    Malformed(String),
    /// Parts of what was sent that cannot be used.
    Problems(Vec<FieldProblem>),
    /// An edit whose maker does not say what they saw.
    NeedsMatch,
    /// An Idempotency-Key that came with another request before.
    KeyUsed,
    /// A request with the same Idempotency-Key is under way.
    UnderWay,
    /// A request with the same Idempotency-Key began, and nobody knows how it ended.
    OutcomeUnknown,
}

impl From<ApiCause> for Cause {
    fn from(cause: ApiCause) -> Self {
        Self::Api(cause)
    }
}

impl ApiCause {
    /// Its line of the one table.
    pub(crate) fn entry(&self) -> Entry {
        let (status, code, title) = match self {
            Self::Bearer { .. } => (StatusCode::UNAUTHORIZED, "unauthenticated", key("error-token-title")),
            Self::NotAcceptable(_) => (StatusCode::NOT_ACCEPTABLE, "not_acceptable", key("error-acceptable-title")),
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed", key("error-invalid-title")),
            Self::Problems(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", key("error-invalid-title")),
            Self::NeedsMatch => (StatusCode::PRECONDITION_REQUIRED, "precondition_required", key("error-match-title")),
            Self::KeyUsed => (StatusCode::UNPROCESSABLE_ENTITY, "key_used", key("error-key-title")),
            Self::UnderWay => (StatusCode::CONFLICT, "under_way", key("error-under-way-title")),
            Self::OutcomeUnknown => (StatusCode::CONFLICT, "outcome_unknown", key("error-outcome-title")),
        };
        entry(status, code, title, key("error-invalid-text"))
    }

    /// More of it.
    pub(crate) fn detail(&self) -> Option<String> {
        let words = match self {
            Self::Problems(_) => return None,
            Self::NotAcceptable(media) => return Some(format!("there is {media} alone")),
            Self::Malformed(why) => return Some(why.clone()),
            Self::Bearer { wrong: false } => "send Authorization: Bearer with a token",
            Self::Bearer { wrong: true } => "the token is none, expired, was revoked, or its account may not sign in",
            Self::NeedsMatch => "send If-Match with the ETag of what is to be changed",
            Self::KeyUsed => "this Idempotency-Key came with another request; take a new one",
            Self::UnderWay => "a request with this Idempotency-Key is under way; ask again",
            Self::OutcomeUnknown => {
                "a request with this Idempotency-Key began and did not end; see what it did, then take a new key"
            }
        };
        Some(words.to_owned())
    }

    /// What is wrong part by part.
    pub(crate) fn errors(&self) -> Vec<FieldProblem> {
        if let Self::Problems(problems) = self { problems.clone() } else { Vec::new() }
    }

    /// The headers that belong to it.
    pub(crate) fn set(&self, headers: &mut HeaderMap) {
        match self {
            Self::Bearer { wrong } => {
                let challenge = if *wrong {
                    "Bearer realm=\"estampe\", error=\"invalid_token\""
                } else {
                    "Bearer realm=\"estampe\""
                };
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
            Self::UnderWay => {
                headers.insert(RETRY_AFTER, HeaderValue::from(1));
            }
            _ => {}
        }
    }
}
