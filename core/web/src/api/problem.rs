//! Errors as programs read them: problem+json (RFC 9457).

use serde::Serialize;
use serde_path_to_error::{Path, Segment};
use utoipa::ToSchema;

/// What went wrong (RFC 9457). `code` is stable; the words may change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The same as `code`, as a name: `urn:estampe:problem:not_found`.
    pub(crate) r#type: String,
    /// In words, in the language of the request.
    pub(crate) title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub(crate) status: u16,
    /// What a program goes by.
    pub(crate) code: &'static str,
    /// More of it, in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
    /// What is wrong with what was sent, part by part.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldProblem>,
    /// The request's id, which finds it in the appliance's log.
    pub(crate) request: String,
}

/// Something wrong with a part of what was sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// Where in the body, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pointer: Option<String>,
    /// Which parameter of the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameter: Option<String>,
    /// Which header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<&'static str>,
    /// What is wrong, and what would be right.
    pub(crate) detail: String,
}

impl FieldProblem {
    /// Of the body.
    pub(crate) fn body(pointer: String, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer), parameter: None, header: None, detail: detail.into() }
    }

    /// Of the query.
    pub(crate) fn query(parameter: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: None, parameter: Some(parameter.into()), header: None, detail: detail.into() }
    }

    /// Of a header.
    pub(crate) fn header(header: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: None, parameter: None, header: Some(header), detail: detail.into() }
    }

    /// A place in a body as a JSON pointer.
    pub(crate) fn pointer_of(path: &Path) -> String {
        let mut pointer = String::new();
        for segment in path {
            let part = match segment {
                Segment::Seq { index } => index.to_string(),
                Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
                Segment::Enum { .. } | Segment::Unknown => continue,
            };
            pointer.push('/');
            pointer.push_str(&part);
        }
        pointer
    }
}
