//! Signatures into mailboxes: planned, looked at, applied ring by ring, paused, stopped, brought
//! back. The work itself is a job: [`publish_work`](crate::publish_work).

use estampe_domain::approval::Act;
use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{JobId, PersonId, PublicationId};
use estampe_domain::plugin::{FailKind, Offer};
use estampe_domain::ports::Random;
use estampe_domain::signature::publication::{
    LineContent, LineState, Publication, PublicationKind, PublicationLine, PublicationState, code,
};
use estampe_domain::source::Source;
use estampe_domain::{Actor, Context, Error, Result, Right};
use estampe_store::{Job, NewJob, PeopleQuery, Tx};
use jiff::civil::Date;
use serde_json::json;

use crate::Service;

/// How many publications are shown at once.
const SHOWN: i64 = 50;
/// Most people who may be named one by one.
const NAMED: usize = 1000;
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

    /// Begins the plan of a publication: the mailboxes are read, none is written. `people` names
    /// some; nobody named is everybody whom it can be about.
    pub async fn begin_publication(
        &self,
        ctx: &Context,
        source: &str,
        kind: PublicationKind,
        day: Date,
        people: Vec<PersonId>,
    ) -> Result<PublicationId> {
        ctx.require(Right::SignaturesPublish)?;
        if people.len() > NAMED {
            return Err(Error::invalid("people", format!("name at most {NAMED}, or nobody for all")));
        }
        let source = self.source_with_mailboxes(source).await?;
        let (id, job) = (PublicationId::new(ctx.now, self.random()), JobId::new(ctx.now, self.random()));
        let (ctx, random) = (*ctx, self.shared_random());
        self.store
            .write(move |tx| {
                tx.lock_source(source.id)?;
                if let Some(open) = tx.open_publication(source.id)? {
                    let words = format!("publication {open} of this source has not ended: finish or stop it first");
                    return Err(Error::Conflict(words).into());
                }
                let lines = targets(tx, &source, kind, &people)?;
                let publication = Publication {
                    id,
                    kind,
                    source: source.id,
                    source_name: source.name,
                    day,
                    state: PublicationState::Planning,
                    resumes_in: None,
                    why: None,
                    ring: 0,
                    refused_in_row: 0,
                    not_before: None,
                    counts: std::collections::BTreeMap::new(),
                    started_at: ctx.now,
                    ended_at: None,
                };
                tx.insert_publication(&publication, job, &lines)?;
                enqueue(tx, &ctx, id, job)?;
                let event = AuditEvent::done(&ctx, &*random, "signature.publication.plan", "publication", id);
                tx.audit(&event.with(json!({"kind": kind, "source": source.id, "mailboxes": lines.len()})))
            })
            .await?;
        self.wake_worker();
        Ok(id)
    }

    /// A source whose plugin keeps mailboxes.
    async fn source_with_mailboxes(&self, name: &str) -> Result<Source> {
        let name = name.to_owned();
        let read = self.store.read(move |tx| {
            let source = tx.source_by_name(&name)?.ok_or(Error::NotFound)?;
            let plugin = tx.installed_plugin(&source.connector.plugin)?.and_then(|plugin| plugin.current);
            Ok((source, plugin))
        });
        let (source, version) = read.await?;
        if !version.is_some_and(|version| version.info.offers.contains(&Offer::Mailboxes)) {
            let words = format!(
                "its plugin \"{}\" reaches no mailboxes; one of a provider of e-mail does, such as google-workspace",
                source.connector.plugin
            );
            return Err(Error::invalid("source", words));
        }
        Ok(source)
    }

    /// Lets a ring of a plan be written. A sensitive act: asked of whoever administers the
    /// organisation at the provider, and by option with a second look.
    pub async fn apply_publication(&self, ctx: &Context, id: PublicationId, ring: Ring) -> Result<()> {
        ctx.require(Right::SignaturesPublish)?;
        ctx.require_recent()?;
        let publication = self.publication(ctx, id).await?;
        can_be_applied(&publication)?;
        // whoever asked was looked at then; whoever agrees needs no account there
        if !ctx.seconded {
            self.administers_there(ctx, &publication).await?;
        }
        let act = || Act::PublishSignatures {
            publication: id,
            source: publication.source_name.clone(),
            first: ring.first,
            people: ring.people.clone(),
        };
        self.second_look(ctx, act).await?;
        let (ctx, random) = (*ctx, self.shared_random());
        self.store
            .write(move |tx| {
                let mut publication = locked(tx, id)?;
                can_be_applied(&publication)?;
                let chosen = tx.choose_lines(id, &ring.people, ring.first)?;
                if chosen == 0 {
                    let words = "no mailbox that the plan would write is among these";
                    return Err(Error::Conflict(words.into()).into());
                }
                publication.state = PublicationState::Applying;
                publication.ring += 1;
                publication.refused_in_row = 0;
                go_on(tx, &ctx, &*random, &publication)?;
                let event = AuditEvent::done(&ctx, &*random, "signature.publication.apply", "publication", id);
                tx.audit(&event.with(json!({"ring": publication.ring, "mailboxes": chosen})))
            })
            .await?;
        self.wake_worker();
        Ok(())
    }

    /// Refuses whoever does not administer the organisation whose mailboxes these are, as far as
    /// its provider says. Root of this machine is no account.
    async fn administers_there(&self, ctx: &Context, publication: &Publication) -> Result<()> {
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
            return Ok(());
        }
        let account = match ctx.actor {
            Actor::Operator | Actor::System => return Ok(()),
            Actor::Account(account) => account,
            Actor::Service(_) | Actor::Visitor => return Err(Error::Forbidden),
        };
        let (account, _) = self.store.read(move |tx| tx.account(account)).await?.ok_or(Error::Forbidden)?;
        let given = self.given(&source, true).await?;
        let asked = self.ports.organisations.administers(&source.connector, &given, account.email.as_str()).await;
        self.note_call(&source.connector.plugin, asked.as_ref().err()).await?;
        let is_one = match asked {
            Ok(is_one) => is_one,
            Err(failure) if failure.kind == FailKind::NotFound => false,
            Err(failure) => return Err(failure.into()),
        };
        if is_one {
            return Ok(());
        }
        let words = "the e-mail address of your account administers nothing at the provider of this source: \
                     signatures are published by somebody whose address does";
        Err(Error::Conflict(words.into()))
    }

    /// Makes a publication wait; the mailbox in hand is finished.
    pub async fn pause_publication(&self, ctx: &Context, id: PublicationId) -> Result<()> {
        self.change_publication(ctx, id, "signature.publication.pause", |publication, _| {
            if !publication.state.is_busy() {
                return Err(is_now(publication, "only one that is being planned or applied can be paused"));
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
                let mut publication = locked(tx, id)?;
                let Some(back) = publication.resumes_in.filter(|_| publication.state == PublicationState::Paused)
                else {
                    return Err(is_now(&publication, "only a paused one can be resumed").into());
                };
                let renewed = tx.renew_failed(id, &RENEWED, back == PublicationState::Planning)?;
                publication.state = back;
                (publication.resumes_in, publication.why, publication.refused_in_row) = (None, None, 0);
                go_on(tx, &ctx, &*random, &publication)?;
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
                return Err(is_now(publication, "it has ended"));
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
        self.store.write(move |tx| tx.forget_publications(None, before, now)).await?;
        Ok(())
    }
}

/// Whose mailboxes a publication is about.
fn targets(
    tx: &mut Tx<'_>,
    source: &Source,
    kind: PublicationKind,
    people: &[PersonId],
) -> estampe_store::Result<Vec<(PersonId, LineContent)>> {
    // a name of nobody is a mistake of whoever typed it
    for person in people {
        tx.person(*person)?.ok_or(Error::NotFound)?;
    }
    if kind == PublicationKind::Publish {
        let people = match people {
            // a source that tells who is there has their mailboxes, and nobody else's
            [] => match tx.active_people_of(source.id)? {
                known if known.is_empty() => {
                    tx.people_ids(&PeopleQuery { active: Some(true), ..PeopleQuery::default() })?
                }
                known => known,
            },
            named => named.to_vec(),
        };
        if people.is_empty() {
            return Err(Error::Conflict("nobody is here whose mailbox could get a signature".into()).into());
        }
        return Ok(people.into_iter().map(|person| (person, LineContent::default())).collect());
    }
    let backups = tx.mailbox_backups(source.id, people)?;
    if backups.is_empty() {
        let words = "Estampe has written no mailbox of these, or all were restored";
        return Err(Error::Conflict(words.into()).into());
    }
    let line = |backup: estampe_domain::signature::publication::MailboxBackup| {
        let wanted = (kind == PublicationKind::Restore).then_some(backup.before);
        (backup.person, LineContent { mailbox: backup.mailbox, address: backup.address, found: None, wanted })
    };
    Ok(backups.into_iter().map(line).collect())
}

/// The publication, for this transaction alone to change.
pub(crate) fn locked(tx: &mut Tx<'_>, id: PublicationId) -> estampe_store::Result<Publication> {
    tx.lock_publication(id)?;
    Ok(tx.publication(id)?.ok_or(Error::NotFound)?)
}

fn can_be_applied(publication: &Publication) -> Result<()> {
    if publication.state == PublicationState::Planned {
        return Ok(());
    }
    Err(is_now(publication, "only a plan that stands can be applied"))
}

fn is_now(publication: &Publication, words: &str) -> Error {
    Error::Conflict(format!("this publication is {}: {words}", publication.state.as_str()))
}

/// Stores how far it is, and gives it to a new job: an earlier one that still works ends.
fn go_on(tx: &mut Tx<'_>, ctx: &Context, random: &dyn Random, publication: &Publication) -> estampe_store::Result<()> {
    let job = JobId::new(ctx.now, random);
    tx.set_publication(publication)?;
    tx.set_publication_job(publication.id, job)?;
    enqueue(tx, ctx, publication.id, job)
}

fn enqueue(tx: &mut Tx<'_>, ctx: &Context, id: PublicationId, job: JobId) -> estampe_store::Result<()> {
    tx.enqueue(&NewJob { id: job, job: Job::Publication(id), request: ctx.request, run_at: ctx.now })
}
