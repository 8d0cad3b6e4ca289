//! Cards beside what they received, as a list of them wants it.

use std::collections::{HashMap, HashSet};

use diesel::dsl::{count_star, max};
use diesel::prelude::*;
use estampe_domain::card::LeadTally;
use estampe_domain::{CardId, PersonId, Ts};

use super::{Tx, count, id};
use crate::conn::per_backend;
use crate::error::Result;
use crate::schema::{card, lead};

impl Tx<'_> {
    /// What the cards of these people received; a card that received nothing is not among them.
    /// An index answers it: no lead is read.
    pub fn lead_tallies(&mut self, people: &[PersonId]) -> Result<HashMap<CardId, LeadTally>> {
        let people: Vec<String> = people.iter().map(ToString::to_string).collect();
        let mut tallies = HashMap::new();
        // SQLite binds at most 32,766 values; pages hold fewer, chunks keep it so
        for chunk in people.chunks(500) {
            let rows: Vec<(String, i64, Option<i64>)> = per_backend!(self.conn, c => {
                lead::table
                    .filter(lead::person_id.eq_any(chunk))
                    .group_by(lead::card_id)
                    .select((lead::card_id, count_star(), max(lead::received_at)))
                    .load(c)?
            });
            for (card, leads, last) in rows {
                let tally = LeadTally { leads: count(leads), last: last.map(Ts::from_micros) };
                tallies.insert(id(&card, "lead")?, tally);
            }
        }
        Ok(tallies)
    }

    /// Everybody whose card was taken down: an index holds them, and they are few.
    pub fn people_with_card_down(&mut self) -> Result<HashSet<PersonId>> {
        let people: Vec<String> = card::table.filter(card::active.eq(false)).select(card::person_id).load(self.conn)?;
        people.iter().map(|text| id(text, "card")).collect()
    }
}
