//! The plan of a publication is begun: by which source, for whom, on which day. Nothing is written
//! by it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{GroupId, JobId, PersonId, PublicationId};
use estampe_domain::plugin::Offer;
use estampe_domain::signature::publication::{
    LineContent, LineState, MailboxBackup, Publication, PublicationKind, PublicationState,
};
use estampe_domain::source::Source;
use estampe_domain::{Context, Error, Result, Right};
use estampe_store::{PeopleQuery, Tx};
use jiff::civil::Date;
use serde_json::json;

use crate::Service;
use crate::people::words_of;
use crate::publish::enqueue;

/// Most people who may be named one by one.
const NAMED: usize = 1000;

/// What is to be planned.
#[derive(Clone, Debug)]
pub struct NewPublication {
    /// The name of the source whose mailboxes it is about.
    pub source: String,
    /// What is done with them.
    pub kind: PublicationKind,
    /// The day whose rules count.
    pub day: Date,
    /// Whose they are.
    pub whom: Whom,
}

/// Whom a publication is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whom {
    /// Everybody whom it can be about.
    #[default]
    Everybody,
    /// These people.
    These(Vec<PersonId>),
    /// Whom these words find, in this group: its name or its id. What is empty is for all.
    Found {
        /// As in the list of people.
        query: String,
        /// A group, or the team that it is.
        group: String,
    },
    /// Those whom an earlier one found changed.
    Drifted(PublicationId),
}

impl Whom {
    /// What words and a group find; everybody, when both are empty.
    pub fn found(query: &str, group: &str) -> Self {
        let (query, group) = (query.trim().to_owned(), group.trim().to_owned());
        if query.is_empty() && group.is_empty() { Self::Everybody } else { Self::Found { query, group } }
    }
}

/// Why nothing is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanRefusal {
    /// This plugin of the source reaches no mailboxes.
    NoMailboxes(String),
    /// One of this source has not ended.
    Open(PublicationId),
    /// More were named one by one than can be.
    TooMany,
    /// No group is called so.
    NoGroup(String),
    /// Several groups are called so: their ids, each with its source.
    SeveralGroups(String, String),
    /// Nobody fits who could get a signature.
    Nobody,
    /// No mailbox of these was written, or all were restored.
    NothingWritten,
}

impl fmt::Display for PlanRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMailboxes(plugin) => write!(
                f,
                "its plugin \"{plugin}\" reaches no mailboxes; one of a provider of e-mail does, such as google-workspace"
            ),
            Self::Open(open) => {
                write!(f, "publication {open} of this source has not ended: finish or stop it first")
            }
            Self::TooMany => write!(f, "name at most {NAMED}, or nobody for all"),
            Self::NoGroup(name) => write!(f, "there is no group \"{name}\""),
            Self::SeveralGroups(name, ids) => {
                write!(f, "several groups have the name \"{name}\"; name one by its id: {ids}")
            }
            Self::Nobody => f.write_str("nobody fits whose mailbox could get a signature"),
            Self::NothingWritten => f.write_str("Estampe has written no mailbox of these, or all were restored"),
        }
    }
}

impl From<PlanRefusal> for Error {
    fn from(refusal: PlanRefusal) -> Self {
        let words = refusal.to_string();
        match refusal {
            PlanRefusal::NoMailboxes(_) => Self::invalid("source", words),
            PlanRefusal::TooMany => Self::invalid("people", words),
            PlanRefusal::NoGroup(_) | PlanRefusal::SeveralGroups(..) => Self::invalid("group", words),
            PlanRefusal::Open(_) | PlanRefusal::Nobody | PlanRefusal::NothingWritten => Self::Conflict(words),
        }
    }
}

/// Who can be published by.
#[derive(Clone, Debug, Default)]
pub struct MailboxSources {
    /// Sources whose plugin reaches mailboxes, by name; each with the publication of it that has
    /// not ended.
    pub with: Vec<(String, Option<PublicationId>)>,
    /// The others.
    pub without: Vec<String>,
}

type Planned<T> = std::result::Result<T, PlanRefusal>;

impl Service {
    /// The sources whose mailboxes can be reached, and the others.
    pub async fn mailbox_sources(&self, ctx: &Context) -> Result<MailboxSources> {
        ctx.require(Right::SignaturesRead)?;
        let read = self.store.read(move |tx| {
            let plugins = tx.installed_plugins()?;
            let mut found = MailboxSources::default();
            for overview in tx.source_overviews()?.into_iter().filter(|overview| overview.ending.is_none()) {
                let source = overview.source;
                let plugin = plugins.iter().find(|plugin| plugin.id == source.connector.plugin);
                let current = plugin.and_then(|plugin| plugin.current.as_ref());
                if current.is_some_and(|version| version.info.offers.contains(&Offer::Mailboxes)) {
                    let open = tx.open_publication(source.id)?;
                    found.with.push((source.name, open));
                } else {
                    found.without.push(source.name);
                }
            }
            Ok(found)
        });
        Ok(read.await?)
    }

    /// Begins the plan of a publication: the mailboxes are read, none is written.
    pub async fn begin_publication(&self, ctx: &Context, new: NewPublication) -> Result<PublicationId> {
        Ok(self.plan_publication(ctx, new).await??)
    }

    /// The same; or says why not.
    pub async fn plan_publication(&self, ctx: &Context, new: NewPublication) -> Result<Planned<PublicationId>> {
        ctx.require(Right::SignaturesPublish)?;
        let NewPublication { source, kind, day, whom } = new;
        let source = match self.source_with_mailboxes(&source).await? {
            Ok(source) => source,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let group = match self.group_meant(&whom).await? {
            Ok(group) => group,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (id, job) = (PublicationId::new(ctx.now, self.random()), JobId::new(ctx.now, self.random()));
        let (ctx, random) = (*ctx, self.shared_random());
        let planned = self
            .store
            .write(move |tx| {
                tx.lock_source(source.id)?;
                if let Some(open) = tx.open_publication(source.id)? {
                    return Ok(Err(PlanRefusal::Open(open)));
                }
                let lines = match targets(tx, &source, kind, &whom, group)? {
                    Ok(lines) => lines,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let publication = begun(&ctx, id, source, kind, day);
                tx.insert_publication(&publication, job, &lines)?;
                enqueue(tx, &ctx, id, job)?;
                let event = AuditEvent::done(&ctx, &*random, "signature.publication.plan", "publication", id);
                let facts = json!({"kind": kind, "source": publication.source, "mailboxes": lines.len()});
                tx.audit(&event.with(facts))?;
                Ok(Ok(id))
            })
            .await?;
        self.wake_worker();
        Ok(planned)
    }

    /// A source whose plugin keeps mailboxes.
    async fn source_with_mailboxes(&self, name: &str) -> Result<Planned<Source>> {
        let name = name.to_owned();
        let read = self.store.read(move |tx| {
            let source = tx.source_by_name(&name)?.ok_or(Error::NotFound)?;
            let plugin = tx.installed_plugin(&source.connector.plugin)?.and_then(|plugin| plugin.current);
            Ok((source, plugin))
        });
        let (source, version) = read.await?;
        if version.is_some_and(|version| version.info.offers.contains(&Offer::Mailboxes)) {
            return Ok(Ok(source));
        }
        Ok(Err(PlanRefusal::NoMailboxes(source.connector.plugin)))
    }

    /// The group that is named; none where none is.
    async fn group_meant(&self, whom: &Whom) -> Result<Planned<Option<GroupId>>> {
        let Whom::Found { group, .. } = whom else { return Ok(Ok(None)) };
        if group.is_empty() {
            return Ok(Ok(None));
        }
        Ok(match &*self.groups_for_rule(group).await? {
            [] => Err(PlanRefusal::NoGroup(group.clone())),
            [only] => Ok(Some(only.id)),
            several => {
                let ids = several.iter().map(|group| format!("{} ({})", group.id, group.source_name));
                Err(PlanRefusal::SeveralGroups(group.clone(), ids.collect::<Vec<_>>().join(", ")))
            }
        })
    }
}

fn begun(ctx: &Context, id: PublicationId, source: Source, kind: PublicationKind, day: Date) -> Publication {
    Publication {
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
        counts: BTreeMap::new(),
        released: 0,
        left: 0,
        started_at: ctx.now,
        ended_at: None,
    }
}

/// Whose mailboxes a publication is about.
fn targets(
    tx: &mut Tx<'_>,
    source: &Source,
    kind: PublicationKind,
    whom: &Whom,
    group: Option<GroupId>,
) -> estampe_store::Result<Planned<Vec<(PersonId, LineContent)>>> {
    let some = match whom {
        Whom::Everybody => None,
        Whom::These(people) if people.is_empty() => None,
        Whom::These(people) if people.len() > NAMED => return Ok(Err(PlanRefusal::TooMany)),
        Whom::These(people) => {
            // a name of nobody is a mistake of whoever typed it
            for person in people {
                tx.person(*person)?.ok_or(Error::NotFound)?;
            }
            Some(people.clone())
        }
        Whom::Found { query, .. } => {
            let active = (kind == PublicationKind::Publish).then_some(true);
            Some(tx.people_ids(&PeopleQuery { words: words_of(query), active, group, ..PeopleQuery::default() })?)
        }
        Whom::Drifted(of) => Some(tx.people_of_lines(*of, LineState::Drifted)?),
    };
    if kind == PublicationKind::Publish {
        let people = mailbox_holders(tx, source, some, matches!(whom, Whom::Found { .. }))?;
        let line = |person| (person, LineContent::default());
        return Ok(if people.is_empty() {
            Err(PlanRefusal::Nobody)
        } else {
            Ok(people.into_iter().map(line).collect())
        });
    }
    let backups = backups_of(tx, source, some)?;
    let line = |backup: MailboxBackup| {
        let wanted = (kind == PublicationKind::Restore).then_some(backup.before);
        (backup.person, LineContent { mailbox: backup.mailbox, address: backup.address, found: None, wanted })
    };
    Ok(if backups.is_empty() { Err(PlanRefusal::NothingWritten) } else { Ok(backups.into_iter().map(line).collect()) })
}

/// What is kept of the mailboxes of some, or of everybody.
fn backups_of(
    tx: &mut Tx<'_>,
    source: &Source,
    some: Option<Vec<PersonId>>,
) -> estampe_store::Result<Vec<MailboxBackup>> {
    match some {
        None => tx.mailbox_backups(source.id, &[]),
        Some(some) if some.is_empty() => Ok(Vec::new()),
        Some(some) if some.len() <= NAMED => tx.mailbox_backups(source.id, &some),
        Some(some) => {
            let some: BTreeSet<_> = some.into_iter().collect();
            let mut backups = tx.mailbox_backups(source.id, &[])?;
            backups.retain(|backup| some.contains(&backup.person));
            Ok(backups)
        }
    }
}

/// Who gets a signature: those who are named, or those whom the source knows. A source that tells
/// who is there has their mailboxes, and nobody else's.
fn mailbox_holders(
    tx: &mut Tx<'_>,
    source: &Source,
    some: Option<Vec<PersonId>>,
    only_known: bool,
) -> estampe_store::Result<Vec<PersonId>> {
    if let Some(named) = some.as_ref().filter(|_| !only_known) {
        return Ok(named.clone());
    }
    let known = tx.active_people_of(source.id)?;
    Ok(match some {
        Some(found) if known.is_empty() => found,
        Some(found) => {
            let known: BTreeSet<_> = known.into_iter().collect();
            found.into_iter().filter(|person| known.contains(person)).collect()
        }
        None if known.is_empty() => tx.people_ids(&PeopleQuery { active: Some(true), ..PeopleQuery::default() })?,
        None => known,
    })
}
