//! The plan of a publication is begun: by which source, for whom, on which day. Nothing is written
//! by it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{GroupId, JobId, PersonId, PublicationId};
use estampe_domain::plugin::Offer;
use estampe_domain::signature::publication::{
    KeptMailbox, LineContent, LineState, Publication, PublicationKind, PublicationState,
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
    /// The source of this name tells who is there, and has told of nobody yet.
    NeverRead(String),
    /// These, who were named one by one, have left.
    Inactive(Vec<String>),
    /// The look that found mailboxes changed was at those of another source.
    OtherSource,
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
            Self::NeverRead(source) => {
                write!(f, "it has not told yet who is there; run it first: estampe source sync \"{source}\"")
            }
            Self::Inactive(names) => {
                write!(f, "who left gets no signature: {}", names.join(", "))
            }
            Self::OtherSource => f.write_str("that look was at the mailboxes of another source"),
            Self::NothingWritten => f.write_str("Estampe has written no mailbox of these, or all were restored"),
        }
    }
}

impl From<PlanRefusal> for Error {
    fn from(refusal: PlanRefusal) -> Self {
        let words = refusal.to_string();
        match refusal {
            PlanRefusal::NoMailboxes(_) => Self::invalid("source", words),
            PlanRefusal::TooMany | PlanRefusal::Inactive(_) => Self::invalid("people", words),
            PlanRefusal::NoGroup(_) | PlanRefusal::SeveralGroups(..) => Self::invalid("group", words),
            PlanRefusal::Open(_)
            | PlanRefusal::Nobody
            | PlanRefusal::NeverRead(_)
            | PlanRefusal::OtherSource
            | PlanRefusal::NothingWritten => Self::Conflict(words),
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
        let (source, tells) = match self.source_with_mailboxes(&source).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let group = match self.group_meant(&whom).await? {
            Ok(group) => group,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (id, job) = (PublicationId::new(ctx.now, self.random()), JobId::new(ctx.now, self.random()));
        // before anybody waits for the transaction: each is unsealed
        let of = source.clone();
        let mut lines = match self.store.read(move |tx| whose(tx, &of, kind, &whom, (group, tells))).await? {
            Ok(lines) => lines,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (ctx, random) = (*ctx, self.shared_random());
        let planned = self
            .store
            .write(move |tx| {
                tx.lock_source(source.id)?;
                if let Some(open) = tx.open_publication(source.id)? {
                    return Ok(Err(PlanRefusal::Open(open)));
                }
                if kind != PublicationKind::Publish {
                    // of who was erased meanwhile no address stays
                    let kept = tx.kept_people(source.id)?;
                    lines.retain(|(person, _)| kept.contains(person));
                }
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

    /// A source whose plugin keeps mailboxes, and whether it tells who is there.
    async fn source_with_mailboxes(&self, name: &str) -> Result<Planned<(Source, bool)>> {
        let name = name.to_owned();
        let read = self.store.read(move |tx| {
            let source = tx.source_by_name(&name)?.ok_or(Error::NotFound)?;
            let plugin = tx.installed_plugin(&source.connector.plugin)?.and_then(|plugin| plugin.current);
            Ok((source, plugin))
        });
        let (source, version) = read.await?;
        let info = version.map(|version| version.info);
        match info.filter(|info| info.offers.contains(&Offer::Mailboxes)) {
            Some(info) => {
                let tells = info.tells_of_people(&source.connector.config);
                Ok(Ok((source, tells)))
            }
            None => Ok(Err(PlanRefusal::NoMailboxes(source.connector.plugin))),
        }
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

/// Whose mailboxes a publication is about, and where they are when that is known.
fn whose(
    tx: &mut Tx<'_>,
    source: &Source,
    kind: PublicationKind,
    whom: &Whom,
    (group, tells): (Option<GroupId>, bool),
) -> estampe_store::Result<Planned<Vec<(PersonId, LineContent)>>> {
    let publishes = kind == PublicationKind::Publish;
    let some = match meant(tx, source, publishes, whom, group)? {
        Ok(some) => some,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if publishes {
        let people = match mailbox_holders(tx, source, some, (whom, tells))? {
            Ok(people) => people,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let lines: Vec<_> = people.into_iter().map(|person| (person, LineContent::default())).collect();
        return Ok(if lines.is_empty() { Err(PlanRefusal::Nobody) } else { Ok(lines) });
    }
    let line =
        |KeptMailbox { person, mailbox, address }| (person, LineContent { mailbox, address, ..LineContent::default() });
    let lines: Vec<_> = kept_of(tx, source, some)?.into_iter().map(line).collect();
    Ok(if lines.is_empty() { Err(PlanRefusal::NothingWritten) } else { Ok(lines) })
}

/// The people who are meant; all when none.
fn meant(
    tx: &mut Tx<'_>,
    source: &Source,
    publishes: bool,
    whom: &Whom,
    group: Option<GroupId>,
) -> estampe_store::Result<Planned<Option<Vec<PersonId>>>> {
    Ok(Ok(match whom {
        Whom::Everybody => None,
        Whom::These(people) if people.is_empty() => None,
        Whom::These(people) if people.len() > NAMED => return Ok(Err(PlanRefusal::TooMany)),
        Whom::These(people) => {
            let mut left = Vec::new();
            for person in people {
                // a name of nobody is a mistake of whoever typed it
                let person = tx.person(*person)?.ok_or(Error::NotFound)?;
                left.extend((!person.active).then(|| person.profile.display_name.to_string()));
            }
            // what stood there before comes back for those who left too
            if publishes && !left.is_empty() {
                return Ok(Err(PlanRefusal::Inactive(left)));
            }
            Some(people.clone())
        }
        Whom::Found { query, .. } => {
            let active = publishes.then_some(true);
            Some(tx.people_ids(&PeopleQuery { words: words_of(query), active, group, ..PeopleQuery::default() })?)
        }
        Whom::Drifted(of) => {
            if tx.publication_head(*of)?.ok_or(Error::NotFound)?.source != source.id {
                return Ok(Err(PlanRefusal::OtherSource));
            }
            Some(tx.people_of_lines(*of, LineState::Drifted)?)
        }
    }))
}

/// The mailboxes of some that were written, or of everybody.
fn kept_of(tx: &mut Tx<'_>, source: &Source, some: Option<Vec<PersonId>>) -> estampe_store::Result<Vec<KeptMailbox>> {
    match some {
        None => tx.kept_mailboxes(source.id, &[]),
        Some(some) if some.is_empty() => Ok(Vec::new()),
        Some(some) if some.len() <= NAMED => tx.kept_mailboxes(source.id, &some),
        Some(some) => {
            let some: BTreeSet<_> = some.into_iter().collect();
            let mut kept = tx.kept_mailboxes(source.id, &[])?;
            kept.retain(|kept| some.contains(&kept.person));
            Ok(kept)
        }
    }
}

/// Who gets a signature: those who are named, or those whom the source knows. A source that tells
/// who is there has their mailboxes, and nobody else's; everybody's has one that tells of nobody.
fn mailbox_holders(
    tx: &mut Tx<'_>,
    source: &Source,
    some: Option<Vec<PersonId>>,
    (whom, tells): (&Whom, bool),
) -> estampe_store::Result<Planned<Vec<PersonId>>> {
    if !tells {
        return Ok(Ok(match some {
            Some(some) => some,
            None => tx.people_ids(&PeopleQuery { active: Some(true), ..PeopleQuery::default() })?,
        }));
    }
    let known = tx.active_people_of(source.id)?;
    if known.is_empty() {
        return Ok(Err(PlanRefusal::NeverRead(source.name.clone())));
    }
    Ok(Ok(match some {
        // of whom the source does not know the plan says so
        Some(named) if matches!(whom, Whom::These(_)) => named,
        Some(found) => {
            let known: BTreeSet<_> = known.into_iter().collect();
            found.into_iter().filter(|person| known.contains(person)).collect()
        }
        None => known,
    }))
}
