//! Leads: sealed under their subject's key, with consents and the mark that makes a
//! retry the same lead.

use diesel::prelude::*;
use estampe_domain::lead::{ConsentRecord, IdempotencyKey, Lead, LeadDetails};
use estampe_domain::purpose::{LegalBasis, Purpose};
use estampe_domain::{CardId, LeadId, Locale, PersonId, SubjectId, Ts};

use super::{DataKey, Tx, id};
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::{blind_index, consent, lead, person, purpose, subject, submission};

/// A lead to be stored.
#[derive(Debug)]
pub struct NewLead {
    /// Its id.
    pub id: LeadId,
    /// Id for its subject, when the human is new.
    pub subject: SubjectId,
    /// The card it was left at.
    pub card: CardId,
    /// The card's holder.
    pub person: PersonId,
    /// What was left.
    pub details: LeadDetails,
    /// The visitor's language.
    pub locale: Locale,
    /// The submission's key.
    pub key: IdempotencyKey,
    /// What was told and agreed; the first is the lead's own purpose.
    pub consents: Vec<StoredConsent>,
    /// When.
    pub at: Ts,
}

/// One purpose as it was shown.
#[derive(Debug)]
pub struct StoredConsent {
    /// The purpose.
    pub purpose: Purpose,
    /// The words as they stood on the page.
    pub wording: String,
    /// Whether it was agreed to, or told.
    pub granted: bool,
    /// By which way.
    pub channel: &'static str,
}

/// What an earlier submission with the same key was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierSubmission {
    /// Its lead.
    pub lead: LeadId,
    /// Whether its details were the same.
    pub same: bool,
    /// When it was received.
    pub at: Ts,
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
        let row: Option<(String, Vec<u8>, i64)> = submission::table
            .find((card.to_string(), self.key_mac(card, key)))
            .select((submission::lead_id, submission::content_mac, submission::at))
            .first(self.conn)
            .optional()?;
        let Some((lead_id, content_mac, at)) = row else { return Ok(None) };
        let content = content(details, granted)?;
        let same = self.keys.index.verify(&[b"submission", &content], &content_mac);
        Ok(Some(EarlierSubmission { lead: id(&lead_id, "submission")?, same, at: Ts::from_micros(at) }))
    }

    /// Stores a lead with all that belongs to it. A unique violation
    /// ([`StoreError::is_conflict`]) means that the same submission, or the same
    /// human, came in another transaction: look again.
    pub fn insert_lead(&mut self, new: &NewLead) -> Result<()> {
        let first = new.consents.first().ok_or(StoreError::Unreadable("purpose"))?;
        let (subject_id, key) = self.subject_for(new)?;
        let lead_id = new.id.to_string();
        let place = Place { table: "lead", row: &lead_id, column: "sealed", key: &key.id };
        let plain = serde_json::to_vec(&new.details).map_err(|_| StoreError::Unreadable("lead"))?;
        let sealed = crypto::seal(&key.key, self.random, place, &plain)?;
        diesel::insert_into(lead::table)
            .values((
                lead::id.eq(&lead_id),
                lead::subject_id.eq(&subject_id),
                lead::card_id.eq(new.card.to_string()),
                lead::person_id.eq(new.person.to_string()),
                lead::purpose_id.eq(first.purpose.id.to_string()),
                lead::locale.eq(new.locale.tag()),
                lead::sealed.eq(sealed.0),
                lead::received_at.eq(new.at.as_micros()),
            ))
            .execute(self.conn)?;
        for shown in &new.consents {
            diesel::insert_into(consent::table)
                .values((
                    consent::lead_id.eq(&lead_id),
                    consent::purpose_id.eq(shown.purpose.id.to_string()),
                    consent::subject_id.eq(&subject_id),
                    consent::granted.eq(shown.granted),
                    consent::text_version.eq(i64::from(shown.purpose.text_version)),
                    consent::locale.eq(new.locale.tag()),
                    consent::wording.eq(&shown.wording),
                    consent::at.eq(new.at.as_micros()),
                    consent::channel.eq(shown.channel),
                ))
                .execute(self.conn)?;
        }
        let granted: Vec<String> = granted_keys(&new.consents);
        let content_mac = self.keys.index.mac(&[b"submission", &content(&new.details, &granted)?]);
        diesel::insert_into(submission::table)
            .values((
                submission::card_id.eq(new.card.to_string()),
                submission::key_mac.eq(self.key_mac(new.card, &new.key)),
                submission::content_mac.eq(content_mac),
                submission::lead_id.eq(&lead_id),
                submission::at.eq(new.at.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    fn key_mac(&self, card: CardId, key: &IdempotencyKey) -> Vec<u8> {
        self.keys.index.mac(&[b"submission-key", card.to_string().as_bytes(), key.as_str().as_bytes()])
    }

    /// The subject with this e-mail address, or a new one with a key of its own.
    fn subject_for(&mut self, new: &NewLead) -> Result<(String, DataKey)> {
        let address = new.details.email.as_str().to_lowercase();
        let mac = self.keys.index.mac(&[b"subject.email", address.as_bytes()]);
        let known: Option<(String, String)> = blind_index::table
            .inner_join(subject::table.on(subject::id.eq(blind_index::subject_id)))
            .filter(blind_index::field.eq("email"))
            .filter(blind_index::mac.eq(&mac))
            .select((subject::id, subject::data_key_id))
            .first(self.conn)
            .optional()?;
        if let Some((subject_id, key_id)) = known
            && let Some(key) = self.data_key(&key_id)?
        {
            return Ok((subject_id, key));
        }
        // an erased human who comes back is a new subject
        diesel::delete(blind_index::table.find(("email", &mac))).execute(self.conn)?;
        let key = self.new_data_key(new.at)?;
        let subject_id = new.subject.to_string();
        diesel::insert_into(subject::table)
            .values((
                subject::id.eq(&subject_id),
                subject::data_key_id.eq(&key.id),
                subject::created_at.eq(new.at.as_micros()),
            ))
            .execute(self.conn)?;
        diesel::insert_into(blind_index::table)
            .values((blind_index::field.eq("email"), blind_index::mac.eq(mac), blind_index::subject_id.eq(&subject_id)))
            .execute(self.conn)?;
        Ok((subject_id, key))
    }

    /// Leads newest first, beginning after the one given.
    pub fn leads(&mut self, after: Option<LeadId>, limit: i64) -> Result<Vec<Lead>> {
        let mut query = lead::table
            .inner_join(person::table)
            .inner_join(subject::table)
            .order(lead::id.desc())
            .limit(limit)
            .select(LEAD_COLUMNS)
            .into_boxed();
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
            .first(self.conn)
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
        type Row = (String, String, bool, i64, String, String, i64, String);
        let rows: Vec<Row> = consent::table
            .inner_join(purpose::table)
            .filter(consent::lead_id.eq(lead_id.to_string()))
            .order(consent::purpose_id)
            .select((
                purpose::key,
                purpose::legal_basis,
                consent::granted,
                consent::text_version,
                consent::wording,
                consent::locale,
                consent::at,
                consent::channel,
            ))
            .load(self.conn)?;
        rows.into_iter()
            .map(|(purpose, basis, granted, version, wording, locale, at, channel)| {
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
            })
            .collect()
    }

    /// How many leads there are, from a moment on.
    pub fn lead_count(&mut self, since: Ts) -> Result<u64> {
        let leads: i64 = lead::table.filter(lead::received_at.ge(since.as_micros())).count().get_result(self.conn)?;
        Ok(super::count(leads))
    }

    /// How many leads one person received.
    pub fn lead_count_of(&mut self, person: PersonId) -> Result<u64> {
        let leads: i64 = lead::table.filter(lead::person_id.eq(person.to_string())).count().get_result(self.conn)?;
        Ok(super::count(leads))
    }
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

/// Keys of the purposes that were agreed to by a box.
fn granted_keys(consents: &[StoredConsent]) -> Vec<String> {
    consents
        .iter()
        .filter(|c| c.granted && c.purpose.basis == LegalBasis::Consent)
        .map(|c| c.purpose.key.clone())
        .collect()
}

/// What makes two submissions the same.
fn content(details: &LeadDetails, granted: &[String]) -> Result<Vec<u8>> {
    serde_json::to_vec(&(details, granted)).map_err(|_| StoreError::Unreadable("submission"))
}
