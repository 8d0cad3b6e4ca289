//! A lead of someone who was here before into PostgreSQL, by one statement: one round
//! trip, and its own transaction.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text};

use super::receive::{PreparedLead, StoredConsent};
use crate::error::{Result, StoreError};

/// Writes a lead.
pub fn insert(conn: &mut PgConnection, new: &PreparedLead) -> Result<()> {
    if new.of_a_new_human() {
        return super::receive_together::insert(conn, &[new]);
    }
    // without its subject nothing of it was written
    if Statement::new(new).execute(conn)? == 0 { Err(StoreError::Moved) } else { Ok(()) }
}

/// One statement text, prepared once for each connection.
struct Statement<'a> {
    new: &'a PreparedLead,
    granted: Vec<bool>,
    wordings: Vec<&'a str>,
    channels: Vec<&'static str>,
    jobs: Vec<&'a str>,
    queues: Vec<&'static str>,
    kinds: Vec<&'static str>,
    references: Vec<&'a str>,
    requests: Vec<&'a str>,
    times: Vec<i64>,
}

impl<'a> Statement<'a> {
    fn new(new: &'a PreparedLead) -> Self {
        let (consents, jobs) = (&new.consents, &new.jobs);
        Self {
            new,
            granted: consents.iter().map(|c| c.granted).collect(),
            wordings: consents.iter().map(StoredConsent::wording_id).collect(),
            channels: consents.iter().map(|c| c.channel).collect(),
            jobs: jobs.iter().map(|j| j.id.as_str()).collect(),
            queues: jobs.iter().map(|j| j.queue).collect(),
            kinds: jobs.iter().map(|j| j.kind).collect(),
            references: jobs.iter().map(|j| j.reference.as_str()).collect(),
            requests: jobs.iter().map(|j| j.request.as_str()).collect(),
            times: jobs.iter().map(|j| j.run_at).collect(),
        }
    }
}

impl QueryId for Statement<'_> {
    type QueryId = Statement<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for Statement<'_> {}

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let new = self.new;
        macro_rules! sql {
            ($($part:tt),+ $(,)?) => {{ $(sql!(@ $part);)+ }};
            (@ [$kind:ty: $value:expr]) => { out.push_bind_param::<$kind, _>($value)? };
            (@ $text:literal) => { out.push_sql($text) };
        }
        // whose it is: exactly one row, or none and nothing is written. A subject that is
        // known is kept from being erased until this is written.
        sql!(
            "WITH s AS (SELECT id AS subject_id FROM subject WHERE email_mac = ", [Binary: &new.email_mac],
            " AND id = ", [Text: &new.subject.id], " FOR SHARE)",
            ", c AS (INSERT INTO consent (lead_id, wording_id, granted, at, channel) SELECT ", [Text: &new.id],
            ", c.wording, c.granted, ", [BigInt: &new.at], ", c.channel FROM s, unnest(",
            [Array<Text>: &self.wordings], ", ", [Array<Bool>: &self.granted], ", ", [Array<Text>: &self.channels],
            ") AS c (wording, granted, channel))",
        );
        let audit = &new.audit;
        sql!(
            ", a AS (INSERT INTO audit_event (id, at, actor_kind, actor_id, operation, object_kind, object_id, outcome, \
             request_id, details, mac) SELECT ", [Text: &audit.id], ", ", [BigInt: &audit.at], ", ",
            [Text: &*audit.actor_kind], ", ", [Nullable<Text>: &audit.actor_id], ", ", [Text: &*audit.operation], ", ",
            [Text: &*audit.object_kind], ", ", [Text: &audit.object_id], ", ", [Text: &*audit.outcome], ", ",
            [Text: &audit.request_id], ", ", [Text: &audit.details], ", ", [Binary: &audit.mac], " FROM s)",
            ", j AS (INSERT INTO job (id, queue, kind, reference, request_id, state, attempts, run_at, created_at) \
             SELECT j.id, j.queue, j.kind, j.reference, j.request, 'waiting', 0, j.run_at, ", [BigInt: &new.at],
            " FROM s, unnest(", [Array<Text>: &self.jobs], ", ", [Array<Text>: &self.queues], ", ", [Array<Text>: &self.kinds], ", ",
            [Array<Text>: &self.references], ", ", [Array<Text>: &self.requests], ", ", [Array<BigInt>: &self.times],
            ") AS j (id, queue, kind, reference, request, run_at))",
            " INSERT INTO lead (id, subject_id, card_id, person_id, purpose_id, locale, sealed, key_mac, content_mac, \
             received_at) SELECT ", [Text: &new.id], ", s.subject_id, ", [Text: &new.card], ", ", [Text: &new.person],
            ", ", [Text: &new.purpose], ", ", [Text: new.locale], ", ", [Binary: &new.sealed], ", ",
            [Binary: &new.key_mac], ", ", [Binary: &new.content_mac], ", ", [BigInt: &new.at], " FROM s",
        );
        Ok(())
    }
}
