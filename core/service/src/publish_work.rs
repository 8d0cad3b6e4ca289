//! The work of a publication: one mailbox after the other
//! ([`publish_line`](crate::publish_line)), for as long as it is this job's.

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::PublicationId;
use estampe_domain::signature::publication::{LineState, Publication, PublicationLine, PublicationState};
use estampe_domain::source::Source;
use estampe_domain::{Context, Error, Result, Ts};
use estampe_store::{Lease, Tx};
use serde_json::json;

use crate::Service;
use crate::publish::locked;
use crate::sync::{LEASE, keep_lease};

/// How long a mailbox is left that another publication has in hand, in seconds.
const ANOTHERS: i64 = 5;

/// What comes next.
enum Turn {
    /// Nothing: it ended, waits for somebody, or another job has it.
    Nothing,
    /// The provider is left alone until then.
    Wait(Ts),
    /// All mailboxes of the plan, or of the ring, were dealt with.
    Through,
    /// This mailbox.
    Line(Box<(Publication, Source, PublicationLine)>),
}

impl Service {
    /// Does what a publication has to do, or what is left of it. Some moment: there is more to do
    /// then, and nothing before.
    pub async fn do_publication(&self, ctx: &Context, id: PublicationId, lease: Lease) -> Result<Option<Ts>> {
        loop {
            let now = self.ports.clock.now();
            let ctx = Context { now, ..*ctx };
            match self.store.read(move |tx| turn(tx, id, lease, now)).await? {
                Turn::Nothing if self.lets_go(id, lease).await? => return Ok(None),
                // resumed meanwhile
                Turn::Nothing => {}
                Turn::Wait(until) => return Ok(Some(until)),
                Turn::Through => self.publication_through(&ctx, id, lease).await?,
                Turn::Line(found) => {
                    let (publication, source, line) = *found;
                    match self.given(&source, publication.state == PublicationState::Planning).await {
                        Ok(given) => self.do_line(&ctx, lease, publication, &source, &given, line).await?,
                        // the plugin itself cannot be called: nobody's mailbox is to blame
                        Err(Error::Plugin(failure)) => {
                            tracing::warn!(publication.id = %id, failure.kind = failure.kind.as_str(), "a publication is paused: its plugin cannot be called");
                            self.pause_for(&ctx, id, lease, failure.kind.as_str()).await?;
                        }
                        Err(other) => return Err(other),
                    }
                }
            }
        }
    }

    /// Ends the job, unless its publication goes on: whoever resumes one leaves it to the job that has
    /// it in hand.
    async fn lets_go(&self, id: PublicationId, lease: Lease) -> Result<bool> {
        let now = self.ports.clock.now();
        let ended = self.store.write(move |tx| {
            if tx.lock_publication(id)?
                && tx.publication_job(id)? == lease.job
                && tx.publication_head(id)?.is_some_and(|publication| publication.state.is_busy())
            {
                return Ok(false);
            }
            tx.finish_job(lease, now)?;
            Ok(true)
        });
        Ok(ended.await?)
    }

    /// The plan stands, or a ring was written.
    async fn publication_through(&self, ctx: &Context, id: PublicationId, lease: Lease) -> Result<()> {
        let (ctx, random) = (*ctx, self.shared_random());
        let done = self.store.write(move |tx| {
            if held(tx, id, lease, ctx.now)?.is_none_or(|publication| !publication.state.is_busy()) {
                return Ok(());
            }
            let mut publication = locked(tx, id)?;
            let remains = publication.count(LineState::Planned) > 0;
            publication.state = if remains { PublicationState::Planned } else { PublicationState::Done };
            publication.ended_at = (!remains).then_some(ctx.now);
            publication.not_before = None;
            tx.set_publication(&publication)?;
            let operation = if remains { "signature.publication.stand" } else { "signature.publication.end" };
            let counts: std::collections::BTreeMap<_, _> =
                publication.counts.iter().map(|(state, count)| (state.as_str(), count)).collect();
            tx.audit(&AuditEvent::done(&ctx, &*random, operation, "publication", id).with(json!(counts)))
        });
        Ok(done.await?)
    }

    /// A failure concerns all mailboxes: somebody has to mend it.
    async fn pause_for(&self, ctx: &Context, id: PublicationId, lease: Lease, why: &'static str) -> Result<()> {
        let (ctx, random) = (*ctx, self.shared_random());
        let paused = self.store.write(move |tx| {
            let Some(mut publication) = held(tx, id, lease, ctx.now)? else { return Ok(()) };
            if !publication.state.is_busy() {
                return Ok(());
            }
            pause(&mut publication, why);
            tx.set_publication(&publication)?;
            let event = AuditEvent::done(&ctx, &*random, "signature.publication.pause", "publication", id);
            tx.audit(&event.with(json!({"why": why})))
        });
        Ok(paused.await?)
    }
}

/// What is next, as the database says.
fn turn(tx: &mut Tx<'_>, id: PublicationId, lease: Lease, now: Ts) -> estampe_store::Result<Turn> {
    let Some(publication) = tx.publication_head(id)? else { return Ok(Turn::Nothing) };
    if !publication.state.is_busy() || tx.publication_job(id)? != lease.job {
        return Ok(Turn::Nothing);
    }
    if let Some(until) = publication.not_before.filter(|until| *until > now) {
        return Ok(Turn::Wait(until));
    }
    let planning = publication.state == PublicationState::Planning;
    let line = if planning { tx.next_to_plan(id, now)? } else { tx.next_to_write(id, now)? };
    // one that was stopped may still wait for an answer: a mailbox is written by one alone
    if let Some(line) = line.as_ref().filter(|_| !planning)
        && tx.is_in_another_hand(&publication, line.person, now)?
    {
        return Ok(Turn::Wait(now.plus_seconds(ANOTHERS)));
    }
    match line {
        Some(line) => Ok(Turn::Line(Box::new((publication.clone(), tx.source(publication.source)?, line)))),
        None => Ok(tx.next_line_at(id, planning)?.map_or(Turn::Through, Turn::Wait)),
    }
}

/// The publication, as long as it is this job's.
pub(crate) fn held(
    tx: &mut Tx<'_>,
    id: PublicationId,
    lease: Lease,
    now: Ts,
) -> estampe_store::Result<Option<Publication>> {
    keep_lease(tx, lease, now.plus_seconds(LEASE))?;
    if !tx.lock_publication(id)? || tx.publication_job(id)? != lease.job {
        return Ok(None);
    }
    tx.publication_head(id)
}

pub(crate) fn pause(publication: &mut Publication, why: &str) {
    publication.resumes_in = Some(publication.state);
    publication.state = PublicationState::Paused;
    publication.why = Some(why.to_owned());
}
