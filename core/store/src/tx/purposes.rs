//! Purposes and their texts.

use diesel::dsl::max;
use diesel::prelude::*;
use estampe_domain::purpose::{LegalBasis, Purpose};
use estampe_domain::{Locale, PurposeId};

use super::{Tx, id};
use crate::error::{Result, StoreError};
use crate::schema::{purpose, purpose_text};

impl Tx<'_> {
    /// The purposes of the form on a card, with their newest texts in this language.
    pub fn card_form_purposes(&mut self, locale: Locale) -> Result<Vec<Purpose>> {
        let rows: Vec<(String, String, String, i64)> = purpose::table
            .filter(purpose::on_card_form.eq(true))
            .order(purpose::id)
            .select((purpose::id, purpose::key, purpose::legal_basis, purpose::retention_months))
            .load(self.conn)?;
        let mut purposes = Vec::with_capacity(rows.len());
        for (purpose_id, key, basis, months) in rows {
            let text = purpose_text::table
                .filter(purpose_text::purpose_id.eq(&purpose_id))
                .filter(purpose_text::locale.eq(locale.tag()));
            let version: Option<i64> = text.select(max(purpose_text::version)).get_result(self.conn)?;
            let version = version.ok_or(StoreError::Unreadable("purpose_text"))?;
            let body: String =
                text.filter(purpose_text::version.eq(version)).select(purpose_text::body).get_result(self.conn)?;
            purposes.push(Purpose {
                id: id(&purpose_id, "purpose")?,
                key,
                basis: LegalBasis::from_stored(&basis).ok_or(StoreError::Unreadable("purpose"))?,
                retention_months: u32::try_from(months).map_err(|_| StoreError::Unreadable("purpose"))?,
                text_version: u32::try_from(version).map_err(|_| StoreError::Unreadable("purpose_text"))?,
                text: body,
            });
        }
        Ok(purposes)
    }

    /// The id of a purpose by its key.
    pub fn purpose_id(&mut self, key: &str) -> Result<PurposeId> {
        let text: String = purpose::table.filter(purpose::key.eq(key)).select(purpose::id).get_result(self.conn)?;
        id(&text, "purpose")
    }
}
