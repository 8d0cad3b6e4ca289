//! The work of a change that was agreed to: the directory is read before it is written, so that
//! what a killed process may have written is not written again, and what somebody else changed
//! there meanwhile is not overwritten. Each step is in the database before and after it.

use std::collections::{BTreeMap, BTreeSet};

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{ChangeId, PersonId};
use estampe_domain::mapping::Target;
use estampe_domain::ownership::{FieldValue, Owner};
use estampe_domain::plugin::{AttributeValue, FailKind, Given, PluginFailure, SourcePerson, SourcePhoto};
use estampe_domain::source::Source;
use estampe_domain::write_back::{
    ChangeState, DirectoryChange, LOOK_AGAIN, PATIENCE, PAUSE, Step, TRIES, code, is_same, step,
};
use estampe_domain::{Context, Error, Result, Ts};
use estampe_store::{Lease, Tx};
use serde_json::json;

use crate::Service;
use crate::sync::{LEASE, keep_lease};
use crate::write_back::can_be_written;

/// What is to be written, and where.
struct Order {
    change: DirectoryChange,
    source: Source,
    external_id: String,
    to: BTreeMap<Target, String>,
}

/// What comes next.
enum Turn {
    /// Nothing: it was ended, or waits for a word.
    Nothing,
    /// It cannot be written any more.
    Failed(Box<DirectoryChange>, &'static str, Option<String>),
    /// This.
    Do(Box<Order>),
}

/// What became of a change.
enum Became {
    /// The directory has it: this is what it says.
    Done(FieldValue),
    /// It has something else, which was not what was seen.
    Conflict(FieldValue),
    /// It did not take it.
    Failed(String, Option<String>),
    /// It is left alone until then.
    Waits(Ts, &'static str),
    /// It took it, and does not show it yet.
    NotYet,
}

impl Service {
    /// Writes a change, or finds that it was written. Some moment: there is more to do then, and
    /// nothing before.
    pub async fn do_write_back(&self, ctx: &Context, id: ChangeId, lease: Lease) -> Result<Option<Ts>> {
        let order = match self.store.read(move |tx| turn(tx, id)).await? {
            Turn::Nothing => return Ok(None),
            Turn::Failed(change, code, detail) => {
                let became = Became::Failed(code.to_owned(), detail);
                return self.note_change(ctx, lease, &change, None, became).await;
            }
            Turn::Do(order) => *order,
        };
        let (became, change) = match self.given(&order.source, false).await {
            Ok(given) => self.write_order(ctx, lease, &order, &given).await?,
            // the plugin itself cannot be called
            Err(Error::Plugin(failure)) => (Some(self.after_failure(&order.change, failure)), order.change.clone()),
            Err(other) => return Err(other),
        };
        match became {
            Some(became) => self.note_change(ctx, lease, &change, Some(&order), became).await,
            None => Ok(None),
        }
    }

    /// Reads, and writes where that is needed. The change as it stands after; nothing where it was
    /// ended meanwhile.
    async fn write_order(
        &self,
        ctx: &Context,
        lease: Lease,
        order: &Order,
        given: &Given,
    ) -> Result<(Option<Became>, DirectoryChange)> {
        let (source, mut change) = (&order.source, order.change.clone());
        let fields: BTreeSet<String> = order.to.values().cloned().collect();
        let port = &self.ports.write_back;
        let read = port.read_person(&source.connector, given, &order.external_id, &fields).await;
        self.note_call(&source.connector.plugin, read.as_ref().err()).await?;
        let now = match read {
            Ok(attributes) => order.value(attributes),
            Err(failure) => return Ok((Some(self.after_failure(&change, failure)), change)),
        };
        match step(&change, &now) {
            Step::There => return Ok((Some(Became::Done(now)), change)),
            Step::Conflict => return Ok((Some(Became::Conflict(now)), change)),
            Step::Write if change.tries >= TRIES => {
                return Ok((Some(Became::Failed(code::NOT_SHOWN.to_owned(), None)), change));
            }
            Step::Write => {}
        }
        // of a list with other values the whole is written, and what is the same is not
        let changes = source.mapping.writing(&order.to, &now, &change.wanted);
        if !self.mark_change(ctx, lease, &mut change).await? {
            return Ok((None, change));
        }
        let written = port.write_person(&source.connector, given, &order.external_id, &changes).await;
        self.note_call(&source.connector.plugin, written.as_ref().err()).await?;
        let mut attributes = match written {
            Ok(attributes) => attributes,
            Err(failure) => return Ok((Some(self.after_failure(&change, failure)), change)),
        };
        if changes.len() < fields.len() {
            // the rest of the field stands as it was read
            let rest: BTreeSet<String> = fields.iter().filter(|name| !changes.contains_key(*name)).cloned().collect();
            let read = port.read_person(&source.connector, given, &order.external_id, &rest).await;
            self.note_call(&source.connector.plugin, read.as_ref().err()).await?;
            match read {
                Ok(others) => attributes.extend(others),
                Err(failure) => return Ok((Some(self.after_failure(&change, failure)), change)),
            }
        }
        let value = order.value(attributes);
        let became = if is_same(&value, &change.wanted) { Became::Done(value) } else { Became::NotYet };
        Ok((Some(became), change))
    }

    /// Notes that the directory is about to be asked to take a change; `false` when it is not to
    /// be any more.
    async fn mark_change(&self, ctx: &Context, lease: Lease, change: &mut DirectoryChange) -> Result<bool> {
        let (ctx, random, was) = (*ctx, self.shared_random(), change.state);
        (change.state, change.code, change.detail) = (ChangeState::Writing, None, None);
        change.tries += 1;
        let (marked, now) = (change.clone(), self.ports.clock.now());
        let done = self.store.write(move |tx| {
            keep_lease(tx, lease, now.plus_seconds(LEASE))?;
            let ctx = Context { now, ..ctx };
            tx.lock_person(marked.person)?;
            // switched off meanwhile, or ended
            let is_on = tx.source_owners(marked.source)?.of(marked.field()) == Owner::Written;
            if !is_on || !tx.move_change(&marked, was)? {
                return Ok(false);
            }
            let event = AuditEvent::done(&ctx, &*random, "person.write-back.write", "person", marked.person);
            tx.audit(&event.with(json!({"change": marked.id, "field": marked.field().key()})))?;
            Ok(true)
        });
        Ok(done.await?)
    }

    fn after_failure(&self, change: &DirectoryChange, failure: PluginFailure) -> Became {
        let now = self.ports.clock.now();
        let waited = change.agreed_at.map_or(0, |agreed| now.seconds_since(agreed));
        let passes = match failure.kind {
            FailKind::RateLimited => Some("rate-limited"),
            FailKind::Unavailable => Some("unavailable"),
            _ => None,
        };
        match passes {
            Some(code) if waited < PATIENCE => {
                let told = failure.retry_after_ms.map(|ms| i64::try_from(ms / 1_000 + 1).unwrap_or(PAUSE));
                Became::Waits(now.plus_seconds(told.unwrap_or(PAUSE)), code)
            }
            _ => Became::Failed(failure.kind.as_str().to_owned(), Some(failure.message)),
        }
    }

    async fn note_change(
        &self,
        ctx: &Context,
        lease: Lease,
        change: &DirectoryChange,
        order: Option<&Order>,
        became: Became,
    ) -> Result<Option<Ts>> {
        let (now, random, was) = (self.ports.clock.now(), self.shared_random(), change.state);
        let (ctx, mut change) = (Context { now, ..*ctx }, change.clone());
        let place = order.map(|order| (order.source.clone(), order.external_id.clone()));
        let noted = self.store.write(move |tx| {
            keep_lease(tx, lease, now.plus_seconds(LEASE))?;
            tx.lock_person(change.person)?;
            let (operation, until) = match became {
                Became::Done(value) => {
                    if !tx.forget_change(change.id, was)? {
                        return Ok(None);
                    }
                    if let Some(place) = &place {
                        show(tx, place, change.person, value, true, now)?;
                    }
                    (Some("person.write-back.done"), None)
                }
                Became::Conflict(found) => {
                    (change.state, change.found) = (ChangeState::Conflict, Some(found.clone()));
                    (change.code, change.detail) = (None, None);
                    if !tx.move_change(&change, was)? {
                        return Ok(None);
                    }
                    if let Some(place) = &place {
                        show(tx, place, change.person, found, false, now)?;
                    }
                    (Some("person.write-back.conflict"), None)
                }
                Became::Failed(code, detail) => {
                    change.state = ChangeState::Failed;
                    (change.code, change.detail) = (Some(code), detail);
                    (tx.move_change(&change, was)?.then_some("person.write-back.fail"), None)
                }
                Became::Waits(until, code) => {
                    // it can be ended meanwhile; whether it was taken all the same is looked at first
                    if was == ChangeState::Writing {
                        change.tries = change.tries.saturating_sub(1);
                    }
                    (change.state, change.code) = (ChangeState::Approved, Some(code.to_owned()));
                    let moved = tx.move_change(&change, was)?;
                    (None, moved.then_some(until))
                }
                Became::NotYet => (None, Some(now.plus_seconds(LOOK_AGAIN))),
            };
            if let Some(operation) = operation {
                let event = AuditEvent::done(&ctx, &*random, operation, "person", change.person);
                tx.audit(&event.with(json!({"change": change.id, "field": change.field().key()})))?;
            }
            Ok(until)
        });
        Ok(noted.await?)
    }
}

impl Order {
    /// The field's value of what the directory has.
    fn value(&self, attributes: Vec<(String, AttributeValue)>) -> FieldValue {
        let person = SourcePerson {
            external_id: self.external_id.clone(),
            active: true,
            attributes,
            photo: SourcePhoto::None,
            position: None,
            handles: Vec::new(),
            withheld: Vec::new(),
        };
        let field = self.change.field();
        // a field that cannot be written comes no further than `turn`
        self.source.mapping.value(field, &person).unwrap_or_else(|| self.change.before.clone())
    }
}

/// What comes next.
fn turn(tx: &mut Tx<'_>, id: ChangeId) -> estampe_store::Result<Turn> {
    let Some(change) = tx.change(id)?.filter(|change| change.state.is_busy()) else { return Ok(Turn::Nothing) };
    let failed = |change, code, detail| Ok(Turn::Failed(Box::new(change), code, detail));
    let source = tx.source(change.source)?;
    if tx.source_owners(source.id)?.of(change.field()) != Owner::Written {
        return failed(change, code::OFF, None);
    }
    let Some(external_id) = tx.external_id_of(change.person, source.id)? else {
        return failed(change, code::GONE, None);
    };
    match can_be_written(tx, &source, change.field())? {
        Ok(to) => Ok(Turn::Do(Box::new(Order { change, source, external_id, to }))),
        Err(why) => failed(change, code::MAPPING, Some(why)),
    }
}

/// Shows what the directory says by now, as the next run will find it. `written`: it is what was
/// wanted, and what was entered before goes.
fn show(
    tx: &mut Tx<'_>,
    (source, external_id): &(Source, String),
    person: PersonId,
    value: FieldValue,
    written: bool,
    now: Ts,
) -> estampe_store::Result<()> {
    let Some((_, before)) = tx.made(person)? else { return Ok(()) };
    // where another source counts by now, the next run of this one tells
    let Some(origin) = before.origin.clone().filter(|origin| origin.source == source.name) else { return Ok(()) };
    let (mut said, mut kept) = (origin.said, before.clone());
    if written {
        kept.entered.give_back(value.field());
    }
    said.put(value);
    let after = kept.told(&said, &origin.owners, &source.name);
    tx.put_made(person, &before, &after, now)?;
    tx.set_said_anew(source.id, external_id, (after.shown != said).then_some(&said))
}
