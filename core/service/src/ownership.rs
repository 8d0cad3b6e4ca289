//! What is entered for a person in Estampe, given back, or settled; and whose the fields
//! of a source's people are.

use std::collections::BTreeMap;

use estampe_domain::access::Scope;
use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::PersonId;
use estampe_domain::mapping::Country;
use estampe_domain::ownership::{FieldValue, Made, Numbers, Owner, Owners, ProfileForm, Settlement};
use estampe_domain::person::ProfileField;
use estampe_domain::run::RunState;
use estampe_domain::{Context, Error, Result, Right};
use estampe_store::Tx;
use serde_json::json;

use crate::Service;
use crate::views::{PersonChange, PersonEdit};
use crate::write_back::{ask, can_be_written};

impl Service {
    /// Enters values for a person: they are shown, and kept over what a directory says.
    pub async fn edit_person(&self, ctx: &Context, person: PersonId, change: PersonChange) -> Result<PersonEdit> {
        let scope = ctx.scope(Right::PeopleChange)?;
        let (ctx, random) = (*ctx, self.shared_random());
        let edit = self
            .store
            .write(move |tx| {
                within(tx, person, scope)?;
                let before = standing(tx, person, change.seen.as_deref())?;
                let mut form = ProfileForm::of(&before.shown);
                let fields = form
                    .fill(&change.inputs)
                    .map_err(|unknown| Error::invalid(unknown.0.clone(), unknown.to_string()))?;
                theirs(&before, scope, fields.iter())?;
                let country = country_of(tx, &before)?;
                let values = match form.parse(&fields, Numbers::of(&before.shown, country)) {
                    Ok(values) => values,
                    Err(problems) => return Ok(PersonEdit::Problems(problems)),
                };
                let is_written = |value: &FieldValue| before.owner(value.field()) == Some(Owner::Written);
                let (written, values): (Vec<_>, Vec<_>) = values.into_iter().partition(is_written);
                if !values.is_empty() {
                    let fields: Vec<_> = values.iter().map(|value| value.field().key()).collect();
                    let mut after = before.clone();
                    after.enter(values);
                    tx.put_made(person, &before, &after, ctx.now)?;
                    let event = AuditEvent::done(&ctx, &*random, "person.edit", "person", person);
                    tx.audit(&event.with(json!({"fields": fields})))?;
                }
                let mut asked = false;
                for value in written {
                    asked |= ask(tx, &ctx, &*random, person, value)?;
                }
                Ok(if asked { PersonEdit::Asked } else { PersonEdit::Done })
            })
            .await?;
        if edit == PersonEdit::Asked {
            self.wake_worker();
        }
        Ok(edit)
    }

    /// Gives fields back to the directory: what was entered for them goes. `seen` is what
    /// the reader saw ([`Made::version`]).
    pub async fn give_back(
        &self,
        ctx: &Context,
        person: PersonId,
        fields: Vec<ProfileField>,
        seen: Option<String>,
    ) -> Result<()> {
        let scope = ctx.scope(Right::PeopleChange)?;
        if fields.is_empty() {
            return Err(Error::invalid("fields", "name at least one"));
        }
        let (ctx, random) = (*ctx, self.shared_random());
        self.store
            .write(move |tx| {
                within(tx, person, scope)?;
                let before = standing(tx, person, seen.as_deref())?;
                if before.origin.is_none() {
                    let why = "no source says anything of this person: there is nobody to give it back to";
                    return Err(Error::Conflict(why.into()).into());
                }
                theirs(&before, scope, fields.iter())?;
                let mut after = before.clone();
                for field in &fields {
                    if !after.give_back(*field) {
                        let entered: Vec<_> = before.entered.fields().iter().map(|field| field.key()).collect();
                        let entered = if entered.is_empty() { "nothing".to_owned() } else { entered.join(", ") };
                        let why = format!("nothing was entered for it; entered is: {entered}");
                        return Err(Error::invalid(field.key(), why).into());
                    }
                }
                tx.put_made(person, &before, &after, ctx.now)?;
                let fields: Vec<_> = fields.iter().map(|field| field.key()).collect();
                tx.audit(
                    &AuditEvent::done(&ctx, &*random, "person.give-back", "person", person)
                        .with(json!({"fields": fields})),
                )
            })
            .await?;
        Ok(())
    }

    /// Ends a conflict: takes what the directory says, or keeps what was entered until it
    /// says something new.
    pub async fn settle_conflict(
        &self,
        ctx: &Context,
        person: PersonId,
        field: ProfileField,
        choice: Settlement,
        seen: Option<String>,
    ) -> Result<()> {
        let scope = ctx.scope(Right::PeopleChange)?;
        let (ctx, random) = (*ctx, self.shared_random());
        self.store
            .write(move |tx| {
                within(tx, person, scope)?;
                let before = standing(tx, person, seen.as_deref())?;
                theirs(&before, scope, std::iter::once(&field))?;
                let mut after = before.clone();
                if !after.settle(field, choice) {
                    let why = format!("there is no conflict about the field \"{}\" any more", field.key());
                    return Err(Error::Conflict(why).into());
                }
                tx.put_made(person, &before, &after, ctx.now)?;
                tx.audit(
                    &AuditEvent::done(&ctx, &*random, "person.settle", "person", person)
                        .with(json!({"field": field.key(), "choice": choice.key()})),
                )
            })
            .await?;
        Ok(())
    }

    /// Who owns the fields of a source's people.
    pub async fn source_owners(&self, ctx: &Context, name: &str) -> Result<Owners> {
        ctx.require(Right::SourcesRead)?;
        let source = self.source_named(ctx, name).await?.id;
        Ok(self.store.read(move |tx| tx.source_owners(source)).await?)
    }

    /// Changes who owns the fields of a source's people; what is not named stays. It is
    /// applied by the next run, a full one. Not while a run is open, whose plan was made
    /// before. `seen` is what the reader saw.
    pub async fn change_owners(
        &self,
        ctx: &Context,
        name: &str,
        change: &BTreeMap<ProfileField, Owner>,
        seen: Option<Owners>,
    ) -> Result<Owners> {
        ctx.require(Right::SourcesChange)?;
        let source = self.source_named(ctx, name).await?.id;
        let (ctx, random, change) = (*ctx, self.shared_random(), change.clone());
        let changed = self
            .store
            .write(move |tx| {
                tx.lock_source(source)?;
                let before = tx.source_owners(source)?;
                if seen.is_some_and(|seen| seen != before) {
                    return Err(Error::Conflict("the owners were changed meanwhile; look again".into()).into());
                }
                let mut after = before.clone();
                for (field, owner) in change {
                    after = after.with(field, owner).ok_or_else(|| {
                        let choices: Vec<_> = Owner::choices(field).iter().map(|owner| owner.key()).collect();
                        Error::invalid(field.key(), format!("its owner is one of {}", choices.join(", ")))
                    })?;
                }
                let fields = before.changes_to(&after);
                if fields.is_empty() {
                    return Ok(after);
                }
                for field in fields.iter().filter(|field| after.of(**field) == Owner::Written) {
                    let source = tx.source(source)?;
                    can_be_written(tx, &source, *field)?.map_err(|why| Error::invalid(field.key(), why))?;
                }
                if let Some((run, state)) = tx.open_run(source)? {
                    let what = if state == RunState::Held { "waits for a word" } else { "is under way" };
                    return Err(Error::Conflict(format!("run {run} of this source {what}: end it first")).into());
                }
                tx.set_owners(source, &after)?;
                // a conflict is about what the directory owns
                for person in tx.entered_people(source)? {
                    if let Some((_, made)) = tx.made(person)? {
                        tx.set_conflicts(person, &made)?;
                    }
                }
                let fields: BTreeMap<_, _> =
                    fields.into_iter().map(|field| (field.key(), after.of(field).key())).collect();
                tx.audit(
                    &AuditEvent::done(&ctx, &*random, "source.owners", "source", source)
                        .with(json!({"fields": fields})),
                )?;
                Ok(after)
            })
            .await?;
        Ok(changed)
    }
}

/// Where numbers are dialled that are entered without their country's code: where those of the person's source are,
/// or else those of all sources that say it.
fn country_of(tx: &mut Tx<'_>, made: &Made) -> estampe_store::Result<Option<Country>> {
    if let Some(origin) = &made.origin
        && let Some(country) = tx.source_by_name(&origin.source)?.and_then(|source| source.mapping.country)
    {
        return Ok(Some(country));
    }
    let mut countries = tx.countries()?;
    let first = countries.pop();
    Ok(first.filter(|first| countries.iter().all(|other| other == first)))
}

/// Refuses whom this is not about: they are not known to be there.
fn within(tx: &mut Tx<'_>, person: PersonId, scope: Scope) -> estampe_store::Result<()> {
    if tx.is_within(person, scope)? { Ok(()) } else { Err(Error::NotFound.into()) }
}

/// Refuses fields that are not their own to whoever changes their own profile alone.
fn theirs<'f>(
    made: &Made,
    scope: Scope,
    mut fields: impl Iterator<Item = &'f ProfileField>,
) -> estampe_store::Result<()> {
    if scope == Scope::All {
        return Ok(());
    }
    match fields.find(|field| !matches!(made.owner(**field), Some(Owner::Once | Owner::Own | Owner::Written))) {
        None => Ok(()),
        Some(field) => {
            Err(Error::invalid(field.key(), "it is not yours to change; ask whoever keeps the directory").into())
        }
    }
}

/// A person as they stand now, for this transaction alone; a conflict when that is not what
/// the reader saw.
fn standing(tx: &mut Tx<'_>, person: PersonId, seen: Option<&str>) -> estampe_store::Result<Made> {
    tx.lock_person(person)?;
    let (_, made) = tx.made(person)?.ok_or(Error::NotFound)?;
    if seen.is_some_and(|seen| seen != made.version()) {
        return Err(Error::Changed("this person").into());
    }
    Ok(made)
}
