//! Telling people from programs at the form, without asking them anything, and finding
//! again what was stored already.
//!
//! The key of a form that we made says when, under a MAC. A key that somebody made
//! themselves says nothing, and is as good: scripts may leave details too.

use estampe_domain::lead::{IdempotencyKey, LeadForm};
use estampe_domain::purpose::LegalBasis;
use estampe_domain::{Context, PublicId, Result, Ts};

use crate::Service;
use crate::views::{Doubt, Receipt};

/// Nobody types a name and an address in less, in microseconds.
const LEAST: i64 = 2_000_000;

/// Bytes of a key before its MAC: the moment and some chance.
const SAID: usize = 16;

impl Service {
    /// A key for a form made at this moment: 8 bytes of time in microseconds, 8 random
    /// ones and their MAC (HMAC-SHA-256), in base64url. Nobody can guess another's.
    pub(crate) fn new_idempotency_key(&self, now: Ts) -> String {
        let mut chance = [0; 8];
        self.random().fill(&mut chance);
        let mut key = now.as_micros().to_be_bytes().to_vec();
        key.extend(chance);
        key.extend(self.store.form_mac(&key));
        data_encoding::BASE64URL_NOPAD.encode(&key)
    }

    /// When we made the form of this key; none for the keys of others.
    fn form_made(&self, key: &str) -> Option<Ts> {
        let key = data_encoding::BASE64URL_NOPAD.decode(key.as_bytes()).ok()?;
        let (said, mac) = key.split_at_checked(SAID)?;
        let moment = said.first_chunk().map(|bytes| i64::from_be_bytes(*bytes))?;
        self.store.is_form_mac(said, mac).then(|| Ts::from_micros(moment))
    }

    /// Whether this looks like a program's.
    pub(crate) fn doubt(&self, form: &LeadForm, now: Ts) -> Option<Doubt> {
        if !form.website.is_empty() {
            return Some(Doubt::Trap);
        }
        let made = self.form_made(&form.idempotency_key)?;
        // a clock that was set back must not keep people waiting
        let age = now.as_micros().saturating_sub(made.as_micros());
        (0..LEAST).contains(&age).then_some(Doubt::TooQuick)
    }

    /// The receipt of a submission that is on disk already, for who sends it again:
    /// answering that costs little and must not be refused.
    pub async fn received_before(
        &self,
        ctx: &Context,
        public_id: &PublicId,
        form: &LeadForm,
    ) -> Result<Option<Receipt>> {
        let (Ok(details), Ok(key)) = (form.parse(), form.idempotency_key.parse::<IdempotencyKey>()) else {
            return Ok(None);
        };
        let exchange = self.exchange(ctx, public_id).await?;
        let granted: Vec<String> = self
            .consents(&exchange.purposes, &form.consents)
            .into_iter()
            .filter(|consent| consent.granted && consent.purpose.basis == LegalBasis::Consent)
            .map(|consent| consent.purpose.key)
            .collect();
        let card = exchange.card.id;
        let earlier = self.store.read(move |tx| tx.earlier_submission(card, &key, &details, &granted)).await?;
        Ok(earlier.filter(|earlier| earlier.same).map(|earlier| Receipt {
            card: exchange.card,
            lead: earlier.lead,
            at: earlier.at,
        }))
    }
}
