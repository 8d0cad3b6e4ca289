//! The host: loads bundles and makes the ports [`Plugins`], [`Directory`] and [`Signatures`]
//! real.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use async_trait::async_trait;
use estampe_domain::bundle::{BundleFacts, BundleProblem, BundleRefusal, PluginUsage};
use estampe_domain::credential::Secret;
use estampe_domain::group::GroupWrite;
use estampe_domain::ldap::examine::{Examination, Step, Tried};
use estampe_domain::ldap::sign_in::{LoginFound, Verdict};
use estampe_domain::manifest::PermissionCheck;
use estampe_domain::plugin::{
    AttributeValue, ConnectorSpec, FailKind, Given, MailSender, Page, PluginFailure, PluginInfo, Probe,
    ProviderOrganisation, SyncCall,
};
use estampe_domain::ports::{
    Directory, Mailboxes, Offered, Organisations, Plugins, Signatures, WriteBack, WriteGroups,
};
use estampe_domain::signature::{Signature, SignatureInput};
use estampe_domain::{Ts, metric};
use wasmtime::Engine;

use crate::budget::Cancelled;
use crate::bundle::{self, Bundle, Keys, MAX_BUNDLE};
use crate::cache::Cache;
use crate::call::{Call, Order, Surroundings};
use crate::compiler::Compiler;
use crate::contract::{Batch, Described, Linked};
use crate::engine::{Ticker, engine};
use crate::files::Runs;
use crate::guests::Guests;
use crate::ldap::OwnWay;
use crate::meter::{self, Peak};
use crate::quota::Quota;
use crate::settings::HostSettings;
use crate::standing::Standings;
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

/// Runs plugins. Dropping it ends its threads once their calls have ended.
pub struct PluginHost {
    plugins: RwLock<BTreeMap<String, Arc<Plugin>>>,
    loader: Arc<Loader>,
    surroundings: Surroundings,
    guests: Guests,
}

/// A plugin that can be called.
struct Plugin {
    info: Arc<PluginInfo>,
    sha256: String,
    linked: Linked,
    peak: Peak,
}

/// Reads bundles and makes plugins of them.
struct Loader {
    engine: Engine,
    cache: Cache,
    keys: Keys,
    folder: PathBuf,
}

impl PluginHost {
    /// Starts the threads; no plugin is loaded yet.
    pub fn start(settings: HostSettings) -> Result<Self, HostError> {
        let HostSettings { offered, keys, cache, compiler, cache_key, protected, limits, clock, egress, ldap, runtime } =
            settings;
        #[expect(clippy::cast_precision_loss, reason = "octets of memory, far below 2^52")]
        metrics::gauge!(metric::PLUGIN_MEMORY_LIMIT.name).set(limits.memory as f64);
        let engine = engine(&limits).map_err(|error| HostError::Engine(format!("{error:#}")))?;
        let guests = Guests::start(&limits, Ticker::start(engine.clone())?)?;
        let surroundings = Surroundings {
            limits,
            clock,
            runs: Arc::new(Runs::new(protected)),
            quota: Arc::new(Quota::of_machine(limits.machine_percent)),
            spending: Arc::default(),
            egress,
            ldap,
            sessions: Arc::default(),
            runtime,
        };
        let cache = Cache::open(cache, cache_key, Compiler::new(compiler, limits.compiling));
        let loader = Arc::new(Loader { engine, cache, keys, folder: offered });
        Ok(Self { plugins: RwLock::default(), loader, surroundings, guests })
    }

    /// What a connector says of itself. It is given nothing: a description needs nothing.
    pub async fn describe(&self, plugin: &str) -> Result<Described, PluginFailure> {
        let plugin = self.plugin(plugin)?;
        let surroundings = self.surroundings.clone();
        let work = move |cancelled| {
            let id = plugin.info.id.clone();
            let connector = ConnectorSpec { plugin: id, config: BTreeMap::new(), inputs: BTreeMap::new() };
            let order = Order::alone(connector, Given::default());
            let call = Call::new(&surroundings, order, cancelled, plugin.peak.clone(), &plugin.info);
            plugin.linked.describe(call)
        };
        self.guests.run(work).await
    }

    fn plugin(&self, id: &str) -> Result<Arc<Plugin>, PluginFailure> {
        let plugins = self.plugins.read().unwrap_or_else(PoisonError::into_inner);
        plugins.get(id).cloned().ok_or_else(|| {
            let there: Vec<_> = plugins.keys().map(String::as_str).collect();
            let message = format!(
                "the plugin {:?} is not in use; there are: {}",
                clean(id, 64),
                if there.is_empty() { "none".to_owned() } else { there.join(", ") }
            );
            PluginFailure::new(FailKind::NotFound, message)
        })
    }

    /// Calls a connector outside of any run.
    async fn called<T: Send + 'static>(
        &self,
        name: &'static str,
        connector: &ConnectorSpec,
        given: &Given,
        work: impl FnOnce(&Linked, Call) -> Result<T, PluginFailure> + Send + 'static,
    ) -> Result<T, PluginFailure> {
        let plugin = self.plugin(&connector.plugin)?;
        let (order, surroundings) = (Order::alone(connector.clone(), given.clone()), self.surroundings.clone());
        let (begun, called) = (Instant::now(), Arc::clone(&plugin));
        let work = move |cancelled| {
            let call = Call::new(&surroundings, order, cancelled, plugin.peak.clone(), &plugin.info);
            work(&plugin.linked, call)
        };
        let outcome = self.guests.run(work).await;
        meter::called(&called.info.id, name, begun, &called.peak, &outcome);
        outcome
    }

    /// The host's own way into a source's directory.
    fn way(&self, connector: &ConnectorSpec, given: &Given) -> Result<OwnWay, PluginFailure> {
        let plugin = self.plugin(&connector.plugin)?;
        OwnWay::new(Arc::clone(&self.surroundings.ldap), &plugin.info, connector, given)
    }

    /// The credentials of a source, to look at what they allow.
    fn standings(&self, connector: &ConnectorSpec, given: &Given) -> Result<Standings, PluginFailure> {
        let plugin = self.plugin(&connector.plugin)?;
        Ok(Standings::new(Arc::clone(&self.surroundings.egress), &plugin.info, connector, given))
    }

    /// Does what takes a moment, away from the threads that answer.
    async fn aside<T: Send + 'static>(&self, work: impl FnOnce(&Loader) -> T + Send + 'static) -> Result<T, String> {
        let loader = Arc::clone(&self.loader);
        tokio::task::spawn_blocking(move || work(&loader))
            .await
            .map_err(|_| "it could not be looked at: the plugin host failed; see the server's log".to_owned())
    }
}

impl Loader {
    fn load(&self, octets: &[u8]) -> Result<(BundleFacts, Linked), BundleRefusal> {
        let unfit = |words: String| BundleRefusal::new(BundleProblem::Component, words);
        let Bundle { facts, contract, component } = bundle::read(octets, &self.keys)?;
        self.cache
            .ready()
            .map_err(|why| BundleRefusal::new(BundleProblem::Host, format!("it cannot be compiled: {why}")))?;
        let component = self.cache.component(&self.engine, &component).map_err(unfit)?;
        let linked = Linked::link(&self.engine, &component, contract, &facts.info).map_err(unfit)?;
        Ok((facts, linked))
    }

    fn offered(&self) -> Offered {
        offered(&self.folder, &self.keys)
    }
}

/// The bundles that lie ready in a folder, and what is wrong with others.
pub(crate) fn offered(folder: &Path, keys: &Keys) -> Offered {
    let mut offered = Offered::default();
    let paths = match bundles_in(folder) {
        Ok(paths) => paths,
        Err(error) => {
            offered.problems.push(format!("{}: cannot read the folder: {error}", folder.display()));
            return offered;
        }
    };
    for path in paths {
        let read = octets(&path).and_then(|octets| match bundle::read(&octets, keys) {
            Ok(bundle) => Ok((bundle.facts, octets.into())),
            Err(refusal) => Err(refusal.words),
        });
        match read {
            Ok(bundle) => offered.bundles.push(bundle),
            Err(why) => offered.problems.push(format!("{}: {why}", path.display())),
        }
    }
    offered
}

#[async_trait]
impl Plugins for PluginHost {
    async fn inspect(&self, bundle: Arc<[u8]>) -> Result<BundleFacts, String> {
        let read = self.aside(move |loader| bundle::read(&bundle, &loader.keys)).await?;
        read.map(|bundle| bundle.facts).map_err(|refusal| refusal.words)
    }

    async fn prove(&self, bundle: Arc<[u8]>) -> Result<BundleFacts, BundleRefusal> {
        let loaded = self.aside(move |loader| loader.load(&bundle)).await;
        Ok(loaded.map_err(|words| BundleRefusal::new(BundleProblem::Host, words))??.0)
    }

    async fn activate(&self, bundle: Arc<[u8]>) -> Result<BundleFacts, String> {
        let (facts, linked) = self.aside(move |loader| loader.load(&bundle)).await?.map_err(|refusal| refusal.words)?;
        let id = facts.info.id.clone();
        tracing::info!(plugin.id = id, plugin.version = facts.info.version, "loaded a plugin");
        meter::loaded(&id, facts.info.kind);
        let plugin =
            Plugin { info: Arc::new(facts.info.clone()), sha256: facts.sha256.clone(), linked, peak: Peak::default() };
        self.plugins.write().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::new(plugin));
        Ok(facts)
    }

    fn active(&self, plugin: &str) -> Option<String> {
        let plugins = self.plugins.read().unwrap_or_else(PoisonError::into_inner);
        plugins.get(plugin).map(|plugin| plugin.sha256.clone())
    }

    fn usage(&self, plugin: &str) -> Option<PluginUsage> {
        let plugins = self.plugins.read().unwrap_or_else(PoisonError::into_inner);
        plugins.get(plugin).map(|plugin| plugin.peak.usage())
    }

    fn deactivate(&self, plugin: &str) {
        self.plugins.write().unwrap_or_else(PoisonError::into_inner).remove(plugin);
    }

    async fn offered(&self) -> Offered {
        let offered = self.aside(Loader::offered).await;
        offered.unwrap_or_else(|why| Offered { bundles: Vec::new(), problems: vec![why] })
    }

    async fn settled(&self) {
        let pruned = self.aside(|loader| loader.cache.prune()).await;
        // what stays costs space and nothing else
        let _ = pruned;
    }
}

/// A bundle's octets.
fn octets(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| format!("cannot open it: {error}"))?;
    let facts = file.metadata().map_err(|error| format!("cannot look at it: {error}"))?;
    if !facts.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut octets = Vec::new();
    file.take(MAX_BUNDLE + 1).read_to_end(&mut octets).map_err(|error| format!("cannot read it: {error}"))?;
    Ok(octets)
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
        let plugins = self.plugins.read().unwrap_or_else(PoisonError::into_inner);
        plugins.values().map(|plugin| (*plugin.info).clone()).collect()
    }

    async fn check(&self, connector: &ConnectorSpec, given: &Given) -> Result<Vec<Probe>, PluginFailure> {
        self.standings(connector, given)?.renew().await;
        self.called("check", connector, given, Linked::check).await
    }

    async fn check_permissions(
        &self,
        connector: &ConnectorSpec,
        given: &Given,
    ) -> Result<PermissionCheck, PluginFailure> {
        let probes = self.check(connector, given).await?;
        Ok(PermissionCheck { probes, standings: self.standings(connector, given)?.look().await })
    }

    async fn give_back(&self, connector: &ConnectorSpec, given: &Given) {
        if let Ok(standings) = self.standings(connector, given) {
            standings.give_back().await;
        }
    }

    async fn sync_page(&self, call: SyncCall) -> Result<Page, PluginFailure> {
        let plugin = self.plugin(&call.connector.plugin)?;
        let surroundings = self.surroundings.clone();
        let SyncCall { run, connector, given, mode, cursor, checkpoint, state, photos } = call;
        let (begun, called) = (Instant::now(), Arc::clone(&plugin));
        let work = move |cancelled| {
            // a run keeps to the version of its files that it began with, through
            // failures and retries, until it ends or begins anew
            if cursor.is_none() {
                surroundings.begin(run);
            }
            surroundings.spending.page(run, &surroundings.limits)?;
            let order = Order { connector, given, run: Some(run), state, checkpoint, photos };
            let call = Call::new(&surroundings, order, cancelled, plugin.peak.clone(), &plugin.info);
            let outcome = plugin.linked.sync_page(call, mode, cursor.as_ref());
            if matches!(&outcome, Ok(page) if page.next.is_none()) {
                surroundings.forget(run);
            }
            outcome
        };
        let outcome = self.guests.run(work).await;
        meter::called(&called.info.id, "sync-page", begun, &called.peak, &outcome);
        outcome
    }

    async fn find_login(
        &self,
        connector: &ConnectorSpec,
        given: &Given,
        login: &str,
        now: Ts,
    ) -> Result<LoginFound, PluginFailure> {
        self.way(connector, given)?.find_login(login, now).await
    }

    async fn bind_login(
        &self,
        connector: &ConnectorSpec,
        given: &Given,
        dn: Option<&str>,
        password: &Secret,
    ) -> Result<Verdict, PluginFailure> {
        self.way(connector, given)?.bind_login(dn, password).await
    }

    async fn examine(&self, connector: &ConnectorSpec, given: &Given) -> Option<Examination> {
        self.plugin(&connector.plugin).ok()?.info.asks.ldap.as_ref()?;
        Some(match self.way(connector, given) {
            Ok(way) => way.examine().await,
            Err(failure) => {
                Examination { servers: Vec::new(), tried: vec![Tried::failed(Step::Configuration, failure.message)] }
            }
        })
    }
}

#[async_trait]
impl Mailboxes for PluginHost {
    async fn read_signatures(
        &self,
        connector: &ConnectorSpec,
        given: &Given,
        mailbox: &str,
    ) -> Result<Vec<MailSender>, PluginFailure> {
        let mailbox = mailbox.to_owned();
        let work = move |linked: &Linked, call| linked.read_signatures(call, &mailbox);
        self.called("read-signatures", connector, given, work).await
    }

    async fn push_signature(
        &self,
        connector: &ConnectorSpec,
        given: &Given,
        mailbox: &str,
        address: &str,
        signature: &str,
    ) -> Result<String, PluginFailure> {
        let [mailbox, address, signature] = [mailbox, address, signature].map(str::to_owned);
        let work = move |linked: &Linked, call| linked.push_signature(call, &mailbox, &address, &signature);
        self.called("push-signature", connector, given, work).await
    }
}

#[async_trait]
impl WriteBack for PluginHost {
    async fn read_person(
        &self,
        connector: &ConnectorSpec,
        given: &Given,
        id: &str,
        fields: &BTreeSet<String>,
    ) -> Result<Vec<(String, AttributeValue)>, PluginFailure> {
        let (id, fields) = (id.to_owned(), fields.clone());
        let work = move |linked: &Linked, call| linked.read_person(call, &id, &fields);
        self.called("read-person", connector, given, work).await
    }

    async fn write_person(
        &self,
        connector: &ConnectorSpec,
        given: &Given,
        id: &str,
        changes: &BTreeMap<String, Vec<String>>,
    ) -> Result<Vec<(String, AttributeValue)>, PluginFailure> {
        let (id, changes) = (id.to_owned(), changes.clone());
        let work = move |linked: &Linked, call| linked.write_person(call, &id, changes);
        self.called("write-person", connector, given, work).await
    }
}

#[async_trait]
impl WriteGroups for PluginHost {
    async fn write_group(
        &self,
        connector: &ConnectorSpec,
        given: &Given,
        write: &GroupWrite,
    ) -> Result<Option<String>, PluginFailure> {
        let write = write.clone();
        let work = move |linked: &Linked, call| linked.write_group(call, &write);
        self.called("write-group", connector, given, work).await
    }
}

#[async_trait]
impl Organisations for PluginHost {
    async fn about(&self, connector: &ConnectorSpec, given: &Given) -> Result<ProviderOrganisation, PluginFailure> {
        self.called("about", connector, given, Linked::about).await
    }

    async fn administers(&self, connector: &ConnectorSpec, given: &Given, user: &str) -> Result<bool, PluginFailure> {
        let user = user.to_owned();
        self.called("roles-of", connector, given, move |linked, call| linked.administers(call, &user)).await
    }
}

#[async_trait]
impl Signatures for PluginHost {
    async fn render(
        &self,
        template: &ConnectorSpec,
        given: &Given,
        batch: Vec<SignatureInput>,
    ) -> Result<Vec<Result<Signature, PluginFailure>>, PluginFailure> {
        let plugin = self.plugin(&template.plugin)?;
        let (template, given, surroundings) = (template.clone(), given.clone(), self.surroundings.clone());
        let work = move |cancelled: Cancelled| {
            let note = |begun, outcome: &_| meter::called(&plugin.info.id, "render", begun, &plugin.peak, outcome);
            let limits = surroundings.limits.of(&plugin.info, &given.grants);
            let batch = Batch::new(&batch, &limits, cancelled.clone(), &note);
            let call = || {
                let (connector, given) = (template.clone(), given.clone());
                let order = Order::alone(connector, given);
                Call::new(&surroundings, order, cancelled.clone(), plugin.peak.clone(), &plugin.info)
            };
            plugin.linked.render(&batch, call)
        };
        self.guests.run(work).await
    }
}
