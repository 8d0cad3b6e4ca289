//! Plugins: what is installed, what may be called, and what a call may use.
//!
//! The store knows which version is in use; the host has it loaded. Before each call both
//! are compared, so that a change made by another node counts here too.

mod manage;
mod secrets;

use std::sync::Arc;

use estampe_domain::audit::AuditEvent;
use estampe_domain::bundle::{
    BundleFacts, BundleProblem, BundleRefusal, InstalledPlugin, InstalledVersion, PluginState, PluginUsage, Signature,
};
use estampe_domain::credential::Keeper;
use estampe_domain::plugin::{CallLog, FailKind, Given, PluginFailure};
use estampe_domain::source::{Source, SourceOverview};
use estampe_domain::{Actor, Context, Error, Result, Right};
use serde_json::json;

use self::secrets::SourceSecrets;
use crate::Service;

/// Calls that fail in a row by the plugin's own fault before it is paused.
pub const FAILURES_TO_PAUSE: u32 = 5;

/// An installed plugin and how it fares.
#[derive(Clone, Debug)]
pub struct PluginDetail {
    /// The plugin.
    pub plugin: InstalledPlugin,
    /// The sources that use it.
    pub sources: Vec<SourceOverview>,
    /// What it used since it was loaded; none when it is not.
    pub usage: Option<PluginUsage>,
}

/// Bundles that lie ready to be installed, and what is wrong with others.
#[derive(Debug, Default)]
pub struct OfferedPlugins {
    /// What they are.
    pub bundles: Vec<BundleFacts>,
    /// Where something is wrong, and what.
    pub problems: Vec<String>,
}

impl Service {
    /// Every installed plugin, by id.
    pub async fn plugins(&self, ctx: &Context) -> Result<Vec<InstalledPlugin>> {
        ctx.require(Right::PluginsRead)?;
        Ok(self.store.read(|tx| tx.installed_plugins()).await?)
    }

    /// One installed plugin.
    pub async fn plugin(&self, ctx: &Context, id: &str) -> Result<InstalledPlugin> {
        ctx.require(Right::PluginsRead)?;
        let id = id.to_owned();
        self.store.read(move |tx| tx.installed_plugin(&id)).await?.ok_or(Error::NotFound)
    }

    /// One installed plugin, the sources that use it with their last runs, and what it used
    /// since it was loaded.
    pub async fn plugin_detail(&self, ctx: &Context, id: &str) -> Result<PluginDetail> {
        let plugin = self.plugin(ctx, id).await?;
        let sources = self.sources(ctx).await?.into_iter().filter(|overview| overview.source.connector.plugin == id);
        Ok(PluginDetail { sources: sources.collect(), usage: self.ports.plugins.usage(id), plugin })
    }

    /// Bundles that lie ready in the folder of the configuration.
    pub async fn offered_plugins(&self, ctx: &Context) -> Result<OfferedPlugins> {
        ctx.require(Right::PluginsRead)?;
        let offered = self.ports.plugins.offered().await;
        let bundles = offered.bundles.into_iter().map(|(facts, _)| facts).collect();
        Ok(OfferedPlugins { bundles, problems: offered.problems })
    }

    /// Loads what is in use, at the start. What cannot be loaded is noted with the plugin;
    /// of the bundles that lie ready, newer versions of what is installed are taken in: a
    /// package of the appliance brings its own.
    pub async fn load_plugins(&self) -> Result<()> {
        let ctx = self.context(Actor::System, self.settings.default_locale);
        let offered = self.ports.plugins.offered().await;
        for problem in &offered.problems {
            tracing::warn!(plugin.problem = problem, "a bundle cannot be used");
        }
        let mut well = offered.problems.is_empty();
        for (facts, bundle) in offered.bundles {
            let (id, version) = (facts.info.id.clone(), facts.info.version.clone());
            let known = self.store.read(move |tx| tx.installed_plugin(&id)).await?;
            if known.is_some_and(|known| is_news(&version, &known)) {
                // what does not fit the contract does not take the place of what works
                let put = match self.proven(Arc::clone(&bundle)).await {
                    Ok(facts) => self.put_bundle(&ctx, facts, bundle).await.map(drop),
                    Err(error) => Err(error),
                };
                if let Err(error) = put {
                    tracing::warn!(plugin.id = facts.info.id, error.text = %error, "a newer version cannot be installed");
                }
            }
        }
        for plugin in self.store.read(|tx| tx.installed_plugins()).await? {
            if let (PluginState::Enabled, Some(current)) = (plugin.state, &plugin.current) {
                well &= self.make_ready(&plugin.id, current).await.is_ok();
            }
        }
        if well {
            self.ports.plugins.settled().await;
        }
        Ok(())
    }

    /// What a source's connector may use; fails when it may not be called at all.
    pub(crate) async fn given(&self, source: &Source, dry_run: bool) -> Result<Given> {
        Ok(self.given_after(source, dry_run).await?.0)
    }

    /// The same, and how often in a row the plugin failed before.
    pub(crate) async fn given_after(&self, source: &Source, dry_run: bool) -> Result<(Given, u32)> {
        let fields = Arc::new(source.mapping.attributes());
        let plugin = self.callable(&source.connector.plugin).await?;
        let source = source.id;
        let secrets = self.store.read(move |tx| tx.source_secrets(source)).await?;
        let keeper = Keeper::new(Arc::new(SourceSecrets {
            store: self.store.clone(),
            random: self.shared_random(),
            clock: Arc::clone(&self.ports.clock),
            source,
            ctx: self.context(Actor::System, self.settings.default_locale),
        }));
        let (grants, log) = (plugin.grants, CallLog::default());
        Ok((Given { grants, secrets, fields, dry_run, log, keeper }, plugin.failures))
    }

    /// A plugin that may be called, with its version in use loaded.
    pub(crate) async fn callable(&self, id: &str) -> Result<InstalledPlugin> {
        let wanted = id.to_owned();
        let plugin = self.store.read(move |tx| tx.installed_plugin(&wanted)).await?.ok_or_else(|| {
            PluginFailure::new(FailKind::NotFound, format!("the plugin {id} is not installed: estampe plugin install"))
        })?;
        let (id, denied) = (&plugin.id, |what: String| PluginFailure::new(FailKind::Denied, what));
        match plugin.state {
            PluginState::Enabled => {}
            PluginState::Disabled => {
                return Err(denied(format!("the plugin {id} is disabled: estampe plugin enable {id}")).into());
            }
            PluginState::Paused => {
                let problem = plugin.problem.as_deref().unwrap_or_default();
                let words =
                    format!("the plugin {id} is paused ({problem}); once that is mended: estampe plugin enable {id}");
                return Err(denied(words).into());
            }
        }
        let Some(current) = &plugin.current else {
            return Err(denied(format!("the plugin {id} waits for what it asks for: estampe plugin grant {id}")).into());
        };
        self.make_ready(id, current).await.map_err(|why| {
            PluginFailure::new(
                FailKind::Denied,
                format!("the plugin {id} {} cannot be used: {why}", current.info.version),
            )
        })?;
        Ok(plugin)
    }

    /// Sees to it that the host has this version loaded, and that its signature still counts.
    async fn make_ready(&self, id: &str, version: &InstalledVersion) -> Result<(), String> {
        if self.ports.plugins.active(id).as_deref() == Some(version.sha256.as_str()) {
            return Ok(());
        }
        let loaded = self.load(id, version).await;
        let problem = loaded.as_ref().err().cloned();
        if let Some(problem) = &problem {
            self.ports.plugins.deactivate(id);
            tracing::warn!(plugin.id = id, plugin.problem = problem, "a plugin cannot be used");
        }
        let id = id.to_owned();
        let noted = self
            .store
            .write(move |tx| match tx.installed_plugin(&id)? {
                Some(plugin) if plugin.problem != problem && plugin.state == PluginState::Enabled => {
                    tx.set_plugin_state(&id, PluginState::Enabled, problem.as_deref())
                }
                _ => Ok(()),
            })
            .await;
        if let Err(error) = noted {
            tracing::warn!(error.text = %error, "cannot note how a plugin fares");
        }
        loaded
    }

    async fn load(&self, id: &str, version: &InstalledVersion) -> Result<(), String> {
        let (stored, wanted) = (id.to_owned(), version.info.version.clone());
        let bundle = self.store.read(move |tx| tx.bundle(&stored, &wanted)).await.map_err(|error| error.to_string())?;
        let bundle: Arc<[u8]> = bundle.ok_or("its bundle is gone from the database")?.into();
        let facts = self.ports.plugins.inspect(Arc::clone(&bundle)).await?;
        if facts.sha256 != version.sha256 {
            return Err("its bundle was changed in the database".to_owned());
        }
        self.trusts(&facts.signature).map_err(|refusal| refusal.words)?;
        self.ports.plugins.activate(bundle).await?;
        Ok(())
    }

    /// Whether a bundle signed so may be used; the error says what would be right.
    fn trusts(&self, signature: &Signature) -> Result<(), BundleRefusal> {
        let (problem, words) = match signature {
            Signature::Trusted { .. } => return Ok(()),
            Signature::Revoked { key } => {
                let words = format!("it was signed with the key {key}, which is revoked");
                (BundleProblem::RevokedKey(key.clone()), words)
            }
            _ if self.settings.allow_unsigned_plugins => return Ok(()),
            Signature::Unknown { key } => {
                let words = format!(
                    "it was signed with the key {key}, which nobody here trusts; name the key in plugins.trusted_keys, \
                     or put its .pub into plugins.dir, and start the service again"
                );
                (BundleProblem::UnknownKey(key.clone()), words)
            }
            Signature::None => {
                let words = "it is not signed; have it signed, or set plugins.allow_unsigned to try it out";
                (BundleProblem::Unsigned, words.to_owned())
            }
        };
        Err(BundleRefusal { problem, words })
    }

    /// Notes how a call ended. A plugin that keeps failing by its own fault is paused.
    pub(crate) async fn note_call(&self, plugin: &str, failure: Option<&PluginFailure>) -> Result<()> {
        let Some(failure) = failure else {
            let id = plugin.to_owned();
            if self.store.read(move |tx| tx.plugin_failures(&id)).await? > 0 {
                let id = plugin.to_owned();
                self.store.write(move |tx| tx.forget_failures(&id)).await?;
            }
            return Ok(());
        };
        if !failure.is_own_fault() {
            return Ok(());
        }
        let ctx = self.context(Actor::System, self.settings.default_locale);
        let (id, random, kind) = (plugin.to_owned(), self.shared_random(), failure.kind);
        let paused = self
            .store
            .write(move |tx| {
                let enabled = tx.installed_plugin(&id)?.is_some_and(|plugin| plugin.state == PluginState::Enabled);
                if !enabled || tx.count_failure(&id)? < FAILURES_TO_PAUSE {
                    return Ok(false);
                }
                // not its words: those may hold a person's data, and stand sealed with the run
                let kind = kind.as_str();
                let problem = format!("{FAILURES_TO_PAUSE} failures in a row, the last: {kind}; its runs say more");
                tx.set_plugin_state(&id, PluginState::Paused, Some(&problem))?;
                tx.audit(&AuditEvent::done(&ctx, &*random, "plugin.pause", "plugin", id).with(json!({"kind": kind})))?;
                Ok(true)
            })
            .await?;
        if paused {
            tracing::warn!(plugin.id = plugin, "a plugin kept failing and was paused");
        }
        Ok(())
    }
}

/// Whether a version that lies ready is news: newer than what is installed, and not older than
/// or the same as what an administrator went back from.
fn is_news(version: &str, known: &InstalledPlugin) -> bool {
    let seen = [&known.current, &known.previous, &known.waiting].into_iter().flatten();
    known.newest().is_some() && seen.into_iter().all(|seen| is_newer(version, &seen.info.version))
}

/// Whether a version is newer than another, by Semantic Versioning (precedence alone).
pub fn is_newer(version: &str, than: &str) -> bool {
    match (semver::Version::parse(version), semver::Version::parse(than)) {
        (Ok(version), Ok(than)) => version.cmp_precedence(&than).is_gt(),
        _ => false,
    }
}
