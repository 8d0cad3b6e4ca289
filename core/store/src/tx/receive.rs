//! Receiving a lead: all of it is sealed, hashed and named beforehand
//! ([`Store::prepare_lead`]) and written by one call ([`Single::receive_lead`]), with
//! its subject, consents, audit event, jobs and the mark that makes a retry the same.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Binary, HasSqlType, Nullable, Text, Untyped};
use estampe_domain::audit::AuditEvent;
use estampe_domain::card::Card;
use estampe_domain::lead::{IdempotencyKey, LeadDetails};
use estampe_domain::purpose::{LegalBasis, Purpose};
use estampe_domain::text::Email;
use estampe_domain::{CardId, LeadId, Locale, PersonId, PublicId, SubjectId, Ts};

use super::audit::{AuditRow, audit_values};
use super::jobs::{JobState, NewJob};
use super::{DataKey, Tx, id, json};
use crate::conn::{Conn, per_backend};
use crate::crypto::{self, Place, SecretKey};
use crate::error::{Result, StoreError};
use crate::keyring::Keyring;
use crate::open::Store;
use crate::schema::{audit_event, blind_index, consent, data_key, job, lead, subject, submission as submission_table};
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

/// One purpose as it was shown.
#[derive(Clone, Debug)]
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

/// The subject that an address belongs to already.
pub struct KnownSubject {
    id: String,
    /// `None` when it was erased: whoever comes back then is a new subject.
    key: Option<DataKey>,
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
    pub(super) purposes: Vec<String>,
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
    /// The erased one that had its address before.
    pub erased: Option<String>,
}

pub(super) struct NewKey {
    pub id: String,
    pub kek_id: String,
    pub wrapped: Vec<u8>,
}

pub(super) struct JobRow {
    pub id: String,
    pub kind: &'static str,
    pub reference: String,
    pub run_at: i64,
}

/// The name of a submission: a keyed hash of its card and key.
pub(super) fn key_mac(keys: &Keyring, card: CardId, key: &IdempotencyKey) -> Vec<u8> {
    keys.index.mac(&[b"submission-key", card.to_string().as_bytes(), key.as_str().as_bytes()])
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

/// Keys of the purposes that were agreed to by a box.
fn granted_keys(consents: &[StoredConsent]) -> Vec<String> {
    consents
        .iter()
        .filter(|c| c.granted && c.purpose.basis == LegalBasis::Consent)
        .map(|c| c.purpose.key.clone())
        .collect()
}

/// The card that a visitor leaves details at, and the subject with the visitor's address.
pub type Addressee = (Card, Option<KnownSubject>);

#[derive(QueryableByName)]
struct AddresseeRow {
    #[diesel(sql_type = Text)]
    card_id: String,
    #[diesel(sql_type = Text)]
    person_id: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = BigInt)]
    changed_at: i64,
    #[diesel(sql_type = Text)]
    profile: String,
    #[diesel(sql_type = Nullable<Text>)]
    subject_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    key_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    kek_id: Option<String>,
    #[diesel(sql_type = Nullable<Binary>)]
    wrapped: Option<Vec<u8>>,
}

/// Both in one statement, whose text is fixed so that it is prepared once.
struct AddresseeQuery<'a> {
    public_id: &'a str,
    email_mac: &'a [u8],
}

impl QueryId for AddresseeQuery<'_> {
    type QueryId = AddresseeQuery<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB: Backend> QueryFragment<DB> for AddresseeQuery<'_>
where
    str: ToSql<Text, DB>,
    [u8]: ToSql<Binary, DB>,
    DB: HasSqlType<Text> + HasSqlType<Binary>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(
            "SELECT c.id AS card_id, c.person_id, c.version, c.changed_at, p.profile, s.id AS subject_id, \
             k.id AS key_id, k.kek_id, k.wrapped FROM card c JOIN person p ON p.id = c.person_id \
             LEFT JOIN blind_index b ON b.field = 'email' AND b.mac = ",
        );
        out.push_bind_param::<Binary, _>(self.email_mac)?;
        out.push_sql(
            " LEFT JOIN subject s ON s.id = b.subject_id LEFT JOIN data_key k ON k.id = s.data_key_id \
             WHERE c.active AND p.active AND c.public_id = ",
        );
        out.push_bind_param::<Text, _>(self.public_id)
    }
}

impl Query for AddresseeQuery<'_> {
    type SqlType = Untyped;
}

impl<C> RunQueryDsl<C> for AddresseeQuery<'_> {}

impl Tx<'_> {
    /// The card of a public id, when it and its holder are active, and the subject with
    /// this e-mail address.
    pub fn addressee(&mut self, public_id: &PublicId, email: &Email) -> Result<Option<Addressee>> {
        let query = AddresseeQuery { public_id: public_id.as_str(), email_mac: &email_mac(self.keys, email) };
        let row: Option<AddresseeRow> = per_backend!(self.conn, c => query.get_result(c)).optional()?;
        let Some(row) = row else { return Ok(None) };
        let card = Card {
            id: id(&row.card_id, "card")?,
            public_id: public_id.clone(),
            person: id(&row.person_id, "card")?,
            version: row.version,
            profile: json(&row.profile, "person")?,
            changed_at: Ts::from_micros(row.changed_at),
        };
        let known = match (row.subject_id, row.key_id, row.kek_id, row.wrapped) {
            (None, ..) => None,
            (Some(subject), Some(id), Some(kek), Some(wrapped)) => {
                let key = self.keys.unwrap_key("data_key", &id, &kek, &wrapped)?;
                Some(KnownSubject { id: subject, key: Some(DataKey { id, key }) })
            }
            (Some(id), ..) => Some(KnownSubject { id, key: None }),
        };
        Ok(Some((card, known)))
    }
}

impl Store {
    /// Seals a lead and makes its rows. `known` is what [`Tx::addressee`] said of
    /// its address a moment ago.
    pub fn prepare_lead(&self, new: NewLead<'_>, known: Option<KnownSubject>) -> Result<PreparedLead> {
        let (keys, random) = (self.keys(), self.random());
        let (subject, key) = match known {
            Some(KnownSubject { id, key: Some(key) }) => (Subject { id, key: None, erased: None }, key),
            other => {
                let key = DataKey { id: new.subject.to_string(), key: SecretKey::new(random) };
                let wrapped = keys.wrap_key("data_key", &key.id, &key.key, random)?;
                let stored = NewKey { id: key.id.clone(), kek_id: keys.kek_id().to_owned(), wrapped };
                let erased = other.map(|erased| erased.id);
                (Subject { id: new.subject.to_string(), key: Some(stored), erased }, key)
            }
        };
        let id = new.id.to_string();
        let place = Place { table: "lead", row: &id, column: "sealed", key: &key.id };
        let plain = serde_json::to_vec(new.details).map_err(|_| StoreError::Unreadable("lead"))?;
        let sealed = crypto::seal(&key.key, random, place, &plain)?.0;
        let granted = granted_keys(&new.consents);
        Ok(PreparedLead {
            subject,
            email_mac: email_mac(keys, &new.details.email),
            card: new.card.to_string(),
            person: new.person.to_string(),
            locale: new.locale.tag(),
            sealed,
            purposes: new.consents.iter().map(|c| c.purpose.id.to_string()).collect(),
            key_mac: key_mac(keys, new.card, new.key),
            content_mac: keys.index.mac(&[b"submission", &content(new.details, &granted)?]),
            consents: new.consents,
            audit: AuditRow::new(keys, new.audit)?,
            jobs: new
                .jobs
                .iter()
                .map(|new| {
                    let (kind, reference) = new.job.stored();
                    JobRow { id: new.id.to_string(), kind, reference, run_at: new.run_at.as_micros() }
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
    /// [`StoreError::is_conflict`] means that the same submission, or the same human, came
    /// meanwhile: look again.
    pub async fn receive_lead(&self, lead: PreparedLead) -> Result<()> {
        self.submissions().lead(lead).await
    }
}

impl Single<'_> {
    /// Writes a lead. [`StoreError::is_conflict`] means that the same submission, or the
    /// same human, came meanwhile: look again.
    pub fn receive_lead(self, new: &PreparedLead) -> Result<()> {
        match self.conn {
            Conn::Sqlite(conn) => insert(conn, new),
            #[cfg(feature = "postgres")]
            Conn::Postgres(conn) => super::receive_postgres::insert(conn, new),
        }
    }
}

/// SQLite: nine small inserts; nothing leaves the process.
fn insert(conn: &mut SqliteConnection, new: &PreparedLead) -> Result<()> {
    let Subject { id: subject_id, key, erased } = &new.subject;
    let index = blind_index::table.find(("email", &new.email_mac));
    if let Some(key) = key {
        diesel::insert_into(data_key::table)
            .values((
                data_key::id.eq(&key.id),
                data_key::kek_id.eq(&key.kek_id),
                data_key::wrapped.eq(Some(&key.wrapped)),
                data_key::created_at.eq(new.at),
            ))
            .execute(conn)?;
        diesel::insert_into(subject::table)
            .values((subject::id.eq(subject_id), subject::data_key_id.eq(&key.id), subject::created_at.eq(new.at)))
            .execute(conn)?;
        if let Some(erased) = erased {
            let moved = diesel::update(index.filter(blind_index::subject_id.eq(erased)))
                .set(blind_index::subject_id.eq(subject_id))
                .execute(conn)?;
            if moved == 0 {
                return Err(StoreError::Moved);
            }
        } else {
            diesel::insert_into(blind_index::table)
                .values((
                    blind_index::field.eq("email"),
                    blind_index::mac.eq(&new.email_mac),
                    blind_index::subject_id.eq(subject_id),
                ))
                .execute(conn)?;
        }
    } else {
        let known: Option<String> = index.select(blind_index::subject_id).get_result(conn).optional()?;
        if known.as_ref() != Some(subject_id) {
            return Err(StoreError::Moved);
        }
    }
    diesel::insert_into(lead::table)
        .values((
            lead::id.eq(&new.id),
            lead::subject_id.eq(subject_id),
            lead::card_id.eq(&new.card),
            lead::person_id.eq(&new.person),
            lead::purpose_id.eq(new.own_purpose()?),
            lead::locale.eq(new.locale),
            lead::sealed.eq(&new.sealed),
            lead::received_at.eq(new.at),
        ))
        .execute(conn)?;
    diesel::insert_into(submission_table::table)
        .values((
            submission_table::card_id.eq(&new.card),
            submission_table::key_mac.eq(&new.key_mac),
            submission_table::content_mac.eq(&new.content_mac),
            submission_table::lead_id.eq(&new.id),
            submission_table::at.eq(new.at),
        ))
        .execute(conn)?;
    for (shown, purpose) in new.consents.iter().zip(&new.purposes) {
        diesel::insert_into(consent::table)
            .values((
                consent::lead_id.eq(&new.id),
                consent::purpose_id.eq(purpose),
                consent::subject_id.eq(subject_id),
                consent::granted.eq(shown.granted),
                consent::text_version.eq(i64::from(shown.purpose.text_version)),
                consent::locale.eq(new.locale),
                consent::wording.eq(&shown.wording),
                consent::at.eq(new.at),
                consent::channel.eq(shown.channel),
            ))
            .execute(conn)?;
    }
    diesel::insert_into(audit_event::table).values(audit_values!(&new.audit)).execute(conn)?;
    for todo in &new.jobs {
        diesel::insert_into(job::table)
            .values((
                job::id.eq(&todo.id),
                job::kind.eq(todo.kind),
                job::reference.eq(&todo.reference),
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
        self.subject.key.is_some() && self.subject.erased.is_none()
    }

    pub(super) fn own_purpose(&self) -> Result<&str> {
        self.purposes.first().map(String::as_str).ok_or(StoreError::Unreadable("purpose"))
    }
}
