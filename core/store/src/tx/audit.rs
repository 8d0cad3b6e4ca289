//! Audit events. The tree and its checkpoints come later; each row carries its MAC
//! from the first day.

use std::borrow::Cow;

use diesel::prelude::*;
use estampe_domain::Actor;
use estampe_domain::audit::AuditEvent;

use serde_json::Value;

use super::{Tx, to_json};
use crate::conn::per_backend;
use crate::error::{Result, StoreError};
use crate::keyring::Keyring;
use crate::schema::audit_event;

/// An event as its row, with its MAC: to be written, or as it was read.
#[derive(Debug, Queryable)]
pub(crate) struct AuditRow {
    pub id: String,
    pub at: i64,
    pub actor_kind: Cow<'static, str>,
    pub actor_id: Option<String>,
    pub operation: Cow<'static, str>,
    pub object_kind: Cow<'static, str>,
    pub object_id: String,
    pub outcome: Cow<'static, str>,
    pub request_id: String,
    pub details: String,
    pub mac: Vec<u8>,
}

impl AuditRow {
    pub fn new(keys: &Keyring, event: &AuditEvent) -> Result<Self> {
        let mut row = Self {
            id: event.id.to_string(),
            at: event.context.now.as_micros(),
            actor_kind: event.context.actor.kind().into(),
            actor_id: match event.context.actor {
                Actor::Account(account) => Some(account.to_string()),
                Actor::Service(token) => Some(token.to_string()),
                Actor::Visitor | Actor::Operator | Actor::System => None,
            },
            operation: event.operation.into(),
            object_kind: event.object.0.into(),
            object_id: event.object.1.clone(),
            outcome: event.outcome.as_str().into(),
            request_id: event.context.request.to_string(),
            details: to_json(&details(event), "audit_event")?,
            mac: Vec::new(),
        };
        row.mac = row.with_parts(|parts| keys.audit.mac(parts));
        Ok(row)
    }

    /// Fails when the row was altered outside Estampe.
    pub fn ensure_genuine(&self, keys: &Keyring) -> Result<()> {
        let genuine = self.with_parts(|parts| keys.audit.verify(parts, &self.mac));
        if genuine { Ok(()) } else { Err(StoreError::Damaged("audit_event")) }
    }

    /// What the MAC is over. Never to be changed: old rows would seem altered.
    fn with_parts<T>(&self, then: impl FnOnce(&[&[u8]]) -> T) -> T {
        then(&[
            self.id.as_bytes(),
            &self.at.to_be_bytes(),
            self.actor_kind.as_bytes(),
            self.actor_id.as_deref().unwrap_or_default().as_bytes(),
            self.operation.as_bytes(),
            self.object_kind.as_bytes(),
            self.object_id.as_bytes(),
            self.outcome.as_bytes(),
            self.request_id.as_bytes(),
            self.details.as_bytes(),
        ])
    }
}

/// The details of an event; where an account acted through a token, which one.
fn details(event: &AuditEvent) -> Cow<'_, Value> {
    let (Actor::Account(_), Some(through)) = (event.context.actor, event.context.through) else {
        return Cow::Borrowed(&event.details);
    };
    let mut details = event.details.as_object().cloned().unwrap_or_default();
    details.insert("token".to_owned(), through.token.to_string().into());
    Cow::Owned(details.into())
}

/// The row as values to insert, for either kind of connection.
macro_rules! audit_values {
    ($row:expr) => {{
        use crate::schema::audit_event;
        let row: &crate::tx::audit::AuditRow = $row;
        (
            audit_event::id.eq(&row.id),
            audit_event::at.eq(row.at),
            audit_event::actor_kind.eq(&*row.actor_kind),
            audit_event::actor_id.eq(row.actor_id.as_deref()),
            audit_event::operation.eq(&*row.operation),
            audit_event::object_kind.eq(&*row.object_kind),
            audit_event::object_id.eq(&row.object_id),
            audit_event::outcome.eq(&*row.outcome),
            audit_event::request_id.eq(&row.request_id),
            audit_event::details.eq(&row.details),
            audit_event::mac.eq(&row.mac),
        )
    }};
}
pub(crate) use audit_values;

impl Tx<'_> {
    /// Writes an event, in the transaction of the change that it tells of.
    pub fn audit(&mut self, event: &AuditEvent) -> Result<()> {
        let row = AuditRow::new(self.keys, event)?;
        per_backend!(self.conn, c => {
            diesel::insert_into(audit_event::table).values(audit_values!(&row)).execute(c)?;
        });
        Ok(())
    }

    /// Counts the events of one operation on one object, and checks their MACs.
    /// `Damaged` when a row was altered outside Estampe.
    pub fn audit_count(&mut self, operation: &str, object_id: &str) -> Result<u64> {
        let rows: Vec<AuditRow> = audit_event::table
            .filter(audit_event::operation.eq(operation))
            .filter(audit_event::object_id.eq(object_id))
            .load(self.conn)?;
        for row in &rows {
            row.ensure_genuine(self.keys)?;
        }
        Ok(rows.len() as u64)
    }
}
