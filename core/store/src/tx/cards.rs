//! Cards as visitors reach them.

use diesel::prelude::*;
use estampe_domain::card::Card;
use estampe_domain::{PublicId, Ts};

use super::{Tx, id, json};
use crate::error::Result;
use crate::schema::{card, person};

impl Tx<'_> {
    /// The card of a public id, when it and its holder are active.
    pub fn shown_card(&mut self, public_id: &PublicId) -> Result<Option<Card>> {
        let row: Option<(String, String, i64, i64, String)> = card::table
            .inner_join(person::table)
            .filter(card::public_id.eq(public_id.as_str()))
            .filter(card::active.eq(true))
            .filter(person::active.eq(true))
            .select((card::id, card::person_id, card::version, card::changed_at, person::profile))
            .get_result(self.conn)
            .optional()?;
        let Some((card_id, person_id, version, changed_at, profile)) = row else { return Ok(None) };
        Ok(Some(Card {
            id: id(&card_id, "card")?,
            public_id: public_id.clone(),
            person: id(&person_id, "card")?,
            version,
            profile: json(&profile, "person")?,
            changed_at: Ts::from_micros(changed_at),
        }))
    }

    /// The version of a card that is shown.
    pub fn shown_version(&mut self, public_id: &PublicId) -> Result<Option<i64>> {
        Ok(card::table
            .inner_join(person::table)
            .filter(card::public_id.eq(public_id.as_str()))
            .filter(card::active.eq(true))
            .filter(person::active.eq(true))
            .select(card::version)
            .first(self.conn)
            .optional()?)
    }

    /// How many cards are shown.
    pub fn shown_cards(&mut self) -> Result<u64> {
        let shown: i64 = card::table
            .inner_join(person::table)
            .filter(card::active.eq(true))
            .filter(person::active.eq(true))
            .count()
            .get_result(self.conn)?;
        Ok(super::count(shown))
    }
}
