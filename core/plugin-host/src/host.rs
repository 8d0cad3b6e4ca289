//! The host: loads bundles and makes the port [`Directory`] real.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use estampe_domain::metric;
use estampe_domain::plugin::{ConnectorSpec, FailKind, Given, Page, PluginFailure, PluginInfo, Probe, SyncCall};
use estampe_domain::ports::Directory;
use wasmtime::Engine;

use crate::bundle;
use crate::cache::Cache;
use crate::call::{Call, Surroundings};
use crate::compiler::Compiler;
use crate::contract::Connector;
use crate::engine::{Ticker, engine};
use crate::files::Runs;
use crate::guests::Guests;
use crate::meter::{self, Peak};
use crate::settings::HostSettings;
use crate::text::clean;

/// Bundles that are looked at in one folder.
const MAX_BUNDLES: usize = 256;

/// Why the host could not start at all.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// wasmtime refused its configuration, mostly for want of address space.
    #[error("cannot set up the plugin engine: {0}")]
    Engine(String),
    /// No threads could be started.
    #[error("cannot start the threads of the plugin host: {0}")]
    Threads(#[from] std::io::Error),
}

/// A bundle or folder that could not be used. The others can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which.
    pub path: PathBuf,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

/// Runs plugins. Dropping it ends its threads once their calls have ended.
pub struct PluginHost {
    plugins: BTreeMap<String, Arc<Plugin>>,
    problems: Vec<Problem>,
    surroundings: Surroundings,
    guests: Guests,
}

struct Plugin {
    info: Arc<PluginInfo>,
    connector: Connector,
    peak: Peak,
}

impl PluginHost {
    /// Loads all bundles and starts the threads. It blocks, for a moment when all
    /// plugins are in the cache and for some seconds when they must be compiled.
    pub fn start(settings: HostSettings) -> Result<Self, HostError> {
        let HostSettings { bundles, cache, compiler, cache_key, protected, limits, clock, ldap, runtime } = settings;
        #[expect(clippy::cast_precision_loss, reason = "octets of memory, far below 2^52")]
        metrics::gauge!(metric::PLUGIN_MEMORY_LIMIT.name).set(limits.memory as f64);
        let engine = engine(&limits).map_err(|error| HostError::Engine(format!("{error:#}")))?;
        let guests = Guests::start(&limits, Ticker::start(engine.clone())?)?;
        let runs = Arc::new(Runs::new(protected));
        let surroundings = Surroundings { limits, clock, runs, ldap, sessions: Arc::default(), runtime };
        let mut host = Self { plugins: BTreeMap::new(), problems: Vec::new(), surroundings, guests };
        let compiler_path = compiler.clone();
        match Cache::open(cache, cache_key, Compiler::new(compiler, limits.compiling)) {
            Ok(cache) => host.load(&engine, &cache, &bundles),
            Err(message) => host.problem(&compiler_path, message),
        }
        Ok(host)
    }

    /// What could not be loaded.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    fn load(&mut self, engine: &Engine, cache: &Cache, folders: &[PathBuf]) {
        for folder in folders {
            match bundles_in(folder) {
                Ok(paths) => {
                    for path in paths {
                        if let Err(message) = self.load_bundle(engine, cache, &path) {
                            self.problem(&path, message);
                        }
                    }
                }
                Err(error) => self.problem(folder, format!("cannot read the folder: {error}")),
            }
        }
        // a bundle that cannot be read just now may still need its compiled code
        if self.problems.is_empty() {
            cache.prune();
        }
    }

    fn load_bundle(&mut self, engine: &Engine, cache: &Cache, path: &Path) -> Result<(), String> {
        let bundle = bundle::open(path)?;
        let id = bundle.info.id.clone();
        if self.plugins.contains_key(&id) {
            return Err(format!("the plugin {id:?} was loaded from another bundle already"));
        }
        let component = cache.component(engine, &bundle.component)?;
        let connector = Connector::link(engine, &component, bundle.contract)?;
        tracing::info!(plugin.id = id, plugin.version = bundle.info.version, "loaded a plugin");
        meter::loaded(&id);
        self.plugins.insert(id, Arc::new(Plugin { info: Arc::new(bundle.info), connector, peak: Peak::default() }));
        Ok(())
    }

    fn problem(&mut self, path: &Path, message: String) {
        self.problems.push(Problem { path: path.to_owned(), message });
    }

    fn plugin(&self, id: &str) -> Result<Arc<Plugin>, PluginFailure> {
        self.plugins.get(id).cloned().ok_or_else(|| {
            let there: Vec<_> = self.plugins.keys().map(String::as_str).collect();
            let message = format!(
                "the plugin {:?} is not installed; there are: {}",
                clean(id, 64),
                if there.is_empty() { "none".to_owned() } else { there.join(", ") }
            );
            PluginFailure::new(FailKind::NotFound, message)
        })
    }
}

/// The bundles in a folder, by name.
fn bundles_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "estampe") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.truncate(MAX_BUNDLES);
    Ok(paths)
}

#[async_trait]
impl Directory for PluginHost {
    fn plugins(&self) -> Vec<PluginInfo> {
        self.plugins.values().map(|plugin| (*plugin.info).clone()).collect()
    }

    async fn check(&self, connector: &ConnectorSpec, given: &Given) -> Result<Vec<Probe>, PluginFailure> {
        let plugin = self.plugin(&connector.plugin)?;
        let (connector, given, surroundings) = (connector.clone(), given.clone(), self.surroundings.clone());
        let (begun, called) = (Instant::now(), Arc::clone(&plugin));
        let work = move |cancelled| {
            let call = Call::new(
                &surroundings,
                connector,
                given,
                None,
                BTreeMap::new(),
                cancelled,
                plugin.peak.clone(),
                &plugin.info,
            );
            plugin.connector.check(call)
        };
        let outcome = self.guests.run(work).await;
        meter::called(&called.info.id, "check", begun, &called.peak, &outcome);
        outcome
    }

    async fn sync_page(&self, call: SyncCall) -> Result<Page, PluginFailure> {
        let plugin = self.plugin(&call.connector.plugin)?;
        let surroundings = self.surroundings.clone();
        let SyncCall { run, connector, given, mode, cursor, state } = call;
        let (begun, called) = (Instant::now(), Arc::clone(&plugin));
        let work = move |cancelled| {
            // a run keeps to the version of its files that it began with, through
            // failures and retries, until it ends or begins anew
            if cursor.is_none() {
                surroundings.forget(run);
            }
            let call = Call::new(
                &surroundings,
                connector,
                given,
                Some(run),
                state,
                cancelled,
                plugin.peak.clone(),
                &plugin.info,
            );
            let outcome = plugin.connector.sync_page(call, mode, cursor.as_ref());
            if matches!(&outcome, Ok(page) if page.next.is_none()) {
                surroundings.forget(run);
            }
            outcome
        };
        let outcome = self.guests.run(work).await;
        meter::called(&called.info.id, "sync-page", begun, &called.peak, &outcome);
        outcome
    }
}
