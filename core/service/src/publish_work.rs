//! The work of a publication: one mailbox after the other, each step in the database before and
//! after it, so that a killed process goes on where it was. A mailbox is read before it is
//! written; what a killed process may have written is written again only where it did not get
//! there.

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::PublicationId;
use estampe_domain::plugin::{Given, MailSender, PluginFailure};
use estampe_domain::signature::publication::{
    AfterFailure, LineState, Publication, PublicationKind, PublicationLine, PublicationState, REFUSED_TO_PAUSE, Step,
    after_failure, code, may_concern_all, own_address, step,
};
use estampe_domain::signature::{fingerprint, is_same};
use estampe_domain::source::Source;
use estampe_domain::{Context, Error, Result, Ts};
use estampe_store::{Lease, Tx};
use serde_json::json;

use crate::Service;
use crate::publish::locked;
use crate::sync::{LEASE, keep_lease};

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

/// What became of a mailbox.
enum Became {
    /// It is in this state, for this reason.
    State(LineState, Option<String>),
    /// It failed.
    Failed(PluginFailure),
}

impl From<(LineState, &'static str)> for Became {
    fn from((state, code): (LineState, &'static str)) -> Self {
        Self::State(state, Some(code.to_owned()))
    }
}

impl From<LineState> for Became {
    fn from(state: LineState) -> Self {
        Self::State(state, None)
    }
}

/// What of a backup changes with a mailbox.
enum Backup {
    /// Nothing.
    Stays,
    /// The provider has this, which is ours; noted where a backup is kept.
    Written(String),
    /// What was kept stands there again.
    Restored,
}

impl Service {
    /// Does what a publication has to do, or what is left of it. Some moment: there is more to do
    /// then, and nothing before.
    pub async fn do_publication(&self, ctx: &Context, id: PublicationId, lease: Lease) -> Result<Option<Ts>> {
        loop {
            let now = self.ports.clock.now();
            let ctx = Context { now, ..*ctx };
            match self.store.read(move |tx| turn(tx, id, lease, now)).await? {
                Turn::Nothing => return Ok(None),
                Turn::Wait(until) => return Ok(Some(until)),
                Turn::Through => return self.publication_through(&ctx, id, lease).await.map(|()| None),
                Turn::Line(found) => {
                    let (publication, source, line) = *found;
                    match self.given(&source, publication.state == PublicationState::Planning).await {
                        Ok(given) => self.do_line(&ctx, lease, publication, &source, &given, line).await?,
                        // the plugin itself cannot be called: nobody's mailbox is to blame
                        Err(Error::Plugin(failure)) => {
                            tracing::warn!(publication.id = %id, failure.kind = failure.kind.as_str(), "a publication is paused: its plugin cannot be called");
                            return self.pause_for(&ctx, id, lease, failure.kind.as_str()).await.map(|()| None);
                        }
                        Err(other) => return Err(other),
                    }
                }
            }
        }
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

    /// Reads a mailbox for the plan, or writes it.
    async fn do_line(
        &self,
        ctx: &Context,
        lease: Lease,
        publication: Publication,
        source: &Source,
        given: &Given,
        mut line: PublicationLine,
    ) -> Result<()> {
        if publication.state == PublicationState::Planning {
            let (became, backup) = self.plan_line(ctx, &publication, source, given, &mut line).await?;
            return self.note_line(ctx, lease, &publication, line, became, backup).await;
        }
        let senders = match self.read_mailbox(source, given, &line.content.mailbox).await? {
            Ok(senders) => senders,
            Err(failure) => {
                let became = Became::Failed(failure);
                return self.note_line(ctx, lease, &publication, line, became, Backup::Stays).await;
            }
        };
        let is_it = |sender: &&MailSender| sender.address.eq_ignore_ascii_case(&line.content.address);
        let Some(sender) = senders.iter().find(is_it) else {
            let became = (LineState::Failed, code::NO_ADDRESS).into();
            return self.note_line(ctx, lease, &publication, line, became, Backup::Stays).await;
        };
        let now = sender.signature.clone();
        let (became, backup) = match step(publication.kind, line.state, &line.content, &now) {
            Step::There => there(&publication, &line, &now),
            Step::Leave(why) => ((LineState::Skipped, why).into(), Backup::Stays),
            Step::Push => {
                line.content.found = Some(now);
                if !self.mark(ctx, lease, &publication, &mut line).await? {
                    return Ok(());
                }
                self.push(&publication, source, given, &line).await?
            }
        };
        self.note_line(ctx, lease, &publication, line, became, backup).await
    }

    async fn read_mailbox(
        &self,
        source: &Source,
        given: &Given,
        mailbox: &str,
    ) -> Result<std::result::Result<Vec<MailSender>, PluginFailure>> {
        let read = self.ports.mailboxes.read_signatures(&source.connector, given, mailbox).await;
        self.note_call(&source.connector.plugin, read.as_ref().err()).await?;
        Ok(read)
    }

    /// What the plan says of a mailbox.
    async fn plan_line(
        &self,
        ctx: &Context,
        publication: &Publication,
        source: &Source,
        given: &Given,
        line: &mut PublicationLine,
    ) -> Result<(Became, Backup)> {
        let stays = |became: Became| Ok((became, Backup::Stays));
        if publication.kind == PublicationKind::Publish {
            let detail = match self.signature_of(ctx, line.person, publication.day).await {
                Ok(detail) if detail.person.active => detail,
                Ok(_) | Err(Error::NotFound) => return stays((LineState::Skipped, code::GONE).into()),
                Err(other) => return Err(other),
            };
            let Some(email) = detail.person.profile.emails.first() else {
                return stays((LineState::Skipped, code::NO_ADDRESS).into());
            };
            email.as_str().clone_into(&mut line.content.mailbox);
            match detail.made {
                None => return stays((LineState::Skipped, code::NO_SIGNATURE).into()),
                Some(Err(_)) => return stays((LineState::Failed, code::TEMPLATE).into()),
                Some(Ok(made)) => line.content.wanted = Some(made.html),
            }
        }
        let senders = match self.read_mailbox(source, given, &line.content.mailbox).await? {
            Ok(senders) => senders,
            Err(failure) => return stays(Became::Failed(failure)),
        };
        let content = &mut line.content;
        let sender = if publication.kind == PublicationKind::Publish {
            own_address(&senders, &content.mailbox)
        } else {
            senders.iter().find(|sender| sender.address.eq_ignore_ascii_case(&content.address))
        };
        let Some(sender) = sender else { return stays((LineState::Failed, code::NO_ADDRESS).into()) };
        sender.address.clone_into(&mut content.address);
        content.found = Some(sender.signature.clone());
        let wanted = content.wanted.as_deref();
        match publication.kind {
            PublicationKind::Publish if wanted.is_some_and(|wanted| is_same(wanted, &sender.signature)) => {
                // a push of before whose answer never came
                Ok((LineState::Unchanged.into(), Backup::Written(fingerprint(&sender.signature))))
            }
            PublicationKind::Restore if wanted == Some(sender.signature.as_str()) => {
                Ok((LineState::Unchanged.into(), Backup::Restored))
            }
            PublicationKind::Publish | PublicationKind::Restore => stays(LineState::Planned.into()),
            PublicationKind::Drift => {
                let (id, address) = (source.id, content.address.clone());
                let Some(backup) = self.store.read(move |tx| tx.mailbox_backup(id, &address)).await? else {
                    return stays((LineState::Skipped, code::GONE).into());
                };
                let is_ours = backup.written == Some(fingerprint(&sender.signature));
                stays(if is_ours { LineState::Unchanged.into() } else { LineState::Drifted.into() })
            }
        }
    }

    /// Notes that a mailbox is about to be written, with what stands there; `false` when it is not
    /// to be any more.
    async fn mark(
        &self,
        ctx: &Context,
        lease: Lease,
        publication: &Publication,
        line: &mut PublicationLine,
    ) -> Result<bool> {
        let (ctx, random, id, was) = (*ctx, self.shared_random(), publication.id, line.state);
        line.state = LineState::Applying;
        let line = line.clone();
        let marked = self.store.write(move |tx| {
            let Some(publication) = held(tx, id, lease, ctx.now)? else { return Ok(false) };
            if publication.state != PublicationState::Applying || tx.line_state(id, line.seq)? != Some(was) {
                return Ok(false);
            }
            let content = &line.content;
            if publication.kind == PublicationKind::Publish {
                let place = (content.mailbox.as_str(), content.address.as_str());
                let before = content.found.as_deref().unwrap_or_default();
                tx.back_up_mailbox(publication.source, line.person, place, before, ctx.now)?;
            }
            // until the provider answered, nobody knows what is there
            tx.set_mailbox_written(publication.source, &content.address, None)?;
            tx.set_publication_line(id, &line, None)?;
            let event = AuditEvent::done(&ctx, &*random, operation(&publication), "person", line.person);
            tx.audit(&event.with(json!({"publication": id})))?;
            Ok(true)
        });
        Ok(marked.await?)
    }

    async fn push(
        &self,
        publication: &Publication,
        source: &Source,
        given: &Given,
        line: &PublicationLine,
    ) -> Result<(Became, Backup)> {
        let content = &line.content;
        let wanted = content.wanted.as_deref().unwrap_or_default();
        let mailboxes = &self.ports.mailboxes;
        let pushed =
            mailboxes.push_signature(&source.connector, given, &content.mailbox, &content.address, wanted).await;
        self.note_call(&source.connector.plugin, pushed.as_ref().err()).await?;
        Ok(match pushed {
            Err(failure) => (Became::Failed(failure), Backup::Stays),
            Ok(back) if is_same(&back, wanted) => {
                let restored = publication.kind == PublicationKind::Restore;
                (LineState::Done.into(), if restored { Backup::Restored } else { Backup::Written(fingerprint(&back)) })
            }
            Ok(back) => ((LineState::Done, code::REWRITTEN).into(), Backup::Written(fingerprint(&back))),
        })
    }

    /// Notes what became of a mailbox. That is noted of a paused or stopped publication too: it
    /// happened.
    async fn note_line(
        &self,
        ctx: &Context,
        lease: Lease,
        publication: &Publication,
        mut line: PublicationLine,
        became: Became,
        backup: Backup,
    ) -> Result<()> {
        let now = self.ports.clock.now();
        let (ctx, random, id, was) = (Context { now, ..*ctx }, self.shared_random(), publication.id, line.state);
        let noted = self.store.write(move |tx| {
            let Some(mut publication) = held(tx, id, lease, now)? else { return Ok(()) };
            // erased meanwhile: nothing is kept of it
            if tx.line_state(id, line.seq)? != Some(was) {
                return Ok(());
            }
            let mut not_before = None;
            match became {
                Became::State(state, why) => {
                    (line.state, line.code) = (state, why);
                    // of who is left out the provider was asked nothing
                    if !matches!(state, LineState::Skipped | LineState::Failed) {
                        publication.refused_in_row = 0;
                    }
                }
                Became::Failed(failure) => {
                    let kind = failure.kind;
                    line.code = Some(kind.as_str().to_owned());
                    match after_failure(&failure, line.tries) {
                        AfterFailure::WaitAll(wait) => {
                            let until = later(now, wait);
                            publication.not_before = Some(publication.not_before.map_or(until, |told| told.max(until)));
                        }
                        AfterFailure::Again(wait) => not_before = Some(later(now, wait)),
                        AfterFailure::Fail => {
                            line.state = LineState::Failed;
                            if may_concern_all(kind) {
                                publication.refused_in_row += 1;
                            }
                        }
                    }
                    line.tries += 1;
                    if was == LineState::Applying && line.state == LineState::Failed {
                        let event = AuditEvent::done(&ctx, &*random, operation(&publication), "person", line.person);
                        tx.audit(&event.refused().with(json!({"publication": id, "kind": kind})))?;
                    }
                    if publication.refused_in_row >= REFUSED_TO_PAUSE && publication.state.is_busy() {
                        pause(&mut publication, kind.as_str());
                        let event = AuditEvent::done(&ctx, &*random, "signature.publication.pause", "publication", id);
                        tx.audit(&event.with(json!({"why": kind})))?;
                    }
                }
            }
            match backup {
                Backup::Stays => {}
                Backup::Written(fingerprint) => {
                    tx.set_mailbox_written(publication.source, &line.content.address, Some(&fingerprint))?;
                }
                Backup::Restored => tx.forget_mailbox(publication.source, &line.content.address, now)?,
            }
            tx.set_publication_line(id, &line, not_before)?;
            tx.set_publication(&publication)
        });
        Ok(noted.await?)
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
    match line {
        Some(line) => Ok(Turn::Line(Box::new((publication.clone(), tx.source(publication.source)?, line)))),
        None => Ok(tx.next_line_at(id, planning)?.map_or(Turn::Through, Turn::Wait)),
    }
}

/// The publication, as long as it is this job's.
fn held(tx: &mut Tx<'_>, id: PublicationId, lease: Lease, now: Ts) -> estampe_store::Result<Option<Publication>> {
    keep_lease(tx, lease, now.plus_seconds(LEASE))?;
    if !tx.lock_publication(id)? || tx.publication_job(id)? != lease.job {
        return Ok(None);
    }
    tx.publication_head(id)
}

/// What stands there is what is wanted.
fn there(publication: &Publication, line: &PublicationLine, now: &str) -> (Became, Backup) {
    if publication.kind == PublicationKind::Restore {
        return (LineState::Done.into(), Backup::Restored);
    }
    let became = match line.state {
        // written by a killed process
        LineState::Applying => LineState::Done.into(),
        _ => (LineState::Unchanged, code::THERE).into(),
    };
    (became, Backup::Written(fingerprint(now)))
}

fn pause(publication: &mut Publication, why: &str) {
    publication.resumes_in = Some(publication.state);
    publication.state = PublicationState::Paused;
    publication.why = Some(why.to_owned());
}

fn operation(publication: &Publication) -> &'static str {
    if publication.kind == PublicationKind::Restore { "signature.restore" } else { "signature.write" }
}

fn later(now: Ts, milliseconds: u64) -> Ts {
    let wait = i64::try_from(milliseconds).unwrap_or(i64::MAX).saturating_mul(1000);
    Ts::from_micros(now.as_micros().saturating_add(wait))
}
