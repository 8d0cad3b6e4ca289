//! Audit events. The tree and its checkpoints come later; each row carries its MAC
//! from the first day.

use diesel::prelude::*;
use estampe_domain::Actor;
use estampe_domain::audit::AuditEvent;

use super::{Tx, to_json};
use crate::error::Result;
use crate::keyring::Keyring;
use crate::schema::audit_event;

/// An event as its row, with its MAC.
#[derive(Debug)]
pub(crate) struct AuditRow {
    pub id: String,
    pub at: i64,
    pub actor_kind: &'static str,
    pub actor_id: Option<String>,
    pub operation: &'static str,
    pub object_kind: &'static str,
    pub object_id: String,
    pub outcome: &'static str,
    pub request_id: String,
    pub details: String,
    pub mac: Vec<u8>,
}

impl AuditRow {
    pub fn new(keys: &Keyring, event: &AuditEvent) -> Result<Self> {
        let mut row = Self {
            id: event.id.to_string(),
            at: event.context.now.as_micros(),
            actor_kind: event.context.actor.kind(),
            actor_id: match event.context.actor {
                Actor::Account(account) => Some(account.to_string()),
                Actor::Visitor | Actor::Operator | Actor::System => None,
            },
            operation: event.operation,
            object_kind: event.object.0,
            object_id: event.object.1.clone(),
            outcome: event.outcome.as_str(),
            request_id: event.context.request.to_string(),
            details: to_json(&event.details, "audit_event")?,
            mac: Vec::new(),
        };
        row.mac = keys.audit.mac(&[
            row.id.as_bytes(),
            &row.at.to_be_bytes(),
            row.actor_kind.as_bytes(),
            row.actor_id.as_deref().unwrap_or_default().as_bytes(),
            row.operation.as_bytes(),
            row.object_kind.as_bytes(),
            row.object_id.as_bytes(),
            row.outcome.as_bytes(),
            row.request_id.as_bytes(),
            row.details.as_bytes(),
        ]);
        Ok(row)
    }
}

/// The row as values to insert, for either kind of connection.
macro_rules! audit_values {
    ($row:expr) => {{
        use crate::schema::audit_event;
        let row: &crate::tx::audit::AuditRow = $row;
        (
            audit_event::id.eq(&row.id),
            audit_event::at.eq(row.at),
            audit_event::actor_kind.eq(row.actor_kind),
            audit_event::actor_id.eq(row.actor_id.as_deref()),
            audit_event::operation.eq(row.operation),
            audit_event::object_kind.eq(row.object_kind),
            audit_event::object_id.eq(&row.object_id),
            audit_event::outcome.eq(row.outcome),
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
        diesel::insert_into(audit_event::table).values(audit_values!(&row)).execute(self.conn)?;
        Ok(())
    }

    /// Counts the events of one operation on one object, and checks their MACs.
    /// `Damaged` when a row was altered outside Estampe.
    pub fn audit_count(&mut self, operation: &str, object_id: &str) -> Result<u64> {
        type Row = (String, i64, String, Option<String>, String, String, String, String, String, String, Vec<u8>);
        let rows: Vec<Row> = audit_event::table
            .filter(audit_event::operation.eq(operation))
            .filter(audit_event::object_id.eq(object_id))
            .load(self.conn)?;
        for (id, at, actor_kind, actor_id, operation, kind, object, outcome, request, details, mac) in &rows {
            let genuine = self.keys.audit.verify(
                &[
                    id.as_bytes(),
                    &at.to_be_bytes(),
                    actor_kind.as_bytes(),
                    actor_id.as_deref().unwrap_or_default().as_bytes(),
                    operation.as_bytes(),
                    kind.as_bytes(),
                    object.as_bytes(),
                    outcome.as_bytes(),
                    request.as_bytes(),
                    details.as_bytes(),
                ],
                mac,
            );
            if !genuine {
                return Err(crate::StoreError::Damaged("audit_event"));
            }
        }
        Ok(rows.len() as u64)
    }
}
