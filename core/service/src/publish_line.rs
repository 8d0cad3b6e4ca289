//! One mailbox of a publication: read and written, each step in the database before and after it, so
//! that a killed process goes on where it was. A mailbox is read before it is written; what a
//! killed process may have written is written again only where it did not get there.

use estampe_domain::audit::AuditEvent;
use estampe_domain::plugin::{Given, MailSender, PluginFailure};
use estampe_domain::signature::publication::{
    AfterFailure, LineState, Publication, PublicationKind, PublicationLine, PublicationState, REFUSED_TO_PAUSE, Step,
    after_failure, code, is_refusal, may_concern_all, step,
};
use estampe_domain::signature::{fingerprint, is_same};
use estampe_domain::source::Source;
use estampe_domain::{Context, Result, Ts};
use estampe_store::{Lease, Tx};
use serde_json::json;

use crate::Service;
use crate::publish_work::{held, pause};

/// What became of a mailbox.
pub(crate) enum Became {
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
pub(crate) enum Backup {
    /// Nothing.
    Stays,
    /// The provider has this, which is ours; noted where a backup is kept.
    Written(String),
    /// The provider refused what was sent.
    Refused,
    /// What was kept stands there again: the provider said so when it was written.
    Restored,
}

impl Service {
    /// Reads a mailbox for the plan, or writes it.
    pub(crate) async fn do_line(
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
            Step::Rewritten => ((LineState::Done, code::REWRITTEN).into(), Backup::Written(fingerprint(&now))),
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

    pub(crate) async fn read_mailbox(
        &self,
        source: &Source,
        given: &Given,
        mailbox: &str,
    ) -> Result<std::result::Result<Vec<MailSender>, PluginFailure>> {
        let read = self.ports.mailboxes.read_signatures(&source.connector, given, mailbox).await;
        self.note_call(&source.connector.plugin, read.as_ref().err()).await?;
        Ok(read)
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
            let sent = fingerprint(content.wanted.as_deref().unwrap_or_default());
            if publication.kind == PublicationKind::Publish {
                let place = (content.mailbox.as_str(), content.address.as_str());
                let before = content.found.as_deref().unwrap_or_default();
                tx.back_up_mailbox(publication.source, line.person, place, before, &sent, ctx.now)?;
            } else {
                tx.set_mailbox_tried(publication.source, &content.address, &sent)?;
            }
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
            Err(failure) if is_refusal(failure.kind) => (Became::Failed(failure), Backup::Refused),
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
            let (became, backup) = alone(tx, &publication, &line, became, backup)?;
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
            let (source, address) = (publication.source, line.content.address.as_str());
            match backup {
                Backup::Written(fingerprint) => tx.set_mailbox_written(source, address, &fingerprint)?,
                // of an earlier try nobody knows yet
                Backup::Refused if line.state == LineState::Failed && line.tries == 1 => {
                    tx.mailbox_refused(source, address, now)?;
                }
                Backup::Stays | Backup::Refused => {}
                Backup::Restored => {
                    tx.forget_mailbox(source, address, now)?;
                    let event = AuditEvent::done(&ctx, &*random, operation(&publication), "person", line.person);
                    tx.audit(&event.with(json!({"publication": id, "kept": false})))?;
                }
            }
            tx.set_publication_line(id, &line, not_before)?;
            tx.set_publication(&publication)
        });
        Ok(noted.await?)
    }
}

/// Two people of a plan who meet at one address both fail: neither of their signatures is to
/// overwrite the other's.
fn alone(
    tx: &mut Tx<'_>,
    publication: &Publication,
    line: &PublicationLine,
    became: Became,
    backup: Backup,
) -> estampe_store::Result<(Became, Backup)> {
    let is_planned = matches!(became, Became::State(LineState::Planned | LineState::Unchanged, _));
    let publishes = publication.kind == PublicationKind::Publish && line.state == LineState::Waiting;
    if publishes && is_planned && tx.meets_another(publication, line.seq, &line.content.address)? {
        return Ok(((LineState::Failed, code::SHARED).into(), Backup::Stays));
    }
    Ok((became, backup))
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

fn operation(publication: &Publication) -> &'static str {
    if publication.kind == PublicationKind::Restore { "signature.restore" } else { "signature.write" }
}

fn later(now: Ts, milliseconds: u64) -> Ts {
    let wait = i64::try_from(milliseconds).unwrap_or(i64::MAX).saturating_mul(1000);
    Ts::from_micros(now.as_micros().saturating_add(wait))
}
