//! Visitor to lead: the form, the submission, the console's list.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use estampe_domain::audit::AuditEvent;
use estampe_domain::card::Card;
use estampe_domain::ids::{JobId, LeadId, SubjectId};
use estampe_domain::lead::{IdempotencyKey, LeadDetails, LeadForm};
use estampe_domain::purpose::{LegalBasis, Purpose};
use estampe_domain::text::Email;
use estampe_domain::{Context, Error, Locale, PublicId, Result, Ts};
use estampe_store::{EarlierSubmission, Job, KnownSubject, NewJob, NewLead, StoredConsent};
use serde_json::json;

use crate::Service;
use crate::views::{Doubt, Exchange, LeadDetail, LeadPage, Receipt, Submission};

/// How a page of leads is long.
const PAGE: i64 = 50;
/// Tries when two submissions meet in the database.
const TRIES: u32 = 3;
/// How long the purposes of the form are kept, in seconds.
const PURPOSES_KEPT: i64 = 2;

/// The purposes of the form by language, and when they were read.
pub(crate) type KeptPurposes = Mutex<HashMap<Locale, (Ts, Arc<[Purpose]>)>>;

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
        let details = match form.parse() {
            Ok(details) => details,
            Err(problems) => {
                let mut exchange = self.exchange(ctx, public_id).await?;
                // still the same submission: it keeps its key
                if form.idempotency_key.parse::<IdempotencyKey>().is_ok() {
                    exchange.idempotency_key.clone_from(&form.idempotency_key);
                }
                return Ok(Submission::Problems { exchange, problems });
            }
        };
        if let Some(doubt) = self.doubt(form, ctx.now) {
            let mut exchange = self.exchange(ctx, public_id).await?;
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
        let consents = self.consents(&self.purposes(ctx).await?, &form.consents);
        let mut tries = 0;
        loop {
            tries += 1;
            // most keys are new, and the database refuses the others: they are looked for then
            let earlier = if tries == 1 { None } else { Some((key.clone(), details.clone(), granted(&consents))) };
            let before = self.before(public_id, &details.email, earlier).await?;
            let (card, known) = match before {
                Before::Earlier(card, earlier) if earlier.same => {
                    return Ok(Submission::Received(Receipt { card, lead: earlier.lead, at: earlier.at }));
                }
                Before::Earlier(_, earlier) => {
                    let exchange = self.exchange(ctx, public_id).await?;
                    return Ok(Submission::AlreadySent { exchange, at: earlier.at });
                }
                Before::New(card, known) => (card, known),
            };
            match self.store_lead(ctx, &card, &details, &key, &consents, known).await {
                Ok(lead) => {
                    self.wake_worker();
                    return Ok(Submission::Received(Receipt { card, lead, at: ctx.now }));
                }
                Err(error) if error.is_conflict() && tries < TRIES => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What is to be known before a lead is written: whose card it is left at, whether
    /// this human or this very submission was here before.
    async fn before(
        &self,
        public_id: &PublicId,
        email: &Email,
        earlier: Option<(IdempotencyKey, LeadDetails, Vec<String>)>,
    ) -> Result<Before> {
        let (public_id, email) = (public_id.clone(), email.clone());
        let found = self
            .store
            .look(move |tx| {
                let Some((card, known)) = tx.addressee(&public_id, &email)? else { return Ok(None) };
                if let Some((key, details, granted)) = earlier
                    && let Some(earlier) = tx.earlier_submission(card.id, &key, &details, &granted)?
                {
                    return Ok(Some(Before::Earlier(card, earlier)));
                }
                Ok(Some(Before::New(card, known)))
            })
            .await?;
        found.ok_or(Error::NotFound)
    }

    async fn store_lead(
        &self,
        ctx: &Context,
        card: &Card,
        details: &LeadDetails,
        key: &IdempotencyKey,
        consents: &[StoredConsent],
        known: Option<KnownSubject>,
    ) -> estampe_store::Result<LeadId> {
        let random = self.random();
        let lead = LeadId::new(ctx.now, random);
        let versions: Vec<_> = consents
            .iter()
            .map(|c| json!({"purpose": c.purpose.key, "version": c.purpose.text_version, "granted": c.granted}))
            .collect();
        let audit = AuditEvent::done(ctx, random, "lead.receive", "lead", lead)
            .with(json!({"card": card.id, "consents": versions}));
        let job = |job| NewJob { id: JobId::new(ctx.now, random), job, run_at: ctx.now };
        let mut jobs = vec![job(Job::LeadAcknowledgement(lead))];
        if !card.profile.emails.is_empty() {
            jobs.push(job(Job::LeadNotice(lead)));
        }
        let new = NewLead {
            id: lead,
            subject: SubjectId::new(ctx.now, random),
            card: card.id,
            person: card.person,
            details,
            locale: ctx.locale,
            key,
            consents: consents.to_vec(),
            at: ctx.now,
            audit: &audit,
            jobs,
        };
        let prepared = self.store.prepare_lead(new, known)?;
        self.store.receive_lead(prepared).await?;
        Ok(lead)
    }

    /// The purposes of the form in the visitor's language. Their texts change hardly ever:
    /// what was true two seconds ago is as true as the page that the visitor filled in.
    async fn purposes(&self, ctx: &Context) -> Result<Arc<[Purpose]>> {
        let (locale, now) = (ctx.locale, self.ports.clock.now());
        let kept = self.purposes.lock().unwrap_or_else(PoisonError::into_inner).get(&locale).cloned();
        if let Some((at, purposes)) = kept
            && (0..PURPOSES_KEPT).contains(&now.seconds_since(at))
        {
            return Ok(purposes);
        }
        let purposes: Arc<[Purpose]> = self.store.read(move |tx| tx.card_form_purposes(locale)).await?.into();
        let mut kept = self.purposes.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(locale, (now, Arc::clone(&purposes)));
        Ok(purposes)
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
                let total = tx.lead_count(Ts::from_micros(0))?;
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

enum Before {
    Earlier(Card, EarlierSubmission),
    New(Card, Option<KnownSubject>),
}

/// Keys of the purposes that were agreed to by a box.
fn granted(consents: &[StoredConsent]) -> Vec<String> {
    let agreed = consents.iter().filter(|c| c.granted && c.purpose.basis == LegalBasis::Consent);
    agreed.map(|c| c.purpose.key.clone()).collect()
}
