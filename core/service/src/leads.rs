//! Visitor to lead: the form, the submission, the console's list.

use estampe_domain::audit::AuditEvent;
use estampe_domain::card::Card;
use estampe_domain::ids::{JobId, LeadId, SubjectId};
use estampe_domain::lead::{IdempotencyKey, LeadDetails, LeadForm};
use estampe_domain::purpose::{LegalBasis, Purpose};
use estampe_domain::{Context, Error, PublicId, Result};
use estampe_store::{EarlierSubmission, Job, NewJob, NewLead, StoredConsent};
use serde_json::json;

use crate::Service;
use crate::views::{Doubt, Exchange, LeadDetail, LeadPage, Receipt, Submission};

/// How a page of leads is long.
const PAGE: i64 = 50;
/// Tries when two submissions meet in the database.
const TRIES: u32 = 3;

impl Service {
    /// The form to leave one's details at a card.
    pub async fn exchange(&self, ctx: &Context, public_id: &PublicId) -> Result<Exchange> {
        let (public_id, locale) = (public_id.clone(), ctx.locale);
        let found = self
            .store
            .read(move |tx| {
                let Some(card) = tx.shown_card(&public_id)? else { return Ok(None) };
                Ok(Some((card, tx.card_form_purposes(locale)?)))
            })
            .await?;
        let (card, purposes) = found.ok_or(Error::NotFound)?;
        Ok(Exchange { card, purposes, idempotency_key: self.new_idempotency_key(ctx.now) })
    }

    /// Takes what a visitor left. [`Submission::Received`] is given only once lead,
    /// consents, audit event and outbox rows are on disk, all in one transaction.
    pub async fn submit_lead(&self, ctx: &Context, public_id: &PublicId, form: &LeadForm) -> Result<Submission> {
        let mut exchange = self.exchange(ctx, public_id).await?;
        let details = match form.parse() {
            Ok(details) => details,
            Err(problems) => {
                // still the same submission: it keeps its key
                if form.idempotency_key.parse::<IdempotencyKey>().is_ok() {
                    exchange.idempotency_key.clone_from(&form.idempotency_key);
                }
                return Ok(Submission::Problems { exchange, problems });
            }
        };
        if let Some(doubt) = self.doubt(form, ctx.now) {
            // what was typed slowly keeps its key; what came too quickly begins anew
            if doubt == Doubt::Trap && form.idempotency_key.parse::<IdempotencyKey>().is_ok() {
                exchange.idempotency_key.clone_from(&form.idempotency_key);
            }
            return Ok(Submission::Doubtful { exchange, doubt });
        }
        // A key that is no key (an old page, a script) would make the form unusable
        // for no fault of the visitor's: such a submission simply stands alone.
        let key: IdempotencyKey = match form.idempotency_key.parse() {
            Ok(key) => key,
            Err(_) => {
                self.new_idempotency_key(ctx.now).parse().map_err(|_| Error::Internal("idempotency key".into()))?
            }
        };
        let mut tries = 0;
        loop {
            tries += 1;
            match self.store_lead(ctx, &exchange, &details, &key, form).await {
                Ok(Stored::New(lead)) => {
                    self.wake_worker();
                    return Ok(Submission::Received(Receipt { card: exchange.card, lead, at: ctx.now }));
                }
                Ok(Stored::Earlier(earlier)) if earlier.same => {
                    return Ok(Submission::Received(Receipt {
                        card: exchange.card,
                        lead: earlier.lead,
                        at: earlier.at,
                    }));
                }
                Ok(Stored::Earlier(earlier)) => return Ok(Submission::AlreadySent { exchange, at: earlier.at }),
                Err(error) if error.is_conflict() && tries < TRIES => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn store_lead(
        &self,
        ctx: &Context,
        exchange: &Exchange,
        details: &LeadDetails,
        key: &IdempotencyKey,
        form: &LeadForm,
    ) -> estampe_store::Result<Stored> {
        let ctx = *ctx;
        let random = self.shared_random();
        let consents = self.consents(&exchange.purposes, &form.consents);
        let granted: Vec<String> = consents
            .iter()
            .filter(|c| c.granted && c.purpose.basis == LegalBasis::Consent)
            .map(|c| c.purpose.key.clone())
            .collect();
        let (card, details, key): (Card, _, _) = (exchange.card.clone(), details.clone(), key.clone());
        self.store
            .write(move |tx| {
                if let Some(earlier) = tx.earlier_submission(card.id, &key, &details, &granted)? {
                    return Ok(Stored::Earlier(earlier));
                }
                let lead = LeadId::new(ctx.now, &*random);
                let versions: Vec<_> = consents
                    .iter()
                    .map(|c| json!({"purpose": c.purpose.key, "version": c.purpose.text_version, "granted": c.granted}))
                    .collect();
                tx.insert_lead(&NewLead {
                    id: lead,
                    subject: SubjectId::new(ctx.now, &*random),
                    card: card.id,
                    person: card.person,
                    details,
                    locale: ctx.locale,
                    key,
                    consents,
                    at: ctx.now,
                })?;
                tx.audit(
                    &AuditEvent::done(&ctx, &*random, "lead.receive", "lead", lead)
                        .with(json!({"card": card.id, "consents": versions})),
                )?;
                let mut enqueue = |job| tx.enqueue(&NewJob { id: JobId::new(ctx.now, &*random), job, run_at: ctx.now });
                enqueue(Job::LeadAcknowledgement(lead))?;
                if !card.profile.emails.is_empty() {
                    enqueue(Job::LeadNotice(lead))?;
                }
                Ok(Stored::New(lead))
            })
            .await
    }

    /// What was told and agreed: a legitimate interest is told, a consent is given by
    /// its box alone.
    pub(crate) fn consents(&self, purposes: &[Purpose], ticked: &[String]) -> Vec<StoredConsent> {
        purposes
            .iter()
            .map(|purpose| StoredConsent {
                wording: purpose.wording(&self.settings.organisation),
                granted: match purpose.basis {
                    LegalBasis::LegitimateInterest => true,
                    LegalBasis::Consent => ticked.contains(&purpose.key),
                },
                purpose: purpose.clone(),
                channel: "card-form",
            })
            .collect()
    }

    /// Leads for the console, newest first.
    pub async fn leads(&self, ctx: &Context, after: Option<String>) -> Result<LeadPage> {
        ctx.require_administrator()?;
        let after = after.map(|text| text.parse().map_err(|_| Error::NotFound)).transpose()?;
        let page = self
            .store
            .read(move |tx| {
                let mut leads = tx.leads(after, PAGE + 1)?;
                let total = tx.lead_count(estampe_domain::Ts::from_micros(0))?;
                let more = leads.len() as u64 > PAGE.unsigned_abs();
                if more {
                    leads.pop();
                }
                let next = if more { leads.last().map(|lead| lead.id.to_string()) } else { None };
                Ok(LeadPage { leads, total, next })
            })
            .await?;
        Ok(page)
    }

    /// One lead, with its consents and mails.
    pub async fn lead(&self, ctx: &Context, lead: LeadId) -> Result<LeadDetail> {
        ctx.require_administrator()?;
        let detail = self
            .store
            .read(move |tx| {
                let Some((found, _)) = tx.lead(lead)? else { return Ok(None) };
                let consents = tx.consents(lead)?;
                let mails = tx.jobs_of(&lead.to_string())?.iter().filter_map(crate::mails::entry).collect();
                Ok(Some(LeadDetail { lead: found, consents, mails }))
            })
            .await?;
        detail.ok_or(Error::NotFound)
    }
}

enum Stored {
    New(LeadId),
    Earlier(EarlierSubmission),
}
