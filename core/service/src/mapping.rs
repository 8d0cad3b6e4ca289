//! How a source's attributes become profiles: set, and tried on real entries beforehand.

use std::collections::BTreeMap;
use std::sync::Arc;

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::RunId;
use estampe_domain::mapping::{Mapping, Target};
use estampe_domain::permission::Permission;
use estampe_domain::person::NotAPerson;
use estampe_domain::plugin::{AttributeValue, DirectoryEvent, Photos, SourcePerson, SyncCall, SyncMode};
use estampe_domain::run::RunState;
use estampe_domain::source::Source;
use estampe_domain::{Context, Error, Result, Right};
use serde_json::json;

use crate::Service;

/// Pages asked for until somebody stands on one: an empty page is nothing unusual.
const PAGES: usize = 4;
/// Names of attributes shown; a hostile directory may have thousands.
const ATTRIBUTES: usize = 200;
/// Characters shown of a value.
const SAMPLE: usize = 200;

/// What a mapping would give.
#[derive(Clone, Debug, Default)]
pub struct MappingPreview {
    /// The first people of the source.
    pub people: Vec<PreviewedPerson>,
    /// The attributes that the connector gives, by name.
    pub attributes: Vec<SeenAttribute>,
}

/// A person as a mapping would show them.
#[derive(Clone, Debug)]
pub struct PreviewedPerson {
    /// Where the entry stands in the source, or its identity.
    pub position: String,
    /// What each field would show, those that would show nothing left out; or why nobody
    /// would come of the entry.
    pub shown: Result<Vec<(Target, String)>, NotAPerson>,
    /// What could not be used.
    pub left_out: Vec<String>,
}

/// An attribute of the entries that were looked at.
#[derive(Clone, Debug)]
pub struct SeenAttribute {
    /// Its name, as the connector gives it.
    pub name: String,
    /// One value of it.
    pub sample: String,
}

impl Service {
    /// Sets how a source's attributes become profiles. Its next run is a full one. Not while a
    /// run is open, whose plan was made with the rules before. `before`: the rules that the
    /// new ones were made of; where others stand by now, nothing is changed.
    pub async fn set_mapping(&self, ctx: &Context, name: &str, before: &Mapping, mapping: Mapping) -> Result<Source> {
        ctx.require(Right::SourcesChange)?;
        let source = self.source_named(ctx, name).await?;
        let changed = Source { mapping, ..source };
        let (ctx, random, stored, before) = (*ctx, self.shared_random(), changed.clone(), before.clone());
        self.store
            .write(move |tx| {
                let id = stored.id;
                tx.lock_source(id)?;
                if let Some((run, state)) = tx.open_run(id)? {
                    let what = if state == RunState::Held { "waits for a word" } else { "is under way" };
                    return Err(Error::Conflict(format!("run {run} of this source {what}: end it first")).into());
                }
                if tx.source(id)?.mapping != before {
                    return Err(Error::Conflict("this source was changed meanwhile; look again".into()).into());
                }
                if stored.mapping == before {
                    return Ok(());
                }
                tx.set_mapping(id, &stored.mapping)?;
                let fields: Vec<_> = stored.mapping.differing(&before).into_iter().map(Target::key).collect();
                let country = (stored.mapping.country != before.country).then_some(stored.mapping.country);
                tx.audit(
                    &AuditEvent::done(&ctx, &*random, "source.map", "source", id)
                        .with(json!({"fields": fields, "country": country})),
                )
            })
            .await?;
        Ok(changed)
    }

    /// What a mapping would give of the source's first entries. The connector is asked for
    /// them; nothing is stored, and nothing outside is changed.
    pub async fn preview_mapping(
        &self,
        ctx: &Context,
        name: &str,
        mapping: &Mapping,
        limit: usize,
    ) -> Result<MappingPreview> {
        ctx.require(Right::SourcesChange)?;
        let source = self.source_named(ctx, name).await?;
        let people = self.first_people(ctx, &Source { mapping: mapping.clone(), ..source }, limit).await?;
        let mut attributes = BTreeMap::new();
        for person in &people {
            for (name, value) in &person.attributes {
                // a value at the first sight of one; the name stands there in any case
                let known: &mut String = attributes.entry(name.clone()).or_default();
                if known.is_empty() {
                    *known = sample(value);
                }
            }
        }
        let attributes = attributes.into_iter().take(ATTRIBUTES).map(|(name, sample)| SeenAttribute { name, sample });
        let people = people.into_iter().map(|person| previewed(mapping, person));
        Ok(MappingPreview { people: people.collect(), attributes: attributes.collect() })
    }

    /// The first entries of a source that are people's.
    async fn first_people(&self, ctx: &Context, source: &Source, limit: usize) -> Result<Vec<SourcePerson>> {
        let id = source.id;
        let mut state = self.store.read(move |tx| tx.source_state(id)).await?;
        let (run, mut cursor, mut people) = (RunId::new(ctx.now, self.random()), None, Vec::new());
        for _ in 0..PAGES {
            let mut given = self.given(source, true).await?;
            // whoever writes a mapping sees what else there is
            let carried = given.grants.iter().filter_map(|granted| match granted {
                Permission::FieldRead(name) => Some(name.to_ascii_lowercase()),
                _ => None,
            });
            given.fields = Arc::new(given.fields.iter().cloned().chain(carried).collect());
            let call = SyncCall {
                run,
                connector: source.connector.clone(),
                given,
                mode: SyncMode::Full,
                checkpoint: None,
                cursor: cursor.clone(),
                state: state.clone(),
                photos: Photos::default(),
            };
            let answer = self.ports.directory.sync_page(call).await;
            self.note_call(&source.connector.plugin, answer.as_ref().err()).await?;
            let page = answer?;
            people.extend(page.events.into_iter().filter_map(|event| match event {
                DirectoryEvent::Person(person) => Some(person),
                _ => None,
            }));
            if !people.is_empty() || page.next.is_none() || page.next == cursor {
                break;
            }
            super::sync::read::overlay(&mut state, &page.state);
            cursor = page.next;
        }
        people.truncate(limit);
        Ok(people)
    }
}

fn previewed(mapping: &Mapping, person: SourcePerson) -> PreviewedPerson {
    let mapped = mapping.apply(&person);
    let position = person.position.unwrap_or(person.external_id);
    match mapped {
        Err(why) => PreviewedPerson { position, shown: Err(why), left_out: Vec::new() },
        Ok(mapped) => {
            let shown = Target::ALL.into_iter().map(|target| (target, target.shown(&mapped.profile)));
            let shown = shown.filter(|(_, text)| !text.is_empty()).collect();
            PreviewedPerson { position, shown: Ok(shown), left_out: mapped.left_out }
        }
    }
}

/// A value for people: of several, the first.
fn sample(value: &AttributeValue) -> String {
    let text = match value {
        AttributeValue::Text(text) => text.clone(),
        AttributeValue::Texts(texts) => texts.first().cloned().unwrap_or_default(),
        AttributeValue::Number(number) => number.to_string(),
        AttributeValue::Flag(flag) => flag.to_string(),
    };
    let visible = text.split_whitespace().collect::<Vec<_>>().join(" ");
    visible.chars().filter(|c| !c.is_control()).take(SAMPLE).collect()
}
