//! Receiving a lead: all of it is sealed, hashed and named beforehand
//! ([`Store::prepare_lead`]) and written by one call ([`Store::receive_lead`]), with
//! its subject, consents, audit event and jobs.
//!
//! Nobody asks first whether a human is new, or a submission: most are, and the writer
//! looks at both indexes anyway. Whoever is not gets [`StoreError::Moved`], before
//! anything was written, and asks then ([`Tx::known_subject`], [`Tx::earlier_submission`]).

use std::sync::{Arc, PoisonError};

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use estampe_domain::audit::AuditEvent;
use estampe_domain::lead::{IdempotencyKey, LeadDetails};
use estampe_domain::purpose::{LegalBasis, Purpose};
use estampe_domain::text::Email;
use estampe_domain::{CardId, LeadId, Locale, PersonId, SubjectId, Ts};
use sha2::{Digest, Sha256};

use super::audit::{AuditRow, audit_values};
use super::jobs::{JobState, NewJob};
use super::{DataKey, Tx};
use crate::conn::{Conn, per_backend};
use crate::crypto::{self, Place, SecretKey};
use crate::error::{Result, StoreError};
use crate::form_key;
use crate::keyring::{Keyring, Wrapped};
use crate::open::Store;
use crate::schema::{audit_event, consent, data_key, job, lead, subject, wording};
use crate::submit::Single;

/// A lead to be stored.
#[derive(Debug)]
pub struct NewLead<'a> {
    /// Its id.
    pub id: LeadId,
    /// Id for its subject, when the human is new.
    pub subject: SubjectId,
    /// The card it was left at.
    pub card: CardId,
    /// The card's holder.
    pub person: PersonId,
    /// What was left.
    pub details: &'a LeadDetails,
    /// The visitor's language.
    pub locale: Locale,
    /// The submission's key.
    pub key: &'a IdempotencyKey,
    /// What was told and agreed; the first is the lead's own purpose.
    pub consents: Vec<StoredConsent>,
    /// When.
    pub at: Ts,
    /// What is noted of it.
    pub audit: &'a AuditEvent,
    /// What is to be done about it.
    pub jobs: Vec<NewJob>,
}

/// A purpose in the words of a page.
#[derive(Clone, Debug)]
pub struct ShownPurpose {
    /// The purpose.
    pub purpose: Purpose,
    /// The page's language.
    pub locale: Locale,
    /// The words as they stood there.
    pub wording: String,
    /// The name of all this in the store: its SHA-256.
    id: String,
}

impl ShownPurpose {
    /// A purpose in these words.
    pub fn new(purpose: Purpose, locale: Locale, wording: String) -> Self {
        let said = [&purpose.id.to_string(), &purpose.text_version.to_string(), locale.tag(), &wording].join("\u{1f}");
        let id = data_encoding::HEXLOWER.encode(&Sha256::digest(said));
        Self { purpose, locale, wording, id }
    }
}

/// What was told of a purpose, or agreed to.
#[derive(Clone, Debug)]
pub struct StoredConsent {
    /// What was shown.
    pub shown: Arc<ShownPurpose>,
    /// Whether it was agreed to, or told.
    pub granted: bool,
    /// By which way.
    pub channel: &'static str,
}

impl StoredConsent {
    /// Keys of the purposes that were agreed to by a box: part of what makes two
    /// submissions the same.
    pub fn agreed(consents: &[Self]) -> Vec<String> {
        let by_box = |c: &&Self| c.granted && c.shown.purpose.basis == LegalBasis::Consent;
        consents.iter().filter(by_box).map(|c| c.shown.purpose.key.clone()).collect()
    }

    pub(super) fn wording_id(&self) -> &str {
        &self.shown.id
    }
}

/// The subject that an address belongs to already.
pub struct KnownSubject {
    id: String,
    key: DataKey,
    /// Leads that it left within the last hour.
    recent: u64,
}

impl KnownSubject {
    /// How many leads it left within the last hour.
    pub fn recent(&self) -> u64 {
        self.recent
    }
}

/// A lead as rows.
pub struct PreparedLead {
    pub(super) id: String,
    pub(super) subject: Subject,
    pub(super) email_mac: Vec<u8>,
    pub(super) card: String,
    pub(super) person: String,
    pub(super) locale: &'static str,
    pub(super) sealed: Vec<u8>,
    pub(super) purpose: String,
    pub(super) consents: Vec<StoredConsent>,
    pub(super) key_mac: Vec<u8>,
    pub(super) content_mac: Vec<u8>,
    pub(super) audit: AuditRow,
    pub(super) jobs: Vec<JobRow>,
    pub(super) at: i64,
}

pub(super) struct Subject {
    pub id: String,
    /// Its data key, when it is new.
    pub key: Option<NewKey>,
}

pub(super) struct NewKey {
    pub id: String,
    pub wrapped: Wrapped,
}

pub(super) struct JobRow {
    pub id: String,
    pub queue: &'static str,
    pub kind: &'static str,
    pub reference: String,
    pub request: String,
    pub run_at: i64,
}

/// The name of a submission: when its form was opened, where we know that, and a keyed
/// hash of its card and key. With the moment first, names of a time stand together in
/// their index: a hash alone would touch another page of it for every lead.
pub(super) fn key_mac(keys: &Keyring, card: CardId, key: &IdempotencyKey) -> Vec<u8> {
    let mut name = form_key::moment(keys, key.as_str()).unwrap_or_default().to_vec();
    name.extend(keys.index.mac(&[b"submission-key", card.to_string().as_bytes(), key.as_str().as_bytes()]));
    name
}

/// Whether a submission was of this content.
pub(super) fn content_mac_fits(keys: &Keyring, details: &LeadDetails, granted: &[String], mac: &[u8]) -> Result<bool> {
    Ok(keys.index.verify(&[b"submission", &content(details, granted)?], mac))
}

/// What makes two submissions the same.
fn content(details: &LeadDetails, granted: &[String]) -> Result<Vec<u8>> {
    serde_json::to_vec(&(details, granted)).map_err(|_| StoreError::Unreadable("submission"))
}

fn email_mac(keys: &Keyring, email: &Email) -> Vec<u8> {
    keys.index.mac(&[b"subject.email", email.as_str().to_lowercase().as_bytes()])
}

impl Tx<'_> {
    /// The subject with this e-mail address. An erased one has no address any more: whoever
    /// comes back then is a new subject.
    pub fn known_subject(&mut self, email: &Email) -> Result<Option<KnownSubject>> {
        let mac = email_mac(self.keys, email);
        let row: Option<(String, String)> = subject::table
            .filter(subject::email_mac.eq(mac))
            .select((subject::id, subject::data_key_id))
            .get_result(self.conn)
            .optional()?;
        let Some((id, key_id)) = row else { return Ok(None) };
        let key = self.data_key(&key_id)?.ok_or(StoreError::Damaged("subject"))?;
        let hour_ago = self.clock.now().plus_seconds(-3600).as_micros();
        let recent: i64 = lead::table
            .filter(lead::subject_id.eq(&id).and(lead::received_at.ge(hour_ago)))
            .count()
            .get_result(self.conn)?;
        Ok(Some(KnownSubject { id, key, recent: super::count(recent) }))
    }
}

impl Store {
    /// Seals a lead and makes its rows. `known` is what [`Tx::known_subject`] said of
    /// its address a moment ago; none when nobody asked.
    pub fn prepare_lead(&self, new: NewLead<'_>, known: Option<KnownSubject>) -> Result<PreparedLead> {
        let (keys, random) = (self.keys(), self.random());
        let (subject, key) = if let Some(KnownSubject { id, key, .. }) = known {
            (Subject { id, key: None }, key)
        } else {
            let key = DataKey { id: new.subject.to_string(), key: SecretKey::new(random) };
            let wrapped = keys.wrap_key("data_key", &key.id, &key.key, random)?;
            let stored = NewKey { id: key.id.clone(), wrapped };
            (Subject { id: new.subject.to_string(), key: Some(stored) }, key)
        };
        let id = new.id.to_string();
        let place = Place { table: "lead", row: &id, column: "sealed", key: &key.id };
        let plain = serde_json::to_vec(new.details).map_err(|_| StoreError::Unreadable("lead"))?;
        let sealed = crypto::seal(&key.key, random, place, &plain)?.0;
        let granted = StoredConsent::agreed(&new.consents);
        let own = new.consents.first().ok_or(StoreError::Unreadable("purpose"))?;
        Ok(PreparedLead {
            subject,
            email_mac: email_mac(keys, &new.details.email),
            card: new.card.to_string(),
            person: new.person.to_string(),
            locale: new.locale.tag(),
            sealed,
            purpose: own.shown.purpose.id.to_string(),
            key_mac: key_mac(keys, new.card, new.key),
            content_mac: keys.index.mac(&[b"submission", &content(new.details, &granted)?]),
            consents: new.consents,
            audit: AuditRow::new(keys, new.audit)?,
            jobs: new
                .jobs
                .iter()
                .map(|new| {
                    let (kind, reference) = new.job.stored();
                    let (id, request) = (new.id.to_string(), new.request.to_string());
                    JobRow {
                        id,
                        queue: new.job.queue().as_str(),
                        kind,
                        reference,
                        request,
                        run_at: new.run_at.as_micros(),
                    }
                })
                .collect(),
            at: new.at.as_micros(),
            id,
        })
    }
}

impl Store {
    /// Writes a lead as [`submit`](Store::submit) does, and answers when it is on disk.
    /// On PostgreSQL those that wait are written by one statement.
    /// [`StoreError::is_conflict`] means that the same submission, or the same human, was
    /// here before or came meanwhile: look, and try again.
    pub async fn receive_lead(&self, lead: PreparedLead) -> Result<()> {
        self.keep_wordings(&lead.consents).await?;
        let done = self.submissions().lead(lead).await;
        if let Err(StoreError::Database(Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _))) = &done {
            // a database that was set back has lost words that were there
            self.wordings().lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        done
    }

    /// Sees to it that the words of these consents are on disk. Asks the database only
    /// for those that this process has not seen yet.
    async fn keep_wordings(&self, consents: &[StoredConsent]) -> Result<()> {
        let new: Vec<Arc<ShownPurpose>> = {
            let kept = self.wordings().lock().unwrap_or_else(PoisonError::into_inner);
            consents.iter().filter(|c| !kept.contains(c.wording_id())).map(|c| Arc::clone(&c.shown)).collect()
        };
        if new.is_empty() {
            return Ok(());
        }
        let new = self
            .write(move |tx| {
                let now = tx.clock.now().as_micros();
                for shown in &new {
                    let row = (
                        wording::id.eq(&shown.id),
                        wording::purpose_id.eq(shown.purpose.id.to_string()),
                        wording::text_version.eq(i64::from(shown.purpose.text_version)),
                        wording::locale.eq(shown.locale.tag()),
                        wording::body.eq(&shown.wording),
                        wording::created_at.eq(now),
                    );
                    per_backend!(tx.conn, c => {
                        diesel::insert_into(wording::table).values(row).on_conflict_do_nothing().execute(c)?
                    });
                }
                Ok(new)
            })
            .await?;
        let mut kept = self.wordings().lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(new.iter().map(|shown| shown.id.clone()));
        Ok(())
    }
}

impl Single<'_> {
    /// Writes a lead, whole or not at all. [`StoreError::Moved`] on SQLite comes before
    /// the first write.
    pub(crate) fn receive_lead(self, new: &PreparedLead) -> Result<()> {
        match self.conn {
            Conn::Sqlite(conn) => insert(conn, new),
            #[cfg(feature = "postgres")]
            Conn::Postgres(conn) => super::receive_postgres::insert(conn, new),
        }
    }
}

/// SQLite: a few small statements; nothing leaves the process.
fn insert(conn: &mut SqliteConnection, new: &PreparedLead) -> Result<()> {
    let Subject { id: subject_id, key } = &new.subject;
    let of_address: Option<String> =
        subject::table.filter(subject::email_mac.eq(&new.email_mac)).select(subject::id).get_result(conn).optional()?;
    let expected = if key.is_none() { Some(subject_id) } else { None };
    let of_key = lead::table.filter(lead::key_mac.eq(&new.key_mac)).select(lead::id);
    if of_address.as_ref() != expected || of_key.get_result::<String>(conn).optional()?.is_some() {
        return Err(StoreError::Moved);
    }
    if let Some(key) = key {
        diesel::insert_into(data_key::table)
            .values((
                data_key::id.eq(&key.id),
                data_key::kek_id.eq(key.wrapped.kek.id()),
                data_key::wrapped.eq(Some(&key.wrapped.octets)),
                data_key::created_at.eq(new.at),
            ))
            .execute(conn)?;
        diesel::insert_into(subject::table)
            .values((
                subject::id.eq(subject_id),
                subject::data_key_id.eq(&key.id),
                subject::email_mac.eq(Some(&new.email_mac)),
                subject::created_at.eq(new.at),
            ))
            .execute(conn)?;
    }
    diesel::insert_into(lead::table)
        .values((
            lead::id.eq(&new.id),
            lead::subject_id.eq(subject_id),
            lead::card_id.eq(&new.card),
            lead::person_id.eq(&new.person),
            lead::purpose_id.eq(&new.purpose),
            lead::locale.eq(new.locale),
            lead::sealed.eq(&new.sealed),
            lead::key_mac.eq(&new.key_mac),
            lead::content_mac.eq(Some(&new.content_mac)),
            lead::received_at.eq(new.at),
        ))
        .execute(conn)?;
    for told in &new.consents {
        diesel::insert_into(consent::table)
            .values((
                consent::lead_id.eq(&new.id),
                consent::wording_id.eq(told.wording_id()),
                consent::granted.eq(told.granted),
                consent::at.eq(new.at),
                consent::channel.eq(told.channel),
            ))
            .execute(conn)?;
    }
    diesel::insert_into(audit_event::table).values(audit_values!(&new.audit)).execute(conn)?;
    for todo in &new.jobs {
        diesel::insert_into(job::table)
            .values((
                job::id.eq(&todo.id),
                job::queue.eq(todo.queue),
                job::kind.eq(todo.kind),
                job::reference.eq(&todo.reference),
                job::request_id.eq(&todo.request),
                job::state.eq(JobState::Waiting.as_str()),
                job::attempts.eq(0),
                job::run_at.eq(todo.run_at),
                job::created_at.eq(new.at),
            ))
            .execute(conn)?;
    }
    Ok(())
}

impl PreparedLead {
    /// Whether nobody with its address was known.
    #[cfg(feature = "postgres")]
    pub(crate) fn of_a_new_human(&self) -> bool {
        self.subject.key.is_some()
    }
}
