//! Leads of new humans into PostgreSQL: one statement for all that wait, whole or not at
//! all. What a statement costs before its first row is most of the cost of a lead.

use std::collections::HashSet;

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text};

use super::receive::{NewKey, PreparedLead};
use crate::error::{Result, StoreError};
use crate::schema::{lead, subject};

/// Writes leads that are all [`of_a_new_human`](PreparedLead::of_a_new_human).
pub fn insert(conn: &mut PgConnection, leads: &[&PreparedLead]) -> Result<()> {
    let rows = Leads::new(leads)?.execute(conn)?;
    if rows == leads.len() { Ok(()) } else { Err(StoreError::Unreadable("submission")) }
}

/// Writes those of these leads whose humans and submissions are new; which these are.
pub fn insert_new(conn: &mut PgConnection, leads: &[&PreparedLead]) -> Result<Vec<bool>> {
    match insert(conn, leads) {
        Ok(()) => return Ok(vec![true; leads.len()]),
        Err(error) if error.is_conflict() => {}
        Err(error) => return Err(error),
    }
    let addresses = leads.iter().map(|lead| Some(lead.email_mac.as_slice()));
    let mut known: HashSet<Vec<u8>> = subject::table
        .filter(subject::email_mac.eq_any(addresses))
        .select(subject::email_mac.assume_not_null())
        .load(conn)?
        .into_iter()
        .collect();
    let submissions = leads.iter().map(|lead| lead.key_mac.as_slice());
    known.extend(lead::table.filter(lead::key_mac.eq_any(submissions)).select(lead::key_mac).load::<Vec<u8>>(conn)?);
    // of two with one address the second is not new either
    let is_new: Vec<bool> =
        leads.iter().map(|l| !known.contains(&l.key_mac) && known.insert(l.email_mac.clone())).collect();
    let new: Vec<_> = leads.iter().zip(&is_new).filter_map(|(lead, new)| new.then_some(*lead)).collect();
    if !new.is_empty() {
        insert(conn, &new)?;
    }
    Ok(is_new)
}

/// Columns rather than rows, as `unnest` takes them.
#[derive(Default)]
struct Leads<'a> {
    ids: Vec<&'a str>,
    subjects: Vec<&'a str>,
    email_macs: Vec<&'a [u8]>,
    keys: Vec<&'a str>,
    keks: Vec<&'a str>,
    wrapped: Vec<&'a [u8]>,
    cards: Vec<&'a str>,
    persons: Vec<&'a str>,
    own_purposes: Vec<&'a str>,
    locales: Vec<&'a str>,
    sealed: Vec<&'a [u8]>,
    times: Vec<i64>,
    key_macs: Vec<&'a [u8]>,
    content_macs: Vec<&'a [u8]>,
    consents: Consents<'a>,
    events: Events<'a>,
    jobs: Jobs<'a>,
}

#[derive(Default)]
struct Consents<'a> {
    leads: Vec<&'a str>,
    wordings: Vec<&'a str>,
    granted: Vec<bool>,
    times: Vec<i64>,
    channels: Vec<&'a str>,
}

#[derive(Default)]
struct Events<'a> {
    ids: Vec<&'a str>,
    times: Vec<i64>,
    actor_kinds: Vec<&'a str>,
    actor_ids: Vec<Option<&'a str>>,
    operations: Vec<&'a str>,
    object_kinds: Vec<&'a str>,
    object_ids: Vec<&'a str>,
    outcomes: Vec<&'a str>,
    requests: Vec<&'a str>,
    details: Vec<&'a str>,
    macs: Vec<&'a [u8]>,
}

#[derive(Default)]
struct Jobs<'a> {
    ids: Vec<&'a str>,
    queues: Vec<&'a str>,
    kinds: Vec<&'a str>,
    references: Vec<&'a str>,
    requests: Vec<&'a str>,
    due: Vec<i64>,
    made: Vec<i64>,
}

impl<'a> Leads<'a> {
    fn new(leads: &[&'a PreparedLead]) -> Result<Self> {
        let mut sorted = leads.to_vec();
        // every node takes the addresses in one order, so that two of them never wait for
        // each other
        sorted.sort_by(|a, b| a.email_mac.cmp(&b.email_mac));
        let mut all = Self::default();
        for lead in sorted {
            all.add(lead)?;
        }
        Ok(all)
    }

    fn add(&mut self, lead: &'a PreparedLead) -> Result<()> {
        let Some(NewKey { id, wrapped }) = &lead.subject.key else {
            return Err(StoreError::Unreadable("subject"));
        };
        self.ids.push(&lead.id);
        self.subjects.push(&lead.subject.id);
        self.email_macs.push(&lead.email_mac);
        self.keys.push(id);
        self.keks.push(wrapped.kek.id());
        self.wrapped.push(&wrapped.octets);
        self.cards.push(&lead.card);
        self.persons.push(&lead.person);
        self.own_purposes.push(&lead.purpose);
        self.locales.push(lead.locale);
        self.sealed.push(&lead.sealed);
        self.times.push(lead.at);
        self.key_macs.push(&lead.key_mac);
        self.content_macs.push(&lead.content_mac);
        let consents = &mut self.consents;
        for told in &lead.consents {
            consents.leads.push(&lead.id);
            consents.wordings.push(told.wording_id());
            consents.granted.push(told.granted);
            consents.times.push(lead.at);
            consents.channels.push(told.channel);
        }
        let (events, event) = (&mut self.events, &lead.audit);
        events.ids.push(&event.id);
        events.times.push(event.at);
        events.actor_kinds.push(&event.actor_kind);
        events.actor_ids.push(event.actor_id.as_deref());
        events.operations.push(&event.operation);
        events.object_kinds.push(&event.object_kind);
        events.object_ids.push(&event.object_id);
        events.outcomes.push(&event.outcome);
        events.requests.push(&event.request_id);
        events.details.push(&event.details);
        events.macs.push(&event.mac);
        let jobs = &mut self.jobs;
        for job in &lead.jobs {
            jobs.ids.push(&job.id);
            jobs.queues.push(job.queue);
            jobs.kinds.push(job.kind);
            jobs.references.push(&job.reference);
            jobs.requests.push(&job.request);
            jobs.due.push(job.run_at);
            jobs.made.push(lead.at);
        }
        Ok(())
    }
}

impl QueryId for Leads<'_> {
    type QueryId = Leads<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for Leads<'_> {}

impl QueryFragment<Pg> for Leads<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        macro_rules! columns {
            ($($kind:ty: $value:expr),+ $(,)?) => {{
                let mut comma = "";
                $(
                    out.push_sql(comma);
                    comma = ", ";
                    out.push_bind_param::<Array<$kind>, _>($value)?;
                )+
                let _ = comma;
            }};
        }
        out.push_sql("WITH d AS MATERIALIZED (SELECT * FROM unnest(");
        columns!(
            Text: &self.ids, Text: &self.subjects, Binary: &self.email_macs, Text: &self.keys, Text: &self.keks,
            Binary: &self.wrapped, Text: &self.cards, Text: &self.persons, Text: &self.own_purposes,
            Text: &self.locales, Binary: &self.sealed, BigInt: &self.times, Binary: &self.key_macs,
            Binary: &self.content_macs,
        );
        out.push_sql(
            ") AS d (id, subject, email_mac, key, kek, wrapped, card, person, purpose, locale, sealed, at, key_mac, \
             content_mac)), \
             k AS (INSERT INTO data_key (id, kek_id, wrapped, created_at) SELECT d.key, d.kek, d.wrapped, d.at FROM d), \
             s AS (INSERT INTO subject (id, data_key_id, email_mac, created_at) \
             SELECT d.subject, d.key, d.email_mac, d.at FROM d), \
             c AS (INSERT INTO consent (lead_id, wording_id, granted, at, channel) SELECT * FROM unnest(",
        );
        let consents = &self.consents;
        columns!(
            Text: &consents.leads, Text: &consents.wordings, Bool: &consents.granted, BigInt: &consents.times,
            Text: &consents.channels,
        );
        out.push_sql(
            ")), a AS (INSERT INTO audit_event (id, at, actor_kind, actor_id, operation, object_kind, object_id, \
             outcome, request_id, details, mac) SELECT * FROM unnest(",
        );
        let events = &self.events;
        columns!(
            Text: &events.ids, BigInt: &events.times, Text: &events.actor_kinds, Nullable<Text>: &events.actor_ids,
            Text: &events.operations, Text: &events.object_kinds, Text: &events.object_ids, Text: &events.outcomes,
            Text: &events.requests, Text: &events.details, Binary: &events.macs,
        );
        out.push_sql(
            ")), j AS (INSERT INTO job (id, queue, kind, reference, request_id, state, attempts, run_at, created_at) \
             SELECT j.id, j.queue, j.kind, j.reference, j.request, 'waiting', 0, j.due, j.made FROM unnest(",
        );
        let jobs = &self.jobs;
        columns!(
            Text: &jobs.ids, Text: &jobs.queues, Text: &jobs.kinds, Text: &jobs.references, Text: &jobs.requests, BigInt: &jobs.due,
            BigInt: &jobs.made,
        );
        out.push_sql(
            ") AS j (id, queue, kind, reference, request, due, made)) \
             INSERT INTO lead (id, subject_id, card_id, person_id, purpose_id, locale, sealed, key_mac, content_mac, \
             received_at) SELECT d.id, d.subject, d.card, d.person, d.purpose, d.locale, d.sealed, d.key_mac, \
             d.content_mac, d.at FROM d",
        );
        Ok(())
    }
}
