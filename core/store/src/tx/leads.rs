//! Leads as they are read: opened with their subject's key, with their consents, and
//! the marks that make a retry the same lead. They are written by [`receive`](super::receive).

use std::collections::BTreeMap;

use diesel::prelude::*;
use estampe_domain::access::Scope;
use estampe_domain::lead::{ConsentRecord, IdempotencyKey, Lead, LeadDetails};
use estampe_domain::purpose::LegalBasis;
use estampe_domain::{CardId, LeadId, Locale, PersonId, Ts};

use super::jobs::Job;
use super::receive::{content_mac_fits, key_mac};
use super::scope::within;
use super::{Tx, id};
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::{consent, job, lead, person, purpose, subject, wording};

/// What an earlier submission with the same key was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierSubmission {
    /// Its lead.
    pub lead: LeadId,
    /// Whether its details were the same.
    pub same: bool,
    /// When it was received.
    pub at: Ts,
    /// Whether its sender was to be sent a copy, as far as that is still known.
    pub copied: bool,
}

impl Tx<'_> {
    /// Looks whether this key was used at this card before.
    pub fn earlier_submission(
        &mut self,
        card: CardId,
        key: &IdempotencyKey,
        details: &LeadDetails,
        granted: &[String],
    ) -> Result<Option<EarlierSubmission>> {
        let row: Option<(String, Option<Vec<u8>>, i64)> = lead::table
            .filter(lead::key_mac.eq(key_mac(self.keys, card, key)))
            .select((lead::id, lead::content_mac, lead::received_at))
            .get_result(self.conn)
            .optional()?;
        let Some((lead_id, content_mac, at)) = row else { return Ok(None) };
        let same = match content_mac {
            Some(mac) => content_mac_fits(self.keys, details, granted, &mac)?,
            None => false,
        };
        let lead = id(&lead_id, "lead")?;
        let (kind, reference) = Job::LeadAcknowledgement(lead).stored();
        let copies: i64 =
            job::table.filter(job::reference.eq(reference).and(job::kind.eq(kind))).count().get_result(self.conn)?;
        Ok(Some(EarlierSubmission { lead, same, at: Ts::from_micros(at), copied: copies > 0 }))
    }

    /// Leads newest first, beginning after the one given.
    pub fn leads(&mut self, scope: Scope, after: Option<LeadId>, limit: i64) -> Result<Vec<Lead>> {
        let query = lead::table
            .inner_join(person::table)
            .inner_join(subject::table)
            .order(lead::id.desc())
            .limit(limit)
            .select(LEAD_COLUMNS)
            .into_boxed();
        let mut query = within!(query, "lead.person_id", scope);
        if let Some(after) = after {
            query = query.filter(lead::id.lt(after.to_string()));
        }
        let rows: Vec<LeadRow> = query.load(self.conn)?;
        rows.into_iter().map(|row| self.open_lead(&row).map(|(lead, _)| lead)).collect()
    }

    /// One lead and the language that its visitor reads.
    pub fn lead(&mut self, lead_id: LeadId) -> Result<Option<(Lead, Locale)>> {
        let row: Option<LeadRow> = lead::table
            .inner_join(person::table)
            .inner_join(subject::table)
            .filter(lead::id.eq(lead_id.to_string()))
            .select(LEAD_COLUMNS)
            .get_result(self.conn)
            .optional()?;
        row.map(|row| self.open_lead(&row)).transpose()
    }

    fn open_lead(&mut self, row: &LeadRow) -> Result<(Lead, Locale)> {
        let (lead_id, subject_id, key_id, card_id, person_id, name, locale, sealed, received_at) = row;
        let details = match self.data_key(key_id)? {
            None => None,
            Some(key) => {
                let place = Place { table: "lead", row: lead_id, column: "sealed", key: &key.id };
                let plain = crypto::open(&key.key, place, sealed)?;
                Some(serde_json::from_slice(&plain).map_err(|_| StoreError::Unreadable("lead"))?)
            }
        };
        let lead = Lead {
            id: id(lead_id, "lead")?,
            subject: id(subject_id, "lead")?,
            card: id(card_id, "lead")?,
            person: id(person_id, "lead")?,
            person_name: name.clone(),
            details,
            received_at: Ts::from_micros(*received_at),
        };
        Ok((lead, locale.parse().map_err(|()| StoreError::Unreadable("lead"))?))
    }

    /// What was told and agreed with a lead.
    pub fn consents(&mut self, lead_id: LeadId) -> Result<Vec<ConsentRecord>> {
        Ok(self.consents_of(&[lead_id])?.remove(&lead_id).unwrap_or_default())
    }

    /// What was told and agreed with each of some leads, at most a page of them.
    pub fn consents_of(&mut self, leads: &[LeadId]) -> Result<BTreeMap<LeadId, Vec<ConsentRecord>>> {
        let ids: Vec<_> = leads.iter().map(ToString::to_string).collect();
        let rows: Vec<(String, ConsentRow)> = consent::table
            .inner_join(wording::table.inner_join(purpose::table))
            .filter(consent::lead_id.eq_any(ids))
            .order((consent::lead_id, purpose::id))
            .select((
                consent::lead_id,
                (
                    purpose::key,
                    purpose::legal_basis,
                    consent::granted,
                    wording::text_version,
                    wording::body,
                    wording::locale,
                    consent::at,
                    consent::channel,
                ),
            ))
            .load(self.conn)?;
        let mut all: BTreeMap<LeadId, Vec<ConsentRecord>> = BTreeMap::new();
        for (lead_id, row) in rows {
            all.entry(id(&lead_id, "consent")?).or_default().push(record(row)?);
        }
        Ok(all)
    }

    /// The keys of the purposes that visitors are asked about, in their order.
    pub fn asked_purposes(&mut self) -> Result<Vec<String>> {
        let asked = purpose::table.filter(purpose::legal_basis.eq(LegalBasis::Consent.as_str()));
        Ok(asked.order(purpose::id).select(purpose::key).load(self.conn)?)
    }

    /// How many leads there are: an index counts them, no sealed value is read.
    pub fn leads_in_all(&mut self, scope: Scope) -> Result<u64> {
        let leads: i64 = within!(lead::table.into_boxed(), "lead.person_id", scope).count().get_result(self.conn)?;
        Ok(super::count(leads))
    }

    /// How many leads came from a moment on.
    pub fn lead_count(&mut self, since: Ts) -> Result<u64> {
        // ids begin with their moment (UUID v7), so that this needs no index of its own
        let millis = u64::try_from(since.as_millis()).unwrap_or(0);
        let first = uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid().to_string();
        let recent = lead::table.filter(lead::id.ge(first)).filter(lead::received_at.ge(since.as_micros()));
        let leads: i64 = recent.count().get_result(self.conn)?;
        Ok(super::count(leads))
    }

    /// How many leads one person received.
    pub fn lead_count_of(&mut self, person: PersonId) -> Result<u64> {
        let leads: i64 = lead::table.filter(lead::person_id.eq(person.to_string())).count().get_result(self.conn)?;
        Ok(super::count(leads))
    }
}

type ConsentRow = (String, String, bool, i64, String, String, i64, String);

fn record((purpose, basis, granted, version, wording, locale, at, channel): ConsentRow) -> Result<ConsentRecord> {
    Ok(ConsentRecord {
        purpose,
        basis: LegalBasis::from_stored(&basis).ok_or(StoreError::Unreadable("purpose"))?,
        granted,
        text_version: u32::try_from(version).map_err(|_| StoreError::Unreadable("consent"))?,
        wording,
        locale: locale.parse().map_err(|()| StoreError::Unreadable("consent"))?,
        at: Ts::from_micros(at),
        channel,
    })
}

type LeadRow = (String, String, String, String, String, String, String, Vec<u8>, i64);

const LEAD_COLUMNS: (
    lead::id,
    lead::subject_id,
    subject::data_key_id,
    lead::card_id,
    lead::person_id,
    person::display_name,
    lead::locale,
    lead::sealed,
    lead::received_at,
) = (
    lead::id,
    lead::subject_id,
    subject::data_key_id,
    lead::card_id,
    lead::person_id,
    person::display_name,
    lead::locale,
    lead::sealed,
    lead::received_at,
);
