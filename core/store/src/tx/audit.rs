//! Audit events. The tree and its checkpoints come later; each row carries its MAC
//! from the first day.

use diesel::prelude::*;
use estampe_domain::Actor;
use estampe_domain::audit::AuditEvent;

use super::{Tx, to_json};
use crate::error::Result;
use crate::schema::audit_event;

impl Tx<'_> {
    /// Writes an event, in the transaction of the change that it tells of.
    pub fn audit(&mut self, event: &AuditEvent) -> Result<()> {
        let id = event.id.to_string();
        let at = event.context.now.as_micros();
        let actor_kind = event.context.actor.kind();
        let actor_id = match event.context.actor {
            Actor::Account(account) => Some(account.to_string()),
            Actor::Visitor | Actor::Operator | Actor::System => None,
        };
        let (object_kind, object_id) = (event.object.0, event.object.1.as_str());
        let request_id = event.context.request.to_string();
        let details = to_json(&event.details, "audit_event")?;
        let mac = self.keys.audit.mac(&[
            id.as_bytes(),
            &at.to_be_bytes(),
            actor_kind.as_bytes(),
            actor_id.as_deref().unwrap_or_default().as_bytes(),
            event.operation.as_bytes(),
            object_kind.as_bytes(),
            object_id.as_bytes(),
            event.outcome.as_str().as_bytes(),
            request_id.as_bytes(),
            details.as_bytes(),
        ]);
        diesel::insert_into(audit_event::table)
            .values((
                audit_event::id.eq(id),
                audit_event::at.eq(at),
                audit_event::actor_kind.eq(actor_kind),
                audit_event::actor_id.eq(actor_id),
                audit_event::operation.eq(event.operation),
                audit_event::object_kind.eq(object_kind),
                audit_event::object_id.eq(object_id),
                audit_event::outcome.eq(event.outcome.as_str()),
                audit_event::request_id.eq(request_id),
                audit_event::details.eq(details),
                audit_event::mac.eq(mac),
            ))
            .execute(self.conn)?;
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
