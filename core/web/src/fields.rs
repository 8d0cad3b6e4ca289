//! A field of a form: label, what was typed, what is wrong with it.

use std::borrow::Cow;

/// How a field is filled in.
pub(crate) enum Kind {
    /// One line, with the `type` of the input.
    Line(&'static str),
    /// Several lines.
    Lines,
    /// One of these: value and words.
    Choice(Vec<(String, String)>),
    /// An address; of some of ours it is known what they are.
    Picture(Vec<(String, String)>),
}

/// A field.
pub(crate) struct Field {
    pub(crate) name: Cow<'static, str>,
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) problem: Option<String>,
    pub(crate) hint: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) autocomplete: &'static str,
    pub(crate) inputmode: Option<&'static str>,
    pub(crate) optional: bool,
}

impl Field {
    /// A line that has to be filled in.
    pub(crate) fn new(name: impl Into<Cow<'static, str>>, label: impl ToString, value: &str) -> Self {
        Self {
            name: name.into(),
            label: label.to_string(),
            value: value.to_owned(),
            problem: None,
            hint: None,
            kind: Kind::Line("text"),
            autocomplete: "off",
            inputmode: None,
            optional: false,
        }
    }

    pub(crate) fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    pub(crate) fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    pub(crate) fn autocomplete(mut self, purpose: &'static str) -> Self {
        self.autocomplete = purpose;
        self
    }

    pub(crate) fn inputmode(mut self, mode: &'static str) -> Self {
        self.inputmode = Some(mode);
        self
    }

    pub(crate) fn hint(mut self, hint: impl ToString) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    pub(crate) fn problem(mut self, problem: Option<String>) -> Self {
        self.problem = problem;
        self
    }

    /// For `aria-describedby`: the hint, then the problem.
    pub(crate) fn described_by(&self) -> Option<String> {
        let name = &self.name;
        match (&self.hint, &self.problem) {
            (None, None) => None,
            (Some(_), None) => Some(format!("h-{name}")),
            (None, Some(_)) => Some(format!("p-{name}")),
            (Some(_), Some(_)) => Some(format!("h-{name} p-{name}")),
        }
    }
}

/// How many of them have a problem.
pub(crate) fn problems(fields: &[Field]) -> usize {
    fields.iter().filter(|field| field.problem.is_some()).count()
}
