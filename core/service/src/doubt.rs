//! Telling people from programs at the form, without asking them anything, and finding
//! again what was stored already.
//!
//! The key of a form that we made says when, under a MAC. A key that somebody made
//! themselves says nothing, and is as good: scripts may leave details too.

use estampe_domain::lead::{IdempotencyKey, LeadForm};
use estampe_domain::{Context, PublicId, Result, Ts};
use estampe_store::StoredConsent;

use crate::Service;
use crate::leads::consents;
use crate::views::{Doubt, Receipt};

/// Nobody types a name and an address in less, in microseconds.
const LEAST: i64 = 2_000_000;

impl Service {
    /// Whether this looks like a program's.
    pub(crate) fn doubt(&self, form: &LeadForm, now: Ts) -> Option<Doubt> {
        if !form.website.is_empty() {
            return Some(Doubt::Trap);
        }
        let made = self.store.form_opened(&form.idempotency_key)?;
        // a clock that was set back must not keep people waiting
        let age = now.as_micros().saturating_sub(made.as_micros());
        (0..LEAST).contains(&age).then_some(Doubt::TooQuick)
    }

    /// Whether this would be stored, if nobody sent it before.
    pub fn is_lead(&self, ctx: &Context, form: &LeadForm) -> bool {
        self.doubt(form, ctx.now).is_none() && form.parse().is_ok()
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
        let card = self.kept_card(public_id).await?;
        let granted = StoredConsent::agreed(&consents(&self.purposes(ctx).await?, &form.consents));
        let id = card.id;
        let earlier = self.store.read(move |tx| tx.earlier_submission(id, &key, &details, &granted)).await?;
        let same = earlier.filter(|earlier| earlier.same);
        Ok(same.map(|earlier| Receipt { card, lead: earlier.lead, at: earlier.at, copied: earlier.copied }))
    }
}
