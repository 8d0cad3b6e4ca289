//! A rule: names of attributes, or an expression.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Target;
use super::expression::Expression;
use super::reading::{LOOKED_AT, Named, texts};
use super::scan::is_word_of_expressions;
use crate::plugin::SourcePerson;

/// What fills in a field: an expression, parsed, kept with its text.
///
/// - `displayName or cn`: the first of these attributes that holds something usable; for a
///   field of several values, those of all of them;
/// - anything else is an expression of [minijinja](https://docs.rs/minijinja): `sn|upper`,
///   `[givenName, sn]|join(" ")`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule(Arc<Parsed>);

struct Parsed {
    text: String,
    form: Form,
}

enum Form {
    /// Attributes: the usual case, and much cheaper than an interpreter.
    Names(Vec<String>),
    Expression(Box<Expression>),
}

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleProblem {
    /// Nothing.
    #[error("it is empty")]
    Empty,
    /// More characters than an expression may have.
    #[error("it is longer than {0} characters")]
    TooLong(usize),
    /// It cannot be read, in the words of the interpreter.
    #[error("it cannot be read: {0}")]
    Syntax(String),
    /// A text begins and does not end.
    #[error("a quotation mark is opened and not closed")]
    OpenQuote,
    /// No filter has this name; these are there.
    #[error("there is no filter \"{0}\"; there are: {names}", names = .1.join(", "))]
    NoFilter(String, &'static [&'static str]),
    /// Something that expressions elsewhere have and these do not.
    #[error(
        "\"{0}\" has no place in an expression: there are attributes, texts in quotes, or, and, if … else, and filters"
    )]
    NoPlace(String),
    /// A name that can only stand in brackets.
    #[error("\"{0}\" has to be written attr[\"{0}\"]")]
    InBrackets(String),
    /// No plugin may read this attribute.
    #[error("\"{0}\" proves who somebody is, and is never read")]
    Secret(String),
    /// The pattern of this filter is no text in quotes.
    #[error("the pattern of {0} has to stand there as a text in quotes")]
    NoPattern(String),
    /// A pattern cannot be used.
    #[error("the pattern \"{0}\" cannot be used: {1}")]
    Pattern(String, String),
}

impl Rule {
    /// Most characters of an expression.
    pub const MAX: usize = 500;

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The attributes that it looks at.
    pub(super) fn attributes(&self) -> &[String] {
        match &self.0.form {
            Form::Names(names) => names,
            Form::Expression(expression) => expression.attributes(),
        }
    }

    /// The attributes that it names, where it does nothing else.
    pub(super) fn names(&self) -> Option<&[String]> {
        match &self.0.form {
            Form::Names(names) => Some(names),
            Form::Expression(_) => None,
        }
    }

    /// What it gives of a person, each with the name under which it is left out when it cannot
    /// be used. The error says why the expression failed.
    pub(super) fn values<'a>(&'a self, target: Target, person: &'a SourcePerson) -> Result<Vec<Named<'a>>, String> {
        match &self.0.form {
            Form::Names(names) => {
                let found = names.iter().flat_map(|name| texts(person, name).map(move |text| (name.as_str(), text)));
                Ok(found.take(LOOKED_AT).collect())
            }
            Form::Expression(expression) => {
                let texts = expression.texts(person)?;
                Ok(texts.into_iter().map(|text| (target.key(), Cow::Owned(text))).collect())
            }
        }
    }
}

impl FromStr for Rule {
    type Err = RuleProblem;

    fn from_str(text: &str) -> Result<Self, RuleProblem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(RuleProblem::Empty);
        }
        if text.chars().count() > Self::MAX {
            return Err(RuleProblem::TooLong(Self::MAX));
        }
        let form = match names(text) {
            Some(names) => Form::Names(names),
            None => Form::Expression(Box::new(text.parse()?)),
        };
        Ok(Self(Arc::new(Parsed { text: text.to_owned(), form })))
    }
}

/// The names of `one or other-one or third`; none where it is more than that.
fn names(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for (at, word) in text.split_whitespace().enumerate() {
        match (at % 2, word) {
            (0, name) if is_name(name) => names.push(name.to_owned()),
            (1, "or") => {}
            _ => return None,
        }
    }
    (!text.ends_with(" or")).then_some(names)
}

/// Whether it is an attribute's name (RFC 4512, or SCIM's with their dots and colons).
fn is_name(word: &str) -> bool {
    let first = word.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let rest = word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | ';'));
    first && rest && !is_word_of_expressions(word.split('.').next().unwrap_or_default())
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({:?})", self.as_str())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Rule {}

impl TryFrom<String> for Rule {
    type Error = RuleProblem;

    fn try_from(text: String) -> Result<Self, RuleProblem> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.as_str().to_owned()
    }
}
