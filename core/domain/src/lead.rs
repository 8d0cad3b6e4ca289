//! Leads: what someone outside typed, parsed or answered field by field.

use serde::{Deserialize, Serialize};

use crate::ids::{CardId, LeadId, PersonId, SubjectId};
use crate::text::{Email, Line, Paragraph, Phone, TextProblem};
use crate::time::Ts;

/// A field of the form, by the name it has in HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadField {
    /// `name`
    Name,
    /// `email`
    Email,
    /// `phone`
    Phone,
    /// `company`
    Company,
    /// `message`
    Message,
}

impl LeadField {
    /// Its name in the form.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Company => "company",
            Self::Message => "message",
        }
    }
}

/// What was typed, exactly; kept until it could be stored or is given up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeadForm {
    /// Name, as typed.
    pub name: String,
    /// E-mail address, as typed.
    pub email: String,
    /// Telephone, as typed.
    pub phone: String,
    /// Company, as typed.
    pub company: String,
    /// Message, as typed.
    pub message: String,
    /// Keys of the purposes whose box was ticked.
    pub consents: Vec<String>,
    /// Made with the form; the same for a retry of the same submission.
    pub idempotency_key: String,
    /// The trap: a field that people do not see and leave empty, and programs that
    /// fill in whatever they find do not.
    pub website: String,
}

/// The details of a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadDetails {
    /// Name.
    pub name: Line,
    /// E-mail address; the acknowledgement goes there.
    pub email: Email,
    /// Telephone.
    pub phone: Option<Phone>,
    /// Company.
    pub company: Option<Line>,
    /// What they wanted to say.
    pub message: Option<Paragraph>,
}

/// What is wrong, field by field, in the order of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormProblems(pub Vec<(LeadField, TextProblem)>);

impl FormProblems {
    /// The problem of one field.
    pub fn of(&self, field: LeadField) -> Option<&TextProblem> {
        self.0.iter().find(|(f, _)| *f == field).map(|(_, problem)| problem)
    }
}

impl LeadForm {
    /// Parses every field and reports every problem at once.
    pub fn parse(&self) -> Result<LeadDetails, FormProblems> {
        let mut problems = Vec::new();
        let name = required::<Line>(LeadField::Name, &self.name, &mut problems);
        let email = required::<Email>(LeadField::Email, &self.email, &mut problems);
        let phone = optional::<Phone>(LeadField::Phone, &self.phone, &mut problems);
        let company = optional::<Line>(LeadField::Company, &self.company, &mut problems);
        let message = optional::<Paragraph>(LeadField::Message, &self.message, &mut problems);
        match (name, email) {
            (Some(name), Some(email)) if problems.is_empty() => {
                Ok(LeadDetails { name, email, phone, company, message })
            }
            _ => Err(FormProblems(problems)),
        }
    }
}

fn required<T: std::str::FromStr<Err = TextProblem>>(
    field: LeadField,
    typed: &str,
    problems: &mut Vec<(LeadField, TextProblem)>,
) -> Option<T> {
    match typed.parse() {
        Ok(value) => Some(value),
        Err(problem) => {
            problems.push((field, problem));
            None
        }
    }
}

fn optional<T: std::str::FromStr<Err = TextProblem>>(
    field: LeadField,
    typed: &str,
    problems: &mut Vec<(LeadField, TextProblem)>,
) -> Option<T> {
    if typed.trim().is_empty() { None } else { required(field, typed, problems) }
}

/// The key that makes a double submit one lead: 16 to 64 characters of
/// `A-Z a-z 0-9 _ -`, as the form or a client made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for IdempotencyKey {
    type Err = crate::ids::InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (16..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if fits { Ok(Self(text.to_owned())) } else { Err(crate::ids::InvalidId) }
    }
}

/// A stored lead with its details opened.
#[derive(Clone, Debug)]
pub struct Lead {
    /// Its id.
    pub id: LeadId,
    /// Whose data it is.
    pub subject: SubjectId,
    /// The card it was left at.
    pub card: CardId,
    /// The card's holder.
    pub person: PersonId,
    /// The holder's name; empty when they were erased.
    pub person_name: String,
    /// What was left; `None` when the subject's key was destroyed.
    pub details: Option<LeadDetails>,
    /// When.
    pub received_at: Ts,
}

/// What one person agreed to or was told, kept as proof (FACTS: exact text,
/// version, time, channel).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRecord {
    /// Key of the purpose.
    pub purpose: String,
    /// On what ground: a consent was asked for, a legitimate interest told.
    pub basis: crate::purpose::LegalBasis,
    /// Whether the box was ticked; for a legitimate interest always true: told.
    pub granted: bool,
    /// Version of the text.
    pub text_version: u32,
    /// The words as they stood on the page.
    pub wording: String,
    /// The language they stood in.
    pub locale: crate::Locale,
    /// When.
    pub at: Ts,
    /// By which way: `card-form`.
    pub channel: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_reported_at_once_and_optional_fields_may_be_empty() {
        let form = LeadForm { name: " ".into(), email: "a@b,fr".into(), phone: "abc".into(), ..LeadForm::default() };
        let problems = form.parse().unwrap_err();
        assert_eq!(problems.of(LeadField::Name), Some(&TextProblem::Empty));
        assert_eq!(problems.of(LeadField::Email), Some(&TextProblem::Comma("b.fr".into())));
        assert_eq!(problems.of(LeadField::Phone), Some(&TextProblem::NotAPhone));
        assert_eq!(problems.of(LeadField::Company), None);
        let form = LeadForm { name: "A".into(), email: "a@b.fr".into(), ..LeadForm::default() };
        assert!(form.parse().unwrap().phone.is_none());
    }
}
