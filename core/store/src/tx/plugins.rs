//! Installed plugins, their versions and what was granted to them.

use std::collections::BTreeMap;

use diesel::prelude::*;
use estampe_domain::Ts;
use estampe_domain::bundle::{BundleFacts, InstalledPlugin, InstalledVersion, PluginState};
use estampe_domain::permission::{Grants, Permission};

use super::{Tx, json, to_json};
use crate::error::{Result, StoreError};
use crate::schema::{plugin, plugin_grant, plugin_version};

/// A plugin's row: state, the three versions, failures, problem.
#[derive(Queryable, Selectable)]
#[diesel(table_name = plugin)]
struct Row {
    id: String,
    state: String,
    current_version: Option<String>,
    previous_version: Option<String>,
    waiting_version: Option<String>,
    failures: i64,
    problem: Option<String>,
}

impl Tx<'_> {
    /// Every installed plugin, by id.
    pub fn installed_plugins(&mut self) -> Result<Vec<InstalledPlugin>> {
        let rows: Vec<Row> = plugin::table.order(plugin::id).select(Row::as_select()).load(self.conn)?;
        rows.into_iter().map(|row| self.installed(row)).collect()
    }

    /// One installed plugin.
    pub fn installed_plugin(&mut self, id: &str) -> Result<Option<InstalledPlugin>> {
        let row: Option<Row> = plugin::table.find(id).select(Row::as_select()).get_result(self.conn).optional()?;
        row.map(|row| self.installed(row)).transpose()
    }

    fn installed(&mut self, row: Row) -> Result<InstalledPlugin> {
        let mut versions: BTreeMap<String, InstalledVersion> = self.versions(&row.id)?;
        let mut version = |name: Option<String>| -> Result<Option<InstalledVersion>> {
            let Some(name) = name else { return Ok(None) };
            versions.remove(&name).map(Some).ok_or(StoreError::Unreadable("plugin_version"))
        };
        Ok(InstalledPlugin {
            state: PluginState::from_stored(&row.state).ok_or(StoreError::Unreadable("plugin"))?,
            current: version(row.current_version)?,
            previous: version(row.previous_version)?,
            waiting: version(row.waiting_version)?,
            grants: self.grants(&row.id)?,
            failures: u32::try_from(row.failures).unwrap_or(u32::MAX),
            problem: row.problem,
            id: row.id,
        })
    }

    fn versions(&mut self, id: &str) -> Result<BTreeMap<String, InstalledVersion>> {
        let rows: Vec<(String, String, String, String, i64)> = plugin_version::table
            .filter(plugin_version::plugin_id.eq(id))
            .select((
                plugin_version::version,
                plugin_version::info,
                plugin_version::sha256,
                plugin_version::signature,
                plugin_version::installed_at,
            ))
            .load(self.conn)?;
        rows.into_iter()
            .map(|(version, info, sha256, signature, at)| {
                let (info, signature) = (json(&info, "plugin_version")?, json(&signature, "plugin_version")?);
                Ok((version, InstalledVersion { info, sha256, signature, installed_at: Ts::from_micros(at) }))
            })
            .collect()
    }

    /// What was granted to a plugin.
    pub fn grants(&mut self, id: &str) -> Result<Grants> {
        let rows: Vec<String> = plugin_grant::table
            .filter(plugin_grant::plugin_id.eq(id))
            .select(plugin_grant::permission)
            .load(self.conn)?;
        rows.iter().map(|item| item.parse().map_err(|_| StoreError::Unreadable("plugin_grant"))).collect()
    }

    /// The bundle of a version, with the key that signed it.
    pub fn bundle(&mut self, id: &str, version: &str) -> Result<Option<Vec<u8>>> {
        let bundle = plugin_version::table.find((id, version)).select(plugin_version::bundle);
        Ok(bundle.get_result(self.conn).optional()?)
    }

    /// Stores a version of a plugin, in place of the same version when that is there, and
    /// the plugin when it is new: enabled, with no version in use and nothing granted.
    pub fn insert_version(&mut self, facts: &BundleFacts, bundle: &[u8]) -> Result<()> {
        let (id, now) = (facts.info.id.as_str(), self.now().as_micros());
        let known: i64 = plugin::table.filter(plugin::id.eq(id)).count().get_result(self.conn)?;
        if known == 0 {
            diesel::insert_into(plugin::table)
                .values((
                    plugin::id.eq(id),
                    plugin::state.eq(PluginState::Enabled.as_str()),
                    plugin::failures.eq(0),
                    plugin::changed_at.eq(now),
                ))
                .execute(self.conn)?;
        }
        diesel::delete(plugin_version::table.find((id, facts.info.version.as_str()))).execute(self.conn)?;
        diesel::insert_into(plugin_version::table)
            .values((
                plugin_version::plugin_id.eq(id),
                plugin_version::version.eq(&facts.info.version),
                plugin_version::info.eq(to_json(&facts.info, "plugin_version")?),
                plugin_version::sha256.eq(&facts.sha256),
                plugin_version::signature.eq(to_json(&facts.signature, "plugin_version")?),
                plugin_version::bundle.eq(bundle),
                plugin_version::installed_at.eq(now),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Says which version is in use, which was before, and which waits; forgets the others.
    pub fn set_versions(
        &mut self,
        id: &str,
        current: Option<&str>,
        previous: Option<&str>,
        waiting: Option<&str>,
    ) -> Result<()> {
        diesel::update(plugin::table.find(id))
            .set((
                plugin::current_version.eq(current),
                plugin::previous_version.eq(previous),
                plugin::waiting_version.eq(waiting),
                plugin::failures.eq(0),
                plugin::problem.eq(None::<String>),
                plugin::changed_at.eq(self.clock.now().as_micros()),
            ))
            .execute(self.conn)?;
        let kept: Vec<&str> = [current, previous, waiting].into_iter().flatten().collect();
        diesel::delete(plugin_version::table)
            .filter(plugin_version::plugin_id.eq(id))
            .filter(plugin_version::version.ne_all(kept))
            .execute(self.conn)?;
        Ok(())
    }

    /// Enables, disables or pauses a plugin; what it counted begins anew.
    pub fn set_plugin_state(&mut self, id: &str, state: PluginState, problem: Option<&str>) -> Result<()> {
        diesel::update(plugin::table.find(id))
            .set((
                plugin::state.eq(state.as_str()),
                plugin::failures.eq(0),
                plugin::problem.eq(problem),
                plugin::changed_at.eq(self.clock.now().as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Counts a call that failed by the plugin's own fault, and gives how many did in a row.
    pub fn count_failure(&mut self, id: &str) -> Result<u32> {
        diesel::update(plugin::table.find(id)).set(plugin::failures.eq(plugin::failures + 1)).execute(self.conn)?;
        self.plugin_failures(id)
    }

    /// How often in a row a plugin failed.
    pub fn plugin_failures(&mut self, id: &str) -> Result<u32> {
        let failures: Option<i64> = plugin::table.find(id).select(plugin::failures).get_result(self.conn).optional()?;
        Ok(u32::try_from(failures.unwrap_or(0)).unwrap_or(u32::MAX))
    }

    /// Notes that a call went well.
    pub fn forget_failures(&mut self, id: &str) -> Result<()> {
        diesel::update(plugin::table.find(id)).set(plugin::failures.eq(0)).execute(self.conn)?;
        Ok(())
    }

    /// Grants an item.
    pub fn grant(&mut self, id: &str, item: &Permission) -> Result<()> {
        self.revoke(id, item)?;
        diesel::insert_into(plugin_grant::table)
            .values((
                plugin_grant::plugin_id.eq(id),
                plugin_grant::permission.eq(item.to_string()),
                plugin_grant::granted_at.eq(self.now().as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Takes an item back; whether it had been granted.
    pub fn revoke(&mut self, id: &str, item: &Permission) -> Result<bool> {
        let found = plugin_grant::table.find((id, item.to_string()));
        Ok(diesel::delete(found).execute(self.conn)? > 0)
    }

    /// Forgets a plugin and all that belongs to it.
    pub fn delete_plugin(&mut self, id: &str) -> Result<()> {
        diesel::delete(plugin_grant::table.filter(plugin_grant::plugin_id.eq(id))).execute(self.conn)?;
        diesel::delete(plugin_version::table.filter(plugin_version::plugin_id.eq(id))).execute(self.conn)?;
        diesel::delete(plugin::table.find(id)).execute(self.conn)?;
        Ok(())
    }
}
