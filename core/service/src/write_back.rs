//! Changes of people's fields that are written into the directory they come from: asked for,
//! agreed to, ended. The card shows what the directory has, until it has the change.
//!
//! Whose field it is agrees, or whoever leads a team of theirs; what they ask for themselves
//! needs no other word. Nobody else can agree, whatever their role.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use estampe_domain::access::{Role, Scope};
use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{ChangeId, JobId, PersonId};
use estampe_domain::mapping::Target;
use estampe_domain::ownership::{FieldValue, Owner};
use estampe_domain::permission::Permission;
use estampe_domain::person::ProfileField;
use estampe_domain::plugin::Offer;
use estampe_domain::ports::Random;
use estampe_domain::source::Source;
use estampe_domain::write_back::{ChangeState, DirectoryChange, is_same};
use estampe_domain::{Actor, Context, Error, Result, Right, Ts};
use estampe_store::{Job, NamedChange, NewJob, Tx};
use serde_json::json;

use crate::Service;
use crate::views::Asking;

/// What can be said to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeWord {
    /// It may be written.
    Agree,
    /// It failed, and is tried again.
    Again,
    /// Nobody wants it any more.
    End,
}

/// A change, and what whoever looks can say to it.
#[derive(Clone, Debug)]
pub struct ShownChange {
    /// The change.
    pub named: NamedChange,
    /// Whether they are the one to agree.
    pub can_agree: bool,
    /// Whether they can have it tried again.
    pub can_try_again: bool,
    /// Whether they can end it.
    pub can_end: bool,
}

/// Some changes.
#[derive(Clone, Debug)]
pub struct ChangePage {
    /// The oldest first.
    pub changes: Vec<ShownChange>,
    /// How many there are in all, of everybody whom whoever asks decides about.
    pub total: u64,
    /// Where the next page begins.
    pub next: Option<String>,
}

impl Service {
    /// The changes that wait or failed, of everybody whom whoever asks decides about, or of one
    /// of them; the oldest first.
    pub async fn directory_changes(&self, ctx: &Context, of: Option<PersonId>, asked: Asking) -> Result<ChangePage> {
        let (ctx, scope) = (*ctx, ctx.scope(Right::ChangesDecide)?);
        let Asking { after, limit } = asked;
        let after = after.map(|text| place(&text).ok_or(Error::NotFound)).transpose()?;
        let read = self.store.read(move |tx| {
            let mut found = tx.changes(scope, of, after, limit + 1)?;
            let total = tx.change_count(scope)?;
            let more = found.len() as u64 > limit.unsigned_abs();
            if more {
                found.pop();
            }
            let last = found.last().filter(|_| more).map(|named| &named.change);
            let next = last.map(|last| format!("{}.{}", last.asked_at.as_micros(), last.id));
            // once for each of these people, not for each of their fields
            let mut concerned = HashMap::new();
            for named in &found {
                let person = named.change.person;
                if let Entry::Vacant(new) = concerned.entry(person) {
                    new.insert(concerns(tx, &ctx, person)?);
                }
            }
            let is_theirs = |named: &NamedChange| concerned.get(&named.change.person).is_some_and(|theirs| *theirs);
            let changes = found.into_iter().map(|named| shown(&ctx, is_theirs(&named), named)).collect();
            Ok(ChangePage { changes, total, next })
        });
        Ok(read.await?)
    }

    /// Says a word to a change.
    pub async fn decide_change(&self, ctx: &Context, id: ChangeId, word: ChangeWord) -> Result<()> {
        let scope = ctx.scope(Right::ChangesDecide)?;
        let (ctx, random) = (*ctx, self.shared_random());
        self.store
            .write(move |tx| {
                let found = tx.change(id)?.ok_or(Error::NotFound)?;
                if !tx.is_within(found.person, scope)? {
                    return Err(Error::NotFound.into());
                }
                tx.lock_person(found.person)?;
                let change = tx.change(id)?.ok_or(Error::NotFound)?;
                match word {
                    ChangeWord::Agree => agree(tx, &ctx, &*random, change),
                    ChangeWord::Again => again(tx, &ctx, &*random, change),
                    ChangeWord::End => end(tx, &ctx, &*random, &change),
                }
            })
            .await?;
        self.wake_worker();
        Ok(())
    }
}

/// Reads where a page ended: when the last of it was asked for, and which it is.
fn place(text: &str) -> Option<(Ts, ChangeId)> {
    let (at, id) = text.split_once('.')?;
    Some((Ts::from_micros(at.parse().ok()?), id.parse().ok()?))
}

fn shown(ctx: &Context, concerns: bool, named: NamedChange) -> ShownChange {
    let state = named.change.state;
    ShownChange {
        can_agree: state == ChangeState::Asked && concerns,
        can_try_again: state == ChangeState::Failed && (concerns || ctx.may_all(Right::PeopleChange)),
        can_end: state != ChangeState::Writing,
        named,
    }
}

/// Whether it is theirs to agree to what is written of somebody: of themselves, or of who is in a
/// team that they lead. A token is no word of theirs.
fn concerns(tx: &mut Tx<'_>, ctx: &Context, person: PersonId) -> estampe_store::Result<bool> {
    let Actor::Account(account) = ctx.actor else { return Ok(false) };
    if ctx.through.is_some() {
        return Ok(false);
    }
    let leads = ctx.roles.has(Role::TeamManager) && tx.is_within(person, Scope::Team(account, None))?;
    Ok(leads || ctx.person == Some(person))
}

fn event(ctx: &Context, random: &dyn Random, operation: &'static str, change: &DirectoryChange) -> AuditEvent {
    AuditEvent::done(ctx, random, operation, "person", change.person)
        .with(json!({"change": change.id, "field": change.field().key()}))
}

/// Asks for a value of a field that is written into the directory. Whether there is anything to
/// write.
pub(crate) fn ask(
    tx: &mut Tx<'_>,
    ctx: &Context,
    random: &dyn Random,
    person: PersonId,
    wanted: FieldValue,
) -> estampe_store::Result<bool> {
    let (_, made) = tx.made(person)?.ok_or(Error::NotFound)?;
    let Some(origin) = &made.origin else { return Err(Error::NotFound.into()) };
    let source = tx.source_by_name(&origin.source)?.ok_or(Error::NotFound)?;
    tx.ensure_stays(source.id)?;
    let (field, before) = (wanted.field(), origin.said.value(wanted.field()));
    if let Some(open) = tx.change_of(person, field)? {
        if open.wanted == wanted && open.state != ChangeState::Conflict {
            match open.state {
                // whoever asks for the same agrees to it
                ChangeState::Asked if concerns(tx, ctx, person)? => agree(tx, ctx, random, open)?,
                // what failed is not asked for in vain
                ChangeState::Failed if may_try_again(tx, ctx, person)? => again(tx, ctx, random, open)?,
                ChangeState::Failed => ask_anew(tx, ctx, random, open)?,
                _ => {}
            }
            return Ok(true);
        }
        if open.state.is_busy() {
            let words = "a change of this field is being written; wait for it, or end it first";
            return Err(Error::Conflict(words.into()).into());
        }
        end(tx, ctx, random, &open)?;
    }
    if is_same(&before, &wanted) {
        // the directory has it: what was entered over it goes
        let mut after = made.clone();
        if after.give_back(field) {
            tx.put_made(person, &made, &after, ctx.now)?;
            let given = AuditEvent::done(ctx, random, "person.give-back", "person", person);
            tx.audit(&given.with(json!({"fields": [field.key()]})))?;
        }
        return Ok(false);
    }
    let agreed = concerns(tx, ctx, person)?;
    let change = DirectoryChange {
        id: ChangeId::new(ctx.now, random),
        person,
        source: source.id,
        before,
        wanted,
        state: if agreed { ChangeState::Approved } else { ChangeState::Asked },
        code: None,
        detail: None,
        found: None,
        tries: 0,
        asked_by: if let Actor::Account(account) = ctx.actor { Some(account) } else { None },
        asked_at: ctx.now,
        agreed_at: agreed.then_some(ctx.now),
    };
    tx.insert_change(&change)?;
    tx.audit(&event(ctx, random, "person.write-back.ask", &change))?;
    if agreed {
        tx.audit(&event(ctx, random, "person.write-back.agree", &change))?;
        enqueue(tx, ctx, random, change.id)?;
    }
    Ok(true)
}

fn enqueue(tx: &mut Tx<'_>, ctx: &Context, random: &dyn Random, change: ChangeId) -> estampe_store::Result<()> {
    let id = JobId::new(ctx.now, random);
    tx.enqueue(&NewJob { id, job: Job::WriteBack(change), request: ctx.request, run_at: ctx.now })
}

/// Whether what was agreed to once and failed is theirs to have tried again.
fn may_try_again(tx: &mut Tx<'_>, ctx: &Context, person: PersonId) -> estampe_store::Result<bool> {
    Ok(concerns(tx, ctx, person)? || ctx.may_all(Right::PeopleChange))
}

/// It is another one by now.
fn moved() -> estampe_store::StoreError {
    Error::Changed("this change").into()
}

fn agree(
    tx: &mut Tx<'_>,
    ctx: &Context,
    random: &dyn Random,
    mut change: DirectoryChange,
) -> estampe_store::Result<()> {
    if !concerns(tx, ctx, change.person)? {
        return Err(Error::Forbidden.into());
    }
    if change.state != ChangeState::Asked {
        return Err(moved());
    }
    is_on(tx, &change)?;
    change.state = ChangeState::Approved;
    change.agreed_at = Some(ctx.now);
    if !tx.move_change(&change, ChangeState::Asked)? {
        return Err(moved());
    }
    tx.audit(&event(ctx, random, "person.write-back.agree", &change))?;
    enqueue(tx, ctx, random, change.id)
}

/// What was agreed to and failed is tried again.
fn again(
    tx: &mut Tx<'_>,
    ctx: &Context,
    random: &dyn Random,
    mut change: DirectoryChange,
) -> estampe_store::Result<()> {
    if !may_try_again(tx, ctx, change.person)? {
        return Err(Error::Forbidden.into());
    }
    if change.state != ChangeState::Failed {
        return Err(moved());
    }
    is_on(tx, &change)?;
    change.state = ChangeState::Approved;
    change.agreed_at = Some(ctx.now);
    (change.code, change.detail, change.tries) = (None, None, 0);
    if !tx.move_change(&change, ChangeState::Failed)? {
        return Err(moved());
    }
    tx.audit(&event(ctx, random, "person.write-back.again", &change))?;
    enqueue(tx, ctx, random, change.id)
}

/// Whoever may not have it tried again asks for it once more: somebody agrees anew.
fn ask_anew(
    tx: &mut Tx<'_>,
    ctx: &Context,
    random: &dyn Random,
    mut change: DirectoryChange,
) -> estampe_store::Result<()> {
    is_on(tx, &change)?;
    (change.state, change.agreed_at) = (ChangeState::Asked, None);
    (change.code, change.detail, change.tries) = (None, None, 0);
    if !tx.move_change(&change, ChangeState::Failed)? {
        return Err(moved());
    }
    tx.audit(&event(ctx, random, "person.write-back.ask", &change))
}

fn end(tx: &mut Tx<'_>, ctx: &Context, random: &dyn Random, change: &DirectoryChange) -> estampe_store::Result<()> {
    if change.state == ChangeState::Writing {
        let words = "the directory is being asked to take this change: look again in a moment";
        return Err(Error::Conflict(words.into()).into());
    }
    if !tx.forget_change(change.id, change.state)? {
        return Err(moved());
    }
    tx.audit(&event(ctx, random, "person.write-back.end", change))
}

fn is_on(tx: &mut Tx<'_>, change: &DirectoryChange) -> estampe_store::Result<()> {
    if tx.source_owners(change.source)?.of(change.field()) == Owner::Written {
        return Ok(());
    }
    let words = "this field is not written into the directory any more: end the change";
    Err(Error::Conflict(words.into()).into())
}

/// Whether a source's plugin can and may set a field: by which attributes, or why not.
pub(crate) fn can_be_written(
    tx: &mut Tx<'_>,
    source: &Source,
    field: ProfileField,
) -> estampe_store::Result<Result<BTreeMap<Target, String>, String>> {
    let id = &source.connector.plugin;
    let Some(plugin) = tx.installed_plugin(id)? else { return Ok(Err(format!("the plugin {id} is not installed"))) };
    let Some(info) = plugin.current.as_ref().map(|version| &version.info) else {
        return Ok(Err(format!("no version of the plugin {id} is in use")));
    };
    if !info.offers.contains(&Offer::WriteBack) {
        return Ok(Err(format!("the plugin {id} does not write into its directory")));
    }
    let named = |names: &std::collections::BTreeSet<String>, name: &str| {
        names.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    let fields = &info.asks.fields;
    let to = source.mapping.written_to(
        field,
        |name| fields.mapped || named(&fields.read, name),
        |name| named(&fields.write, name),
    );
    let to = match to {
        Ok(to) => to,
        Err(why) => return Ok(Err(why.to_string())),
    };
    let missing = to.values().map(|name| Permission::FieldWrite(name.clone())).find(|item| !plugin.grants.cover(item));
    Ok(match missing {
        Some(item) => Err(format!("grant \"{item}\" first: estampe plugin grant {id} --allow \"{item}\"")),
        None => Ok(to),
    })
}
