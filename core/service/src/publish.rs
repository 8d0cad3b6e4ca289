//! Signatures into mailboxes: looked at, applied ring by ring, paused, resumed, stopped. They are
//! planned in [`publish_plan`](crate::publish_plan); the work itself is a job:
//! [`publish_work`](crate::publish_work).

use estampe_domain::approval::{Act, Approval};
use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{JobId, PersonId, PublicationId};
use estampe_domain::plugin::{FailKind, Offer};
use estampe_domain::ports::Random;
use estampe_domain::signature::publication::{LineState, Publication, PublicationLine, PublicationState, code};
use estampe_domain::{Actor, Context, Error, Result, Right};
use estampe_store::{Job, NewJob, Tx};
use serde_json::json;

use crate::Service;
use crate::approvals::decided;

/// How many publications are shown at once.
const SHOWN: i64 = 50;
/// How long the lines of an ended publication are kept, in days.
const KEPT: i64 = 90;
/// Failures that may be over once somebody resumes a publication.
const RENEWED: [&str; 6] = ["config", "auth", "denied", "unsupported", "unavailable", "rate-limited"];

/// Which mailboxes of a plan are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ring {
    /// The first so many of what remains; all when none.
    pub first: Option<u64>,
    /// Those of these people alone; of everybody when empty.
    pub people: Vec<PersonId>,
    /// What whoever chose it saw: how many rings were begun, and how many mailboxes it has.
    pub seen: Option<(u64, u64)>,
}

/// Why a ring is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingRefusal {
    /// No plan stands that waits for a word; how it is instead.
    NotPlanned(PublicationState),
    /// None of what remains is among those that were named.
    Nobody,
    /// Another ring was begun, or it has other mailboxes than its reader saw.
    Changed,
    /// Whoever asks does not administer the organisation at the provider.
    NotAdministrator,
}

impl From<RingRefusal> for Error {
    fn from(refusal: RingRefusal) -> Self {
        let words = match refusal {
            RingRefusal::NotPlanned(state) => return is_now(state, "only a plan that stands can be applied"),
            RingRefusal::Changed => return Self::Changed("this plan"),
            RingRefusal::Nobody => "no mailbox that the plan would write is among these",
            RingRefusal::NotAdministrator => {
                "the e-mail address of your account administers nothing at the provider of this source: \
                 signatures are published by somebody whose address does"
            }
        };
        Self::Conflict(words.into())
    }
}

impl Service {
    /// The newest publications.
    pub async fn publications(&self, ctx: &Context) -> Result<Vec<Publication>> {
        ctx.require(Right::SignaturesRead)?;
        Ok(self.store.read(|tx| tx.publications(SHOWN)).await?)
    }

    /// One publication.
    pub async fn publication(&self, ctx: &Context, id: PublicationId) -> Result<Publication> {
        ctx.require(Right::SignaturesRead)?;
        self.store.read(move |tx| tx.publication(id)).await?.ok_or(Error::NotFound)
    }

    /// The newest one of all.
    pub async fn newest_publication(&self, ctx: &Context) -> Result<Option<Publication>> {
        ctx.require(Right::SignaturesRead)?;
        Ok(self.store.read(|tx| Ok(tx.publications(1)?.pop())).await?)
    }

    /// One mailbox of a publication, with its holder's name.
    pub async fn publication_line(
        &self,
        ctx: &Context,
        id: PublicationId,
        seq: u64,
    ) -> Result<(PublicationLine, String)> {
        let mut found = self.publication_lines(ctx, id, None, (seq, 1)).await?;
        found.pop().filter(|(line, _)| line.seq == seq).ok_or(Error::NotFound)
    }

    /// Mailboxes of a publication, in one state or in any, beginning at a place; each with its
    /// holder's name.
    pub async fn publication_lines(
        &self,
        ctx: &Context,
        id: PublicationId,
        state: Option<LineState>,
        (from, limit): (u64, i64),
    ) -> Result<Vec<(PublicationLine, String)>> {
        ctx.require(Right::SignaturesRead)?;
        let read = self.store.read(move |tx| {
            tx.publication(id)?.ok_or(Error::NotFound)?;
            let lines = tx.publication_lines(id, state, from, limit)?;
            let people: Vec<_> = lines.iter().map(|line| line.person).collect();
            let people = tx.people_of(&people)?;
            let name = |person| {
                let found = people.iter().find(|found| found.id == person);
                found.map(|found| found.profile.display_name.to_string()).unwrap_or_default()
            };
            Ok(lines.into_iter().map(|line| (name(line.person), line)).map(|(name, line)| (line, name)).collect())
        });
        Ok(read.await?)
    }

    /// How many mailboxes a ring of a plan would have.
    pub async fn ring_count(&self, ctx: &Context, id: PublicationId, ring: &Ring) -> Result<u64> {
        ctx.require(Right::SignaturesRead)?;
        let Ring { people, first, .. } = ring.clone();
        Ok(self.store.read(move |tx| tx.ring_count(id, &people, first)).await?)
    }

    /// Lets a ring of a plan be written.
    pub async fn apply_publication(&self, ctx: &Context, id: PublicationId, ring: Ring) -> Result<()> {
        Ok(self.release_ring(ctx, id, ring).await??)
    }

    /// The same; or says why not. A sensitive act: asked of whoever administers the organisation
    /// at the provider, and by option with a second look.
    pub async fn release_ring(
        &self,
        ctx: &Context,
        id: PublicationId,
        ring: Ring,
    ) -> Result<std::result::Result<(), RingRefusal>> {
        self.release(ctx, id, ring, None).await
    }

    /// The same, where somebody agrees to it: that is noted together with what it releases, so that
    /// nobody can agree twice.
    pub(crate) async fn release(
        &self,
        ctx: &Context,
        id: PublicationId,
        ring: Ring,
        agreed: Option<Approval>,
    ) -> Result<std::result::Result<(), RingRefusal>> {
        ctx.require(Right::SignaturesPublish)?;
        ctx.require_recent()?;
        let publication = self.publication(ctx, id).await?;
        if publication.state != PublicationState::Planned {
            return Ok(Err(RingRefusal::NotPlanned(publication.state)));
        }
        // whoever asked was looked at then; whoever agrees needs no account there
        if !ctx.seconded && !self.administers_there(ctx, &publication).await? {
            return Ok(Err(RingRefusal::NotAdministrator));
        }
        if let Err(refusal) = self.second_look_at(ctx, &publication, &ring).await? {
            return Ok(Err(refusal));
        }
        let (ctx, random) = (*ctx, self.shared_random());
        let released = self
            .store
            .write(move |tx| {
                tx.lock_source(publication.source)?;
                let mut publication = locked(tx, id)?;
                if publication.state != PublicationState::Planned {
                    return Ok(Err(RingRefusal::NotPlanned(publication.state)));
                }
                let mailboxes = tx.ring_count(id, &ring.people, ring.first)?;
                if mailboxes == 0 {
                    return Ok(Err(RingRefusal::Nobody));
                }
                if ring.seen.is_some_and(|seen| seen != (publication.ring, mailboxes)) {
                    return Ok(Err(RingRefusal::Changed));
                }
                tx.choose_lines(id, &ring.people, ring.first)?;
                publication.state = PublicationState::Applying;
                publication.ring += 1;
                publication.refused_in_row = 0;
                go_on(tx, &ctx, &*random, &publication)?;
                let event = AuditEvent::done(&ctx, &*random, "signature.publication.apply", "publication", id);
                tx.audit(&event.with(json!({"ring": publication.ring, "mailboxes": mailboxes})))?;
                if let Some(agreed) = &agreed
                    && !decided(tx, &ctx, &*random, agreed, true)?
                {
                    return Err(Error::NotFound.into());
                }
                Ok(Ok(()))
            })
            .await?;
        self.wake_worker();
        Ok(released)
    }

    /// Keeps a ring for a second look, where one is wanted: with how many mailboxes it has and how many
    /// rings were begun, so that what is agreed to is what was asked for, once.
    async fn second_look_at(
        &self,
        ctx: &Context,
        publication: &Publication,
        ring: &Ring,
    ) -> Result<std::result::Result<(), RingRefusal>> {
        if !self.needs_second_look(ctx) {
            return Ok(Ok(()));
        }
        let mailboxes = self.ring_count(ctx, publication.id, ring).await?;
        if mailboxes == 0 {
            return Ok(Err(RingRefusal::Nobody));
        }
        if ring.seen.is_some_and(|seen| seen != (publication.ring, mailboxes)) {
            return Ok(Err(RingRefusal::Changed));
        }
        let act = || Act::PublishSignatures {
            publication: publication.id,
            source: publication.source_name.clone(),
            first: ring.first,
            people: ring.people.clone(),
            ring: publication.ring,
            mailboxes,
        };
        self.second_look(ctx, act).await.map(Ok)
    }

    /// Whether whoever asks administers the organisation whose mailboxes these are, as far as its
    /// provider says. Root of this machine is no account.
    async fn administers_there(&self, ctx: &Context, publication: &Publication) -> Result<bool> {
        let source = publication.source;
        let (source, version) = self
            .store
            .read(move |tx| {
                let source = tx.source(source)?;
                let plugin = tx.installed_plugin(&source.connector.plugin)?;
                Ok((source, plugin.and_then(|plugin| plugin.current)))
            })
            .await?;
        if !version.is_some_and(|version| version.info.offers.contains(&Offer::Organisation)) {
            return Ok(true);
        }
        let account = match ctx.actor {
            Actor::Operator | Actor::System => return Ok(true),
            Actor::Account(account) => account,
            Actor::Service(_) | Actor::Visitor => return Err(Error::Forbidden),
        };
        let (account, _) = self.store.read(move |tx| tx.account(account)).await?.ok_or(Error::Forbidden)?;
        let given = self.given(&source, true).await?;
        let asked = self.ports.organisations.administers(&source.connector, &given, account.email.as_str()).await;
        self.note_call(&source.connector.plugin, asked.as_ref().err()).await?;
        match asked {
            Ok(is_one) => Ok(is_one),
            Err(failure) if failure.kind == FailKind::NotFound => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Makes a publication wait; the mailbox in hand is finished.
    pub async fn pause_publication(&self, ctx: &Context, id: PublicationId) -> Result<()> {
        self.change_publication(ctx, id, "signature.publication.pause", |publication, _| {
            if !publication.state.is_busy() {
                return Err(is_now(publication.state, "only one that is being planned or applied can be paused"));
            }
            publication.resumes_in = Some(publication.state);
            publication.state = PublicationState::Paused;
            publication.why = Some(code::ASKED.to_owned());
            Ok(())
        })
        .await
    }

    /// Lets a paused publication go on. Mailboxes that failed by what may be over now are tried
    /// again.
    pub async fn resume_publication(&self, ctx: &Context, id: PublicationId) -> Result<()> {
        ctx.require(Right::SignaturesPublish)?;
        let (ctx, random) = (*ctx, self.shared_random());
        self.store
            .write(move |tx| {
                let source = tx.publication_head(id)?.ok_or(Error::NotFound)?.source;
                tx.lock_source(source)?;
                let mut publication = locked(tx, id)?;
                let Some(back) = publication.resumes_in.filter(|_| publication.state == PublicationState::Paused)
                else {
                    return Err(is_now(publication.state, "only a paused one can be resumed").into());
                };
                let renewed = tx.renew_failed(id, &RENEWED, back == PublicationState::Planning)?;
                publication.state = back;
                (publication.resumes_in, publication.why, publication.refused_in_row) = (None, None, 0);
                let job = tx.publication_job(id)?;
                if tx.is_leased(job, ctx.now)? {
                    // it still waits for an answer: another job would write the same mailbox again
                    tx.set_publication(&publication)?;
                } else {
                    go_on(tx, &ctx, &*random, &publication)?;
                }
                let event = AuditEvent::done(&ctx, &*random, "signature.publication.resume", "publication", id);
                tx.audit(&event.with(json!({"tried_again": renewed})))
            })
            .await?;
        self.wake_worker();
        Ok(())
    }

    /// Ends a publication before its time. What was written stays; it can be restored.
    pub async fn stop_publication(&self, ctx: &Context, id: PublicationId) -> Result<()> {
        self.change_publication(ctx, id, "signature.publication.stop", |publication, now| {
            if !publication.state.is_open() {
                return Err(is_now(publication.state, "it has ended"));
            }
            publication.state = PublicationState::Stopped;
            (publication.resumes_in, publication.ended_at) = (None, Some(now));
            Ok(())
        })
        .await
    }

    async fn change_publication(
        &self,
        ctx: &Context,
        id: PublicationId,
        operation: &'static str,
        change: impl FnOnce(&mut Publication, estampe_domain::Ts) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        ctx.require(Right::SignaturesPublish)?;
        let (ctx, random) = (*ctx, self.shared_random());
        let changed = self.store.write(move |tx| {
            let mut publication = locked(tx, id)?;
            change(&mut publication, ctx.now)?;
            tx.set_publication(&publication)?;
            tx.audit(&AuditEvent::done(&ctx, &*random, operation, "publication", id))
        });
        Ok(changed.await?)
    }

    /// Forgets publications that ended long ago.
    pub(crate) async fn forget_publications(&self) -> Result<()> {
        let now = self.ports.clock.now();
        let before = now.plus_seconds(-KEPT * 86_400);
        while self.store.write(move |tx| tx.forget_publications(None, before, now)).await? > 0 {}
        Ok(())
    }
}

/// The publication, for this transaction alone to change.
pub(crate) fn locked(tx: &mut Tx<'_>, id: PublicationId) -> estampe_store::Result<Publication> {
    tx.lock_publication(id)?;
    Ok(tx.publication(id)?.ok_or(Error::NotFound)?)
}

fn is_now(state: PublicationState, words: &str) -> Error {
    Error::Conflict(format!("this publication is {}: {words}", state.as_str()))
}

/// Stores how far it is, and gives it to a new job: an earlier one that still works ends.
fn go_on(tx: &mut Tx<'_>, ctx: &Context, random: &dyn Random, publication: &Publication) -> estampe_store::Result<()> {
    let job = JobId::new(ctx.now, random);
    tx.set_publication(publication)?;
    tx.set_publication_job(publication.id, job)?;
    enqueue(tx, ctx, publication.id, job)
}

pub(crate) fn enqueue(tx: &mut Tx<'_>, ctx: &Context, id: PublicationId, job: JobId) -> estampe_store::Result<()> {
    tx.enqueue(&NewJob { id: job, job: Job::Publication(id), request: ctx.request, run_at: ctx.now })
}
