//! Visitor to lead: the form, the submission, the console's list.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use estampe_domain::audit::AuditEvent;
use estampe_domain::card::Card;
use estampe_domain::ids::{CardId, JobId, LeadId, SubjectId};
use estampe_domain::lead::{ConsentRecord, IdempotencyKey, Lead, LeadDetails, LeadForm};
use estampe_domain::purpose::LegalBasis;
use estampe_domain::{Context, Error, Locale, PublicId, Result, Right, Ts};
use estampe_store::{EarlierSubmission, Job, KnownSubject, NewJob, NewLead, ShownPurpose, StoredConsent};
use serde_json::json;

use crate::Service;
use crate::views::{Asking, Doubt, Exchange, LeadDetail, LeadPage, Receipt, Submission};

/// Tries when two submissions meet in the database.
const TRIES: u32 = 3;
/// Copies of their own details that one visitor is sent within an hour.
const COPIES: u64 = 5;
/// How long the purposes of the form are kept, in seconds.
const PURPOSES_KEPT: i64 = 2;

/// The purposes of the form by language, and when they were read.
pub(crate) type KeptPurposes = Mutex<HashMap<Locale, (Ts, Shown)>>;

/// Purposes in the words of a page.
type Shown = Arc<[Arc<ShownPurpose>]>;

impl Service {
    /// The form to leave one's details at a card.
    pub async fn exchange(&self, ctx: &Context, public_id: &PublicId) -> Result<Exchange> {
        let locale = ctx.locale;
        let card = self.kept_card(public_id).await?;
        let purposes = self.store.read(move |tx| tx.card_form_purposes(locale)).await?;
        let (rights_contact, by_mail) = (self.settings.rights_contact.clone(), self.settings.mail_configured);
        Ok(Exchange { card, purposes, idempotency_key: self.store.new_form_key(ctx.now), rights_contact, by_mail })
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
                self.store.new_form_key(ctx.now).parse().map_err(|_| Error::Internal("idempotency key".into()))?
            }
        };
        let card = self.kept_card(public_id).await?;
        let consents = consents(&self.purposes(ctx).await?, &form.consents);
        // most humans are new, and so are most keys: the database refuses the others, and
        // they are looked for then
        let mut known = None;
        let mut tries = 0;
        loop {
            tries += 1;
            let copied = is_acknowledged(known.as_ref());
            match self.store_lead(ctx, &card, &details, &key, &consents, known.take()).await {
                Ok(lead) => {
                    self.wake_worker();
                    return Ok(Submission::Received(Receipt { card, lead, at: ctx.now, copied }));
                }
                Err(error) if error.is_conflict() && tries < TRIES => {}
                Err(error) => return Err(error.into()),
            }
            match self.before(card.id, &key, &details, &consents).await? {
                Before::Earlier(earlier) if earlier.same => {
                    return Ok(Submission::Received(Receipt {
                        card,
                        lead: earlier.lead,
                        at: earlier.at,
                        copied: earlier.copied,
                    }));
                }
                Before::Earlier(earlier) => {
                    let exchange = self.exchange(ctx, public_id).await?;
                    return Ok(Submission::AlreadySent { exchange, at: earlier.at });
                }
                Before::New(subject) => known = subject,
            }
        }
    }

    /// Whether this very submission was here before, or else this human.
    async fn before(
        &self,
        card: CardId,
        key: &IdempotencyKey,
        details: &LeadDetails,
        consents: &[StoredConsent],
    ) -> Result<Before> {
        let (key, details, granted) = (key.clone(), details.clone(), StoredConsent::agreed(consents));
        let found = self
            .store
            .read(move |tx| {
                Ok(match tx.earlier_submission(card, &key, &details, &granted)? {
                    Some(earlier) => Before::Earlier(earlier),
                    None => Before::New(tx.known_subject(&details.email)?),
                })
            })
            .await?;
        Ok(found)
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
            .map(|c| json!({"purpose": c.shown.purpose.key, "version": c.shown.purpose.text_version, "granted": c.granted}))
            .collect();
        let audit = AuditEvent::done(ctx, random, "lead.receive", "lead", lead)
            .with(json!({"card": card.id, "consents": versions}));
        let job = |job| NewJob { id: JobId::new(ctx.now, random), job, request: ctx.request, run_at: ctx.now };
        let mut jobs = Vec::new();
        if is_acknowledged(known.as_ref()) {
            jobs.push(job(Job::LeadAcknowledgement(lead)));
        }
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
    pub(crate) async fn purposes(&self, ctx: &Context) -> Result<Shown> {
        let (locale, now) = (ctx.locale, self.ports.clock.now());
        let kept = self.purposes.lock().unwrap_or_else(PoisonError::into_inner).get(&locale).cloned();
        if let Some((at, purposes)) = kept
            && (0..PURPOSES_KEPT).contains(&now.seconds_since(at))
        {
            return Ok(purposes);
        }
        let purposes = self.store.read(move |tx| tx.card_form_purposes(locale)).await?.into_iter();
        let shown: Shown = purposes
            .map(|purpose| {
                let wording = purpose.wording(&self.settings.organisation);
                Arc::new(ShownPurpose::new(purpose, locale, wording))
            })
            .collect();
        let mut kept = self.purposes.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(locale, (now, Arc::clone(&shown)));
        Ok(shown)
    }

    /// Leads for the console, newest first.
    pub async fn leads(&self, ctx: &Context, asked: impl Into<Asking>) -> Result<LeadPage> {
        let scope = ctx.scope(Right::LeadsRead)?;
        let Asking { after, limit } = asked.into();
        let after = after.map(|text| text.parse().map_err(|_| Error::NotFound)).transpose()?;
        let page = self
            .store
            .read(move |tx| {
                let mut leads = tx.leads(scope, after, limit + 1)?;
                let total = tx.leads_in_all(scope)?;
                let more = leads.len() as u64 > limit.unsigned_abs();
                if more {
                    leads.pop();
                }
                let next = if more { leads.last().map(|lead| lead.id.to_string()) } else { None };
                let consents = tx.consents_of(&leads.iter().map(|lead| lead.id).collect::<Vec<_>>())?;
                Ok(LeadPage { leads, consents, total, next })
            })
            .await?;
        self.note_leads_read(ctx).await?;
        Ok(page)
    }

    /// One lead, with its consents and mails.
    pub async fn lead(&self, ctx: &Context, lead: LeadId) -> Result<LeadDetail> {
        let scope = ctx.scope(Right::LeadsRead)?;
        let detail = self
            .store
            .read(move |tx| {
                let Some((found, _)) = tx.lead(lead)? else { return Ok(None) };
                if !tx.is_within(found.person, scope)? {
                    return Ok(None);
                }
                let consents = tx.consents(lead)?;
                let mails = tx.jobs_of(&lead.to_string())?.iter().filter_map(crate::mails::entry).collect();
                Ok(Some(LeadDetail { lead: found, consents, mails }))
            })
            .await?;
        let detail = detail.ok_or(Error::NotFound)?;
        self.note_leads_read(ctx).await?;
        Ok(detail)
    }

    /// One lead to be kept in an address book, for whoever may open it: that it was taken along is noted
    /// before it is given. There is nothing to keep of one that was erased.
    pub async fn take_lead(&self, ctx: &Context, lead: LeadId) -> Result<(Lead, LeadDetails, Vec<ConsentRecord>)> {
        let scope = ctx.scope(Right::LeadsRead)?;
        let (ctx, random) = (*ctx, self.shared_random());
        let taken = self.store.write(move |tx| {
            let Some((found, _)) = tx.lead(lead)? else { return Ok(None) };
            let Some(details) = found.details.clone() else { return Ok(None) };
            if !tx.is_within(found.person, scope)? {
                return Ok(None);
            }
            tx.audit(&AuditEvent::done(&ctx, &*random, "lead.vcard", "lead", lead))?;
            Ok(Some((found, details, tx.consents(lead)?)))
        });
        taken.await?.ok_or(Error::NotFound)
    }
}

enum Before {
    Earlier(EarlierSubmission),
    New(Option<KnownSubject>),
}

/// Whether the visitor is sent a copy. Anybody may name any address: nobody gets more than
/// a few mails an hour for it.
fn is_acknowledged(known: Option<&KnownSubject>) -> bool {
    known.is_none_or(|subject| subject.recent() < COPIES)
}

/// What was told and agreed: a legitimate interest is told, a consent is given by its box
/// alone.
pub(crate) fn consents(purposes: &[Arc<ShownPurpose>], ticked: &[String]) -> Vec<StoredConsent> {
    purposes
        .iter()
        .map(|shown| StoredConsent {
            granted: match shown.purpose.basis {
                LegalBasis::LegitimateInterest => true,
                LegalBasis::Consent => ticked.contains(&shown.purpose.key),
            },
            shown: Arc::clone(shown),
            channel: "card-form",
        })
        .collect()
}
