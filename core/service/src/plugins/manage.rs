//! What an administrator does with plugins: install, grant, use, go back, switch, remove.
//!
//! A version whose asks are granted comes into use at once; one that asks for more waits,
//! and whatever was in use goes on running. Changes of this process go one after another.

use std::sync::Arc;

use estampe_domain::approval::Act;
use estampe_domain::audit::AuditEvent;
use estampe_domain::bundle::{BundleFacts, InstalledPlugin, InstalledVersion, PluginState, Signature};
use estampe_domain::permission::{Grants, Permission};
use estampe_domain::{Context, Error, Result, Right};
use estampe_store::Tx;
use serde_json::json;

use super::is_newer;
use crate::Service;

impl Service {
    /// Installs a plugin that is not there yet, from the octets of its bundle.
    pub async fn install_plugin(&self, ctx: &Context, bundle: Arc<[u8]>) -> Result<InstalledPlugin> {
        ctx.require(Right::PluginsChange)?;
        let facts = self.proven(Arc::clone(&bundle)).await?;
        self.first_install(ctx, facts, bundle).await
    }

    /// Installs a plugin that lies ready in the folder of the configuration.
    pub async fn install_offered(&self, ctx: &Context, id: &str) -> Result<InstalledPlugin> {
        let (facts, bundle) = self.offer(ctx, id).await?;
        self.first_install(ctx, facts, bundle).await
    }

    async fn first_install(&self, ctx: &Context, facts: BundleFacts, bundle: Arc<[u8]>) -> Result<InstalledPlugin> {
        let id = facts.info.id.clone();
        if let Some(known) = self.store.read(move |tx| tx.installed_plugin(&id)).await? {
            let version = known.newest().map_or("?", |newest| newest.info.version.as_str());
            let id = known.id.as_str();
            return Err(Error::Conflict(format!("{id} {version} is installed already: estampe plugin upgrade")));
        }
        self.put_bundle(ctx, facts, bundle).await
    }

    /// Installs a newer version of a plugin, from the octets of its bundle.
    pub async fn upgrade_plugin(&self, ctx: &Context, bundle: Arc<[u8]>) -> Result<InstalledPlugin> {
        ctx.require(Right::PluginsChange)?;
        let facts = self.proven(Arc::clone(&bundle)).await?;
        self.upgrade(ctx, facts, bundle).await
    }

    /// Installs a newer version that lies ready in the folder of the configuration.
    pub async fn upgrade_offered(&self, ctx: &Context, id: &str) -> Result<InstalledPlugin> {
        let (facts, bundle) = self.offer(ctx, id).await?;
        self.upgrade(ctx, facts, bundle).await
    }

    async fn upgrade(&self, ctx: &Context, facts: BundleFacts, bundle: Arc<[u8]>) -> Result<InstalledPlugin> {
        let id = facts.info.id.clone();
        let Some(known) = self.store.read(move |tx| tx.installed_plugin(&id)).await? else {
            return Err(Error::Conflict(format!("{} is not installed: estampe plugin install", facts.info.id)));
        };
        let (id, version) = (&known.id, facts.info.version.as_str());
        if let Some(newest) = known.newest() {
            let there = newest.info.version.as_str();
            // whoever writes a plugin tries one version again and again, unsigned
            let again = there == version && facts.signature == Signature::None && newest.sha256 != facts.sha256;
            if !is_newer(version, there) && !again {
                let words = format!(
                    "{id} {there} is installed, and {version} is not newer: whoever changes a plugin raises `version` \
                     in its plugin.toml; back to the version before goes estampe plugin rollback {id}"
                );
                return Err(Error::Conflict(words));
            }
        }
        self.put_bundle(ctx, facts, bundle).await
    }

    /// Installs a plugin from the octets of its bundle, or a newer version of one that is
    /// there: for whoever hands over a file and need not know which of the two it is.
    pub async fn bring_plugin(&self, ctx: &Context, bundle: Arc<[u8]>) -> Result<InstalledPlugin> {
        ctx.require(Right::PluginsChange)?;
        let facts = self.proven(Arc::clone(&bundle)).await?;
        let id = facts.info.id.clone();
        if self.store.read(move |tx| tx.installed_plugin(&id)).await?.is_some() {
            self.upgrade(ctx, facts, bundle).await
        } else {
            self.put_bundle(ctx, facts, bundle).await
        }
    }

    /// A bundle that fits the contract.
    pub(super) async fn proven(&self, bundle: Arc<[u8]>) -> Result<BundleFacts> {
        self.ports.plugins.prove(bundle).await.map_err(Error::Bundle)
    }

    /// The newest bundle of this plugin in the folder of the configuration.
    async fn offer(&self, ctx: &Context, id: &str) -> Result<(BundleFacts, Arc<[u8]>)> {
        ctx.require(Right::PluginsChange)?;
        let offered = self.ports.plugins.offered().await.bundles;
        let there: Vec<_> = offered.iter().map(|(facts, _)| facts.info.id.clone()).collect();
        let mut found: Option<(BundleFacts, Arc<[u8]>)> = None;
        for (facts, bundle) in offered.into_iter().filter(|(facts, _)| facts.info.id == id) {
            if found.as_ref().is_none_or(|(best, _)| is_newer(&facts.info.version, &best.info.version)) {
                found = Some((facts, bundle));
            }
        }
        let (_, bundle) = found.ok_or_else(|| {
            let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
            Error::invalid("plugin", format!("no bundle of \"{id}\" lies ready in plugins.dir; there are: {there}"))
        })?;
        Ok((self.proven(Arc::clone(&bundle)).await?, bundle))
    }

    /// Stores a version. It comes into use at once when it asks for nothing that was not granted
    /// or asked for before, and the key that signed the version in use signed it too.
    pub(super) async fn put_bundle(
        &self,
        ctx: &Context,
        facts: BundleFacts,
        bundle: Arc<[u8]>,
    ) -> Result<InstalledPlugin> {
        self.trusts(&facts.signature).map_err(Error::Bundle)?;
        let _one = self.plugin_changes.lock().await;
        let (event, random) = (*ctx, self.shared_random());
        let grants = ctx.may_all(Right::PluginsGrant);
        let plugin = self
            .store
            .write(move |tx| {
                let id = facts.info.id.as_str();
                let known = tx.installed_plugin(id)?;
                // what was asked for before and refused is no news
                let current = known.as_ref().and_then(|known| known.current.as_ref());
                let before: Grants =
                    current.iter().flat_map(|current| current.info.asked()).map(|asked| asked.permission).collect();
                let is_news = |asked: &Permission| {
                    !before.cover(asked) && known.as_ref().is_none_or(|known| !known.grants.cover(asked))
                };
                let waits_for_word = match current {
                    Some(current) => {
                        current.signature != facts.signature
                            || facts.info.asked().iter().any(|asked| is_news(&asked.permission))
                    }
                    None => facts.info.asked().iter().any(|asked| is_news(&asked.permission)),
                };
                // nobody vouches for it but who may grant
                let waits_for_word = waits_for_word || (facts.signature == Signature::None && !grants);
                let again = current.is_some_and(|current| current.info.version == facts.info.version);
                if again && waits_for_word {
                    // it would take the place of the one in use, which could not go on beside it
                    let version = &facts.info.version;
                    let words = format!(
                        "{id} {version} is in use and asks for less, or is signed by another key: give this one another version"
                    );
                    return Err(Error::Conflict(words).into());
                }
                tx.insert_version(&facts, &bundle)?;
                let operation = if known.is_some() { "plugin.upgrade" } else { "plugin.install" };
                let details = json!({
                    "version": facts.info.version, "sha256": facts.sha256, "signature": facts.signature,
                });
                tx.audit(&AuditEvent::done(&event, &*random, operation, "plugin", id).with(details))?;
                let version = |of: &Option<InstalledVersion>| of.as_ref().map(|v| v.info.version.clone());
                let (current, previous) =
                    known.as_ref().map(|known| (version(&known.current), version(&known.previous))).unwrap_or_default();
                // the same version again, or one that was gone back from, stands in one place alone
                let is_other = |version: &String| *version != facts.info.version;
                let (current, previous) = (current.filter(is_other), previous.filter(is_other));
                tx.set_versions(id, current.as_deref(), previous.as_deref(), Some(&facts.info.version))?;
                let plugin = found(tx, id)?;
                if waits_for_word { Ok(plugin) } else { promote(tx, &plugin) }
            })
            .await?;
        self.settle(&plugin).await;
        Ok(plugin)
    }

    /// Grants items and takes others back. An item is one that the plugin asks for, or
    /// narrower, or a network. A version that waited comes into use with the last of them.
    pub async fn grant_plugin(
        &self,
        ctx: &Context,
        id: &str,
        grant: Vec<Permission>,
        revoke: Vec<Permission>,
    ) -> Result<InstalledPlugin> {
        ctx.require(Right::PluginsGrant)?;
        ctx.require_recent()?;
        let known = self.plugin(ctx, id).await?;
        let versions = || [&known.current, &known.waiting].into_iter().flatten();
        let asked: Vec<_> = versions().flat_map(|version| version.info.asked()).map(|asked| asked.permission).collect();
        for item in &grant {
            if item.can_be_asked() && !asked.iter().any(|asked| asked.covers(item)) {
                return Err(Error::invalid("grant", format!("{id} does not ask for \"{item}\"")));
            }
        }
        if let Some(item) = revoke.iter().find(|item| known.grants.iter().all(|granted| granted != *item)) {
            return Err(Error::invalid("revoke", format!("\"{item}\" is not granted to {id}")));
        }
        let texts = |items: &[Permission]| items.iter().map(ToString::to_string).collect();
        let act = || Act::GrantPlugin { plugin: id.to_owned(), grant: texts(&grant), revoke: texts(&revoke) };
        self.second_look(ctx, act).await?;
        let _one = self.plugin_changes.lock().await;
        let (event, random, id) = (*ctx, self.shared_random(), id.to_owned());
        let plugin = self
            .store
            .write(move |tx| {
                found(tx, &id)?;
                for (operation, items) in [("plugin.grant", &grant), ("plugin.revoke", &revoke)] {
                    for item in items {
                        match operation {
                            "plugin.grant" => tx.grant(&id, item)?,
                            _ => {
                                tx.revoke(&id, item)?;
                            }
                        }
                        let details = json!({"permission": item});
                        tx.audit(&AuditEvent::done(&event, &*random, operation, "plugin", &id).with(details))?;
                    }
                }
                let plugin = found(tx, &id)?;
                // one that another key signed comes into use by name alone
                let granted = plugin.waiting.as_ref().is_some_and(|waiting| plugin.ungranted(waiting).is_empty());
                if granted && plugin.other_signer().is_none() { promote(tx, &plugin) } else { Ok(plugin) }
            })
            .await?;
        self.settle(&plugin).await;
        Ok(plugin)
    }

    /// Brings the version that waits into use, with no more than was granted.
    pub async fn use_plugin(&self, ctx: &Context, id: &str) -> Result<InstalledPlugin> {
        ctx.require(Right::PluginsGrant)?;
        ctx.require_recent()?;
        self.change(ctx, id, "plugin.use", |tx, plugin| match plugin.waiting {
            Some(_) => promote(tx, plugin),
            None => Err(Error::Conflict(format!("no version of {} waits", plugin.id)).into()),
        })
        .await
    }

    /// Withdraws the version that waits; else goes back to the version before.
    pub async fn rollback_plugin(&self, ctx: &Context, id: &str) -> Result<InstalledPlugin> {
        self.change(ctx, id, "plugin.rollback", |tx, plugin| {
            let (id, version) =
                (&plugin.id, |of: &Option<InstalledVersion>| of.as_ref().map(|v| v.info.version.clone()));
            let (current, previous) = (version(&plugin.current), version(&plugin.previous));
            if plugin.waiting.is_some() && current.is_some() {
                tx.set_versions(id, current.as_deref(), previous.as_deref(), None)?;
            } else if previous.is_some() {
                tx.set_versions(id, previous.as_deref(), current.as_deref(), None)?;
            } else {
                return Err(Error::Conflict(format!("there is no version of {id} to go back to")).into());
            }
            found(tx, id)
        })
        .await
    }

    /// Switches a plugin on or off. On ends a pause, too.
    pub async fn switch_plugin(&self, ctx: &Context, id: &str, on: bool) -> Result<InstalledPlugin> {
        let (operation, state) =
            if on { ("plugin.enable", PluginState::Enabled) } else { ("plugin.disable", PluginState::Disabled) };
        self.change(ctx, id, operation, move |tx, plugin| {
            tx.set_plugin_state(&plugin.id, state, None)?;
            found(tx, &plugin.id)
        })
        .await
    }

    /// Removes a plugin that no source uses, with all of its versions and grants.
    pub async fn remove_plugin(&self, ctx: &Context, id: &str) -> Result<()> {
        self.change(ctx, id, "plugin.remove", |tx, plugin| {
            let users: Vec<_> = tx.source_overviews()?.into_iter().map(|overview| overview.source).collect();
            let users = users.iter().filter(|source| source.connector.plugin == plugin.id);
            let users: Vec<_> = users.map(|source| format!("\"{}\"", source.name)).collect();
            if !users.is_empty() {
                let words = format!("the plugin {} is used by the source {}", plugin.id, users.join(", "));
                return Err(Error::Conflict(words).into());
            }
            tx.delete_plugin(&plugin.id)?;
            Ok(InstalledPlugin { current: None, ..plugin.clone() })
        })
        .await?;
        Ok(())
    }

    /// Changes one plugin, with its audit event, and lets the host follow.
    async fn change(
        &self,
        ctx: &Context,
        id: &str,
        operation: &'static str,
        work: impl Fn(&mut Tx<'_>, &InstalledPlugin) -> estampe_store::Result<InstalledPlugin> + Send + 'static,
    ) -> Result<InstalledPlugin> {
        ctx.require(Right::PluginsChange)?;
        let _one = self.plugin_changes.lock().await;
        let (event, random, id) = (*ctx, self.shared_random(), id.to_owned());
        let plugin = self
            .store
            .write(move |tx| {
                let known = found(tx, &id)?;
                let changed = work(tx, &known)?;
                let version = changed.current.as_ref().map(|current| &current.info.version);
                let details = json!({"version": version});
                tx.audit(&AuditEvent::done(&event, &*random, operation, "plugin", &id).with(details))?;
                Ok(changed)
            })
            .await?;
        self.settle(&plugin).await;
        Ok(plugin)
    }

    /// Lets the host have what the store says.
    async fn settle(&self, plugin: &InstalledPlugin) {
        match (plugin.state, &plugin.current) {
            // what cannot be loaded is noted with the plugin
            (PluginState::Enabled, Some(current)) => drop(self.make_ready(&plugin.id, current).await),
            _ => self.ports.plugins.deactivate(&plugin.id),
        }
    }
}

/// A plugin that has to be there.
fn found(tx: &mut Tx<'_>, id: &str) -> estampe_store::Result<InstalledPlugin> {
    tx.installed_plugin(id)?.ok_or_else(|| Error::NotFound.into())
}

/// The version that waits comes into use.
fn promote(tx: &mut Tx<'_>, plugin: &InstalledPlugin) -> estampe_store::Result<InstalledPlugin> {
    let version = |of: &Option<InstalledVersion>| of.as_ref().map(|v| v.info.version.clone());
    let (waiting, current, previous) = (version(&plugin.waiting), version(&plugin.current), version(&plugin.previous));
    let previous = current.or(previous.filter(|previous| Some(previous) != waiting.as_ref()));
    tx.set_versions(&plugin.id, waiting.as_deref(), previous.as_deref(), None)?;
    found(tx, &plugin.id)
}
