//! What stood in mailboxes before Estampe wrote them, each sealed under a key of its own, and what
//! was written last.

use std::collections::BTreeSet;

use diesel::prelude::*;
use estampe_domain::signature::fingerprint;
use estampe_domain::signature::publication::{KeptMailbox, MailboxBackup};
use estampe_domain::{PersonId, SourceId, Ts};
use serde::{Deserialize, Serialize};

use super::{DataKey, Tx, count, id};
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::{data_key, signature_mailbox as mailbox};

const TABLE: &str = "signature_mailbox";

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    mailbox: String,
    address: String,
    before: String,
}

type Row = (String, String, Vec<u8>, i64, (Option<String>, Option<String>));

macro_rules! columns {
    () => {
        (
            mailbox::data_key_id,
            mailbox::person_id,
            mailbox::sealed,
            mailbox::taken_at,
            (mailbox::written, mailbox::tried),
        )
    };
}

/// What is kept of one address.
macro_rules! of_address {
    ($source:expr, $mac:expr) => {
        mailbox::table.filter(mailbox::source_id.eq($source.to_string())).filter(mailbox::address_mac.eq($mac))
    };
}

/// Mailboxes that are listed at once.
const PAGE: i64 = 1000;

fn place(key: &DataKey) -> Place<'_> {
    Place { table: TABLE, row: &key.id, column: "sealed", key: &key.id }
}

fn opened(key: &DataKey, sealed: &[u8]) -> Result<Content> {
    let plain = crypto::open(&key.key, place(key), sealed)?;
    serde_json::from_slice(&plain).map_err(|_| StoreError::Unreadable(TABLE))
}

impl Tx<'_> {
    /// By what an address is found again: nobody reads it there.
    pub(super) fn address_mac(&self, source: SourceId, address: &str) -> Vec<u8> {
        let address = address.to_lowercase();
        self.keys.index.mac(&[TABLE.as_bytes(), source.to_string().as_bytes(), address.as_bytes()])
    }

    /// Keeps what stands at an address right before this is sent there. What was kept stays once
    /// something got there; until then what stands there now is what is to come back. Whether it was
    /// kept now.
    pub fn back_up_mailbox(
        &mut self,
        source: SourceId,
        person: PersonId,
        (mailbox_name, address): (&str, &str),
        before: &str,
        sent: &str,
        now: Ts,
    ) -> Result<bool> {
        let mac = self.address_mac(source, address);
        let kept: Option<(String, Option<String>, Option<String>)> = of_address!(source, &mac)
            .select((mailbox::data_key_id, mailbox::written, mailbox::tried))
            .get_result(self.conn)
            .optional()?;
        if let Some((key_id, written, tried)) = &kept {
            // one whose answer never came, and which stands there
            let arrived = tried.as_ref().filter(|tried| written.is_none() && **tried == fingerprint(before));
            diesel::update(mailbox::table.find(key_id))
                .set((mailbox::written.eq(written.as_ref().or(arrived)), mailbox::tried.eq(Some(sent))))
                .execute(self.conn)?;
            if written.is_some() || arrived.is_some() {
                return Ok(false);
            }
        }
        let key = match kept {
            Some((key_id, ..)) => self.data_key(&key_id)?.ok_or(StoreError::Damaged(TABLE))?,
            None => self.new_data_key(now)?,
        };
        let content =
            Content { mailbox: mailbox_name.to_owned(), address: address.to_owned(), before: before.to_owned() };
        let plain = serde_json::to_vec(&content).map_err(|_| StoreError::Unreadable(TABLE))?;
        let sealed = crypto::seal(&key.key, self.random, place(&key), &plain)?;
        diesel::delete(mailbox::table.find(&key.id)).execute(self.conn)?;
        diesel::insert_into(mailbox::table)
            .values((
                mailbox::data_key_id.eq(&key.id),
                mailbox::source_id.eq(source.to_string()),
                mailbox::person_id.eq(person.to_string()),
                mailbox::address_mac.eq(mac),
                mailbox::sealed.eq(sealed.0),
                mailbox::taken_at.eq(now.as_micros()),
                mailbox::tried.eq(Some(sent)),
            ))
            .execute(self.conn)?;
        Ok(true)
    }

    /// Notes what is about to be sent to an address, by its fingerprint: nobody knows what stands
    /// there until the provider answered.
    pub fn set_mailbox_tried(&mut self, source: SourceId, address: &str, sent: &str) -> Result<()> {
        let mac = self.address_mac(source, address);
        diesel::update(of_address!(source, mac)).set(mailbox::tried.eq(Some(sent))).execute(self.conn)?;
        Ok(())
    }

    /// Notes what an address was written with: the fingerprint of what the provider has.
    pub fn set_mailbox_written(&mut self, source: SourceId, address: &str, fingerprint: &str) -> Result<()> {
        let mac = self.address_mac(source, address);
        diesel::update(of_address!(source, mac))
            .set((mailbox::written.eq(Some(fingerprint)), mailbox::tried.eq(None::<String>)))
            .execute(self.conn)?;
        Ok(())
    }

    /// The provider refused what was sent: what was written before stands there still. Where nothing
    /// ever was, nothing is kept.
    pub fn mailbox_refused(&mut self, source: SourceId, address: &str, now: Ts) -> Result<()> {
        let mac = self.address_mac(source, address);
        let unwritten: Vec<String> = of_address!(source, &mac)
            .filter(mailbox::written.is_null())
            .select(mailbox::data_key_id)
            .load(self.conn)?;
        self.forget_backups(&unwritten, now)?;
        diesel::update(of_address!(source, mac)).set(mailbox::tried.eq(None::<String>)).execute(self.conn)?;
        Ok(())
    }

    /// The mailboxes of a source that were written, or may have been: of these people or of all,
    /// those kept first at the front.
    pub fn kept_mailboxes(&mut self, source: SourceId, people: &[PersonId]) -> Result<Vec<KeptMailbox>> {
        type Sealed = ((String, String, Vec<u8>, i64), Vec<u8>, (String, Option<Vec<u8>>));
        let people: Vec<String> = people.iter().map(ToString::to_string).collect();
        let (mut kept, mut after) = (Vec::new(), Vec::new());
        loop {
            let mut query = mailbox::table
                .inner_join(data_key::table.on(data_key::id.eq(mailbox::data_key_id)))
                .filter(mailbox::source_id.eq(source.to_string()))
                .filter(mailbox::address_mac.gt(&after))
                .order(mailbox::address_mac)
                .limit(PAGE)
                .select((
                    (mailbox::data_key_id, mailbox::person_id, mailbox::address_mac, mailbox::taken_at),
                    mailbox::sealed,
                    (data_key::kek_id, data_key::wrapped),
                ))
                .into_boxed();
            if !people.is_empty() {
                query = query.filter(mailbox::person_id.eq_any(&people));
            }
            let rows: Vec<Sealed> = query.load(self.conn)?;
            let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < PAGE);
            for ((key_id, person, mac, taken_at), sealed, (kek_id, wrapped)) in rows {
                let wrapped = wrapped.ok_or(StoreError::Damaged(TABLE))?;
                let key = self.keys.unwrap_key("data_key", &key_id, &kek_id, &wrapped)?;
                let content = opened(&DataKey { id: key_id, key }, &sealed)?;
                let (mailbox, address) = (content.mailbox, content.address);
                kept.push((taken_at, KeptMailbox { person: id(&person, TABLE)?, mailbox, address }));
                after = mac;
            }
            if is_last {
                break;
            }
        }
        kept.sort_by_key(|(taken_at, _)| *taken_at);
        Ok(kept.into_iter().map(|(_, mailbox)| mailbox).collect())
    }

    /// Whose mailboxes these are.
    pub fn kept_people(&mut self, source: SourceId) -> Result<BTreeSet<PersonId>> {
        let people: Vec<String> = mailbox::table
            .filter(mailbox::source_id.eq(source.to_string()))
            .select(mailbox::person_id)
            .load(self.conn)?;
        people.iter().map(|person| id(person, TABLE)).collect()
    }

    /// What is kept of one address.
    pub fn mailbox_backup(&mut self, source: SourceId, address: &str) -> Result<Option<MailboxBackup>> {
        let mac = self.address_mac(source, address);
        let row: Option<Row> = of_address!(source, mac).select(columns!()).get_result(self.conn).optional()?;
        row.map(|row| self.read_backup(row)).transpose()
    }

    fn read_backup(&mut self, (key_id, person, sealed, taken_at, (written, tried)): Row) -> Result<MailboxBackup> {
        let key = self.data_key(&key_id)?.ok_or(StoreError::Damaged(TABLE))?;
        let Content { mailbox, address, before } = opened(&key, &sealed)?;
        let (person, taken_at) = (id(&person, TABLE)?, Ts::from_micros(taken_at));
        Ok(MailboxBackup { person, mailbox, address, before, taken_at, written, tried })
    }

    /// Whether a backup can be read.
    pub(super) fn backup_opens(&mut self, key_id: &str) -> Result<()> {
        let row: Row = mailbox::table.find(key_id).select(columns!()).get_result(self.conn)?;
        self.read_backup(row).map(drop)
    }

    /// How many mailboxes of a source hold what Estampe wrote, or may: of what was refused nothing is
    /// kept.
    pub fn mailbox_count(&mut self, source: SourceId) -> Result<u64> {
        let kept: i64 =
            mailbox::table.filter(mailbox::source_id.eq(source.to_string())).count().get_result(self.conn)?;
        Ok(count(kept))
    }

    /// Forgets what is kept of an address: what stood there before is there again.
    pub fn forget_mailbox(&mut self, source: SourceId, address: &str, now: Ts) -> Result<()> {
        let mac = self.address_mac(source, address);
        let keys: Vec<String> = of_address!(source, mac).select(mailbox::data_key_id).load(self.conn)?;
        self.forget_backups(&keys, now)
    }

    /// Forgets what is kept of somebody's mailboxes.
    pub(super) fn forget_mailboxes_of(&mut self, person_id: &str, now: Ts) -> Result<()> {
        let keys: Vec<String> =
            mailbox::table.filter(mailbox::person_id.eq(person_id)).select(mailbox::data_key_id).load(self.conn)?;
        self.forget_backups(&keys, now)
    }

    /// Forgets some of what is kept of a source's mailboxes; how many.
    pub fn forget_some_mailboxes(&mut self, source: SourceId, now: Ts) -> Result<u64> {
        let keys: Vec<String> = mailbox::table
            .filter(mailbox::source_id.eq(source.to_string()))
            .limit(1000)
            .select(mailbox::data_key_id)
            .load(self.conn)?;
        self.forget_backups(&keys, now)?;
        Ok(keys.len() as u64)
    }

    fn forget_backups(&mut self, keys: &[String], now: Ts) -> Result<()> {
        for key in keys {
            diesel::delete(mailbox::table.find(key)).execute(self.conn)?;
            self.destroy_data_key(key, now)?;
        }
        Ok(())
    }
}
