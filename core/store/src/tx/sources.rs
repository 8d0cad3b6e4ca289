//! Sources, their checkpoints and their plugin's state.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use estampe_domain::mapping::{Country, Mapping};
use estampe_domain::plugin::ConnectorSpec;
use estampe_domain::run::RunState;
use estampe_domain::source::{Source, SourceOverview};
use estampe_domain::{RunId, SourceId, Ts};

use super::{Tx, id, json, to_json};
use crate::conn::per_backend;
use crate::error::{Result, StoreError};
use crate::schema::{person_identity, run, source, source_state};

type Row = (String, String, String, Option<String>, Option<i64>, i64);

fn read((source_id, name, connector, mapping, every, created_at): &Row) -> Result<Source> {
    Ok(Source {
        id: id(source_id, "source")?,
        name: name.clone(),
        connector: json(connector, "source")?,
        every_minutes: every.and_then(|minutes| u32::try_from(minutes).ok()),
        mapping: mapping.as_deref().map(|mapping| json(mapping, "source")).transpose()?.unwrap_or_default(),
        created_at: Ts::from_micros(*created_at),
    })
}

type Columns =
    (source::id, source::name, source::connector, source::mapping, source::every_minutes, source::created_at);
const COLUMNS: Columns =
    (source::id, source::name, source::connector, source::mapping, source::every_minutes, source::created_at);

/// The standard mapping is none, so that a source has it as it stands in each version.
fn stored(mapping: &Mapping) -> Result<Option<String>> {
    if mapping == Mapping::standard() { Ok(None) } else { to_json(mapping, "source").map(Some) }
}

impl Tx<'_> {
    /// Stores a source. Its purpose is the presentation of employees.
    pub fn insert_source(&mut self, new: &Source) -> Result<()> {
        let purpose = self.purpose_id("employee-cards")?;
        diesel::insert_into(source::table)
            .values((
                source::id.eq(new.id.to_string()),
                source::name.eq(&new.name),
                source::connector.eq(to_json(&new.connector, "source")?),
                source::mapping.eq(stored(&new.mapping)?),
                source::purpose_id.eq(purpose.to_string()),
                source::every_minutes.eq(new.every_minutes.map(i64::from)),
                source::created_at.eq(new.created_at.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The countries of telephone numbers, of each source that has one.
    pub fn countries(&mut self) -> Result<Vec<Country>> {
        let rows: Vec<Row> = source::table.select(COLUMNS).load(self.conn)?;
        let countries = rows.iter().map(|row| Ok(read(row)?.mapping.country));
        countries.filter_map(Result::transpose).collect()
    }

    /// The source of this name.
    pub fn source_by_name(&mut self, name: &str) -> Result<Option<Source>> {
        let row: Option<Row> =
            source::table.filter(source::name.eq(name)).select(COLUMNS).get_result(self.conn).optional()?;
        row.as_ref().map(read).transpose()
    }

    /// The source of this id.
    pub fn source(&mut self, source_id: SourceId) -> Result<Source> {
        let row: Row = source::table.find(source_id.to_string()).select(COLUMNS).get_result(self.conn)?;
        read(&row)
    }

    /// Waits for whoever changes this source or begins a run of it, and makes others wait
    /// until the transaction ends. On SQLite there is one writer anyway. Refused when the
    /// source ends.
    pub fn lock_source(&mut self, source: SourceId) -> Result<()> {
        if !self.hold_source(source)? {
            return Err(estampe_domain::Error::NotFound.into());
        }
        self.ensure_stays(source)
    }

    /// The same for what ends it; whether the source is still there.
    pub fn hold_source(&mut self, source: SourceId) -> Result<bool> {
        let found = diesel::update(source::table.find(source.to_string()))
            .set(source::name.eq(source::name))
            .execute(self.conn)?;
        Ok(found > 0)
    }

    /// Writes what a source's connector was given. What the plugin remembered of the one
    /// before counts no more: its next run is a full one, from an empty state.
    pub fn set_connector(&mut self, source: SourceId, connector: &ConnectorSpec) -> Result<()> {
        let id = source.to_string();
        diesel::update(source::table.find(&id))
            .set((
                source::connector.eq(to_json(connector, "source")?),
                source::checkpoint.eq(None::<Vec<u8>>),
                source::organisation.eq(None::<String>),
            ))
            .execute(self.conn)?;
        diesel::delete(source_state::table.filter(source_state::source_id.eq(&id))).execute(self.conn)?;
        Ok(())
    }

    /// Writes how a source's attributes become profiles. Everybody has to be mapped anew: its
    /// next run is a full one.
    pub fn set_mapping(&mut self, source: SourceId, mapping: &Mapping) -> Result<()> {
        diesel::update(source::table.find(source.to_string()))
            .set(source::mapping.eq(stored(mapping)?))
            .execute(self.conn)?;
        self.set_checkpoint(source, None)
    }

    /// The run of a source that is under way or waits for a word.
    pub fn open_run(&mut self, source: SourceId) -> Result<Option<(RunId, RunState)>> {
        let last: Option<(String, String)> = run::table
            .filter(run::source_id.eq(source.to_string()))
            .order(run::id.desc())
            .select((run::id, run::state))
            .first(self.conn)
            .optional()?;
        let Some((run_id, state)) = last else { return Ok(None) };
        let state = RunState::from_stored(&state).ok_or(StoreError::Unreadable("run"))?;
        Ok(state.is_open().then_some((id(&run_id, "run")?, state)))
    }

    /// Every source and how it fares, by name.
    pub fn source_overviews(&mut self) -> Result<Vec<SourceOverview>> {
        let rows: Vec<Row> = source::table.order(source::name).select(COLUMNS).load(self.conn)?;
        rows.iter()
            .map(|row| {
                let source = read(row)?;
                let people = self.known_active(source.id)?;
                let last: Option<(String, String, i64)> = run::table
                    .filter(run::source_id.eq(source.id.to_string()))
                    .order(run::id.desc())
                    .select((run::id, run::state, run::started_at))
                    .first(self.conn)
                    .optional()?;
                let last_run = last
                    .map(|(run_id, state, at)| {
                        let state = RunState::from_stored(&state).ok_or(StoreError::Unreadable("run"))?;
                        Ok::<(RunId, RunState, Ts), StoreError>((id(&run_id, "run")?, state, Ts::from_micros(at)))
                    })
                    .transpose()?;
                let ending = self.ending(source.id)?.map(|ending| ending.fate);
                let organisation = self.organisation(source.id)?;
                Ok(SourceOverview { source, people, last_run, ending, organisation })
            })
            .collect()
    }

    /// What a source's provider calls the organisation, as it last said.
    pub fn organisation(&mut self, source_id: SourceId) -> Result<Option<String>> {
        Ok(source::table.find(source_id.to_string()).select(source::organisation).get_result(self.conn)?)
    }

    /// Notes it.
    pub fn set_organisation(&mut self, source_id: SourceId, name: &str) -> Result<()> {
        diesel::update(source::table.find(source_id.to_string()))
            .set(source::organisation.eq(Some(name)))
            .execute(self.conn)?;
        Ok(())
    }

    /// People whom a source counts as active.
    pub fn known_active(&mut self, source: SourceId) -> Result<u64> {
        let people: i64 = person_identity::table
            .filter(person_identity::source_id.eq(source.to_string()))
            // as its index says it
            .filter(sql::<Bool>("active"))
            .count()
            .get_result(self.conn)?;
        Ok(super::count(people))
    }

    /// The plugin's durable state.
    pub fn source_state(&mut self, source: SourceId) -> Result<BTreeMap<String, Vec<u8>>> {
        let rows: Vec<(String, Vec<u8>)> = source_state::table
            .filter(source_state::source_id.eq(source.to_string()))
            .select((source_state::key, source_state::value))
            .load(self.conn)?;
        Ok(rows.into_iter().collect())
    }

    /// Writes one value of the plugin's durable state; `None` removes it.
    pub fn set_source_state(&mut self, source: SourceId, key: &str, value: Option<&[u8]>) -> Result<()> {
        let source = source.to_string();
        let Some(value) = value else {
            diesel::delete(source_state::table.find((source, key))).execute(self.conn)?;
            return Ok(());
        };
        let row = (source_state::source_id.eq(&source), source_state::key.eq(key), source_state::value.eq(value));
        per_backend!(self.conn, c => {
            diesel::insert_into(source_state::table)
                .values(row)
                .on_conflict((source_state::source_id, source_state::key))
                .do_update()
                .set(source_state::value.eq(value))
                .execute(c)?;
        });
        Ok(())
    }

    /// Where the next incremental run begins.
    pub fn checkpoint(&mut self, source_id: SourceId) -> Result<Option<Vec<u8>>> {
        Ok(source::table.find(source_id.to_string()).select(source::checkpoint).get_result(self.conn)?)
    }

    /// Notes where the next incremental run begins.
    pub fn set_checkpoint(&mut self, source_id: SourceId, checkpoint: Option<&[u8]>) -> Result<()> {
        diesel::update(source::table.find(source_id.to_string()))
            .set(source::checkpoint.eq(checkpoint))
            .execute(self.conn)?;
        Ok(())
    }

    /// Writes how often a source's runs begin by themselves; `None`: never.
    pub fn set_schedule(&mut self, source_id: SourceId, every_minutes: Option<u32>) -> Result<()> {
        diesel::update(source::table.find(source_id.to_string()))
            .set(source::every_minutes.eq(every_minutes.map(i64::from)))
            .execute(self.conn)?;
        Ok(())
    }

    /// Sources whose next run is due: nothing of them is under way or waits for a word, one run
    /// was applied before, and the last one began long enough ago.
    pub fn due_sources(&mut self, now: Ts) -> Result<Vec<Source>> {
        let rows: Vec<Row> = source::table
            .filter(source::every_minutes.is_not_null())
            .filter(diesel::dsl::exists(
                run::table.filter(run::source_id.eq(source::id)).filter(run::state.eq(RunState::Done.as_str())),
            ))
            .select(COLUMNS)
            .load(self.conn)?;
        let mut due = Vec::new();
        for row in &rows {
            let source = read(row)?;
            let Some(every) = source.every_minutes else { continue };
            let last: Option<(String, i64)> = run::table
                .filter(run::source_id.eq(source.id.to_string()))
                .order(run::id.desc())
                .select((run::state, run::started_at))
                .first(self.conn)
                .optional()?;
            let Some((state, started)) = last else { continue };
            let open = RunState::from_stored(&state).is_none_or(RunState::is_open);
            let is_time = Ts::from_micros(started).plus_seconds(i64::from(every) * 60) <= now;
            if !open && is_time && self.ending(source.id)?.is_none() {
                due.push(source);
            }
        }
        Ok(due)
    }
}
