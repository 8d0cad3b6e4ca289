//! What was done, by whom, to what: written in the same transaction as the change.

use serde_json::Value;

use crate::context::Context;
use crate::ids::AuditId;
use crate::ports::Random;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Refused, with nothing changed.
    Refused,
}

impl Outcome {
    /// As the database keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// One event. `details` hold counts, versions and names of settings; never
/// personal data.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    /// Its id.
    pub id: AuditId,
    /// The circumstances.
    pub context: Context,
    /// What was done: `lead.receive`, `person.create`, `run.apply`, ….
    pub operation: &'static str,
    /// What it was done to: a kind and an id.
    pub object: (&'static str, String),
    /// How it ended.
    pub outcome: Outcome,
    /// More, without personal data.
    pub details: Value,
}

impl AuditEvent {
    /// An event of something done.
    pub fn done(
        context: &Context,
        random: &dyn Random,
        operation: &'static str,
        kind: &'static str,
        reference: impl ToString,
    ) -> Self {
        Self {
            id: AuditId::new(context.now, random),
            context: *context,
            operation,
            object: (kind, reference.to_string()),
            outcome: Outcome::Done,
            details: Value::Null,
        }
    }

    /// The same event, with an outcome of "refused".
    pub fn refused(mut self) -> Self {
        self.outcome = Outcome::Refused;
        self
    }

    /// The same event with details.
    pub fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}
