//! What stood in mailboxes before Estampe wrote them, each sealed under a key of its own, and what
//! was written last.

use diesel::prelude::*;
use estampe_domain::signature::publication::MailboxBackup;
use estampe_domain::{PersonId, SourceId, Ts};
use serde::{Deserialize, Serialize};

use super::{DataKey, Tx, count, id};
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::signature_mailbox as mailbox;

const TABLE: &str = "signature_mailbox";

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    mailbox: String,
    address: String,
    before: String,
}

type Row = (String, String, Vec<u8>, i64, Option<String>);

macro_rules! columns {
    () => {
        (mailbox::data_key_id, mailbox::person_id, mailbox::sealed, mailbox::taken_at, mailbox::written)
    };
}

fn place(key: &DataKey) -> Place<'_> {
    Place { table: TABLE, row: &key.id, column: "sealed", key: &key.id }
}

impl Tx<'_> {
    /// By what an address is found again: nobody reads it there.
    fn address_mac(&self, source: SourceId, address: &str) -> Vec<u8> {
        let address = address.to_lowercase();
        self.keys.index.mac(&[TABLE.as_bytes(), source.to_string().as_bytes(), address.as_bytes()])
    }

    /// Keeps what stands at an address before it is written for the first time; what is kept
    /// already stays. Whether it was kept now.
    pub fn back_up_mailbox(
        &mut self,
        source: SourceId,
        person: PersonId,
        (mailbox_name, address): (&str, &str),
        before: &str,
        now: Ts,
    ) -> Result<bool> {
        let mac = self.address_mac(source, address);
        let kept: i64 = mailbox::table
            .filter(mailbox::source_id.eq(source.to_string()))
            .filter(mailbox::address_mac.eq(&mac))
            .count()
            .get_result(self.conn)?;
        if kept > 0 {
            return Ok(false);
        }
        let key = self.new_data_key(now)?;
        let content =
            Content { mailbox: mailbox_name.to_owned(), address: address.to_owned(), before: before.to_owned() };
        let plain = serde_json::to_vec(&content).map_err(|_| StoreError::Unreadable(TABLE))?;
        let sealed = crypto::seal(&key.key, self.random, place(&key), &plain)?;
        diesel::insert_into(mailbox::table)
            .values((
                mailbox::data_key_id.eq(&key.id),
                mailbox::source_id.eq(source.to_string()),
                mailbox::person_id.eq(person.to_string()),
                mailbox::address_mac.eq(mac),
                mailbox::sealed.eq(sealed.0),
                mailbox::taken_at.eq(now.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(true)
    }

    /// Notes what an address was written with: the fingerprint of what the provider has; none
    /// while that is not known.
    pub fn set_mailbox_written(&mut self, source: SourceId, address: &str, fingerprint: Option<&str>) -> Result<()> {
        let mac = self.address_mac(source, address);
        diesel::update(
            mailbox::table.filter(mailbox::source_id.eq(source.to_string())).filter(mailbox::address_mac.eq(mac)),
        )
        .set(mailbox::written.eq(fingerprint))
        .execute(self.conn)?;
        Ok(())
    }

    /// What is kept of a source's mailboxes, of these people or of all, those kept first at the
    /// front.
    pub fn mailbox_backups(&mut self, source: SourceId, people: &[PersonId]) -> Result<Vec<MailboxBackup>> {
        let people: Vec<String> = people.iter().map(ToString::to_string).collect();
        let mut query = mailbox::table
            .filter(mailbox::source_id.eq(source.to_string()))
            .order((mailbox::taken_at, mailbox::data_key_id))
            .select(columns!())
            .into_boxed();
        if !people.is_empty() {
            query = query.filter(mailbox::person_id.eq_any(people));
        }
        let rows: Vec<Row> = query.load(self.conn)?;
        rows.into_iter().map(|row| self.read_backup(row)).collect()
    }

    /// What is kept of one address.
    pub fn mailbox_backup(&mut self, source: SourceId, address: &str) -> Result<Option<MailboxBackup>> {
        let row: Option<Row> = mailbox::table
            .filter(mailbox::source_id.eq(source.to_string()))
            .filter(mailbox::address_mac.eq(self.address_mac(source, address)))
            .select(columns!())
            .get_result(self.conn)
            .optional()?;
        row.map(|row| self.read_backup(row)).transpose()
    }

    fn read_backup(&mut self, (key_id, person, sealed, taken_at, written): Row) -> Result<MailboxBackup> {
        let key = self.data_key(&key_id)?.ok_or(StoreError::Damaged(TABLE))?;
        let plain = crypto::open(&key.key, place(&key), &sealed)?;
        let content: Content = serde_json::from_slice(&plain).map_err(|_| StoreError::Unreadable(TABLE))?;
        Ok(MailboxBackup {
            person: id(&person, TABLE)?,
            mailbox: content.mailbox,
            address: content.address,
            before: content.before,
            taken_at: Ts::from_micros(taken_at),
            written,
        })
    }

    /// Whether a backup can be read.
    pub(super) fn backup_opens(&mut self, key_id: &str) -> Result<()> {
        let row: Row = mailbox::table.find(key_id).select(columns!()).get_result(self.conn)?;
        self.read_backup(row).map(drop)
    }

    /// How many mailboxes of a source hold what Estampe wrote.
    pub fn mailbox_count(&mut self, source: SourceId) -> Result<u64> {
        let kept: i64 =
            mailbox::table.filter(mailbox::source_id.eq(source.to_string())).count().get_result(self.conn)?;
        Ok(count(kept))
    }

    /// Forgets what is kept of an address: what stood there before is there again.
    pub fn forget_mailbox(&mut self, source: SourceId, address: &str, now: Ts) -> Result<()> {
        let mac = self.address_mac(source, address);
        let keys: Vec<String> = mailbox::table
            .filter(mailbox::source_id.eq(source.to_string()))
            .filter(mailbox::address_mac.eq(mac))
            .select(mailbox::data_key_id)
            .load(self.conn)?;
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
