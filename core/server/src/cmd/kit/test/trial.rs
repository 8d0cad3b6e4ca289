//! A bundle with what it is tried with, and hosts that run it as production does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use estampe_adapters::{SystemClock, SystemRandom};
use estampe_domain::RunId;
use estampe_domain::bundle::BundleFacts;
use estampe_domain::credential::{Keeper, Secret, Secrets};
use estampe_domain::plugin::{
    AttributeValue, CallLog, ConnectorSpec, Cursor, DirectoryEvent, FailKind, Given, Page, Photos, PluginFailure,
    SyncCall, SyncMode,
};
use estampe_domain::ports::{Clock, Directory, HttpEgress, Plugins, Random};
use estampe_plugin_host::{HostSettings, Keys, Limits, PluginHost};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::egress::{NoDirectory, Scripted};
use crate::cli::TestPlugin;

/// Pages after which a run counts as endless.
const MAX_PAGES: usize = 100_000;

/// See the module.
pub struct Trial {
    octets: Arc<[u8]>,
    folder: TempDir,
    compiler: std::path::PathBuf,
    cache_key: [u8; 32],
    /// What other sides answer.
    pub egress: Arc<Scripted>,
    /// The plugin, its configuration and its files.
    pub spec: ConnectorSpec,
    secrets: Secrets,
    /// What the manifest says.
    pub facts: BundleFacts,
    /// Everything that it writes to its log.
    pub log: CallLog,
    run: RunId,
}

/// One page of a run, and where it began.
pub struct Turn {
    from: Option<Cursor>,
    state: BTreeMap<String, Vec<u8>>,
    /// Of all that the page says.
    fingerprint: [u8; 32],
    /// How long it took.
    pub took: Duration,
}

/// A run to its end.
#[derive(Default)]
pub struct Run {
    /// Its pages.
    pub turns: Vec<Turn>,
    /// People that it named.
    pub people: usize,
    /// Those of an identity that it had named before.
    pub again: usize,
    /// Entries that it refused.
    pub rejected: usize,
    /// The identities.
    identities: BTreeSet<String>,
    /// Names of attributes that it delivered.
    pub attributes: BTreeSet<String>,
    /// Texts of people that no log may hold.
    pub values: BTreeSet<String>,
}

impl Trial {
    /// Reads the bundle and holds what it is given to its manifest.
    pub async fn prepare(test: &TestPlugin) -> Result<Self, String> {
        let bundle = &test.bundle;
        let octets = std::fs::read(bundle).map_err(|error| format!("{}: {error}", bundle.display()))?;
        let compiler = match &test.compiler {
            Some(compiler) => compiler.clone(),
            None => std::env::current_exe()
                .map_err(|error| format!("{error}; name the program estampe-compile with --compiler"))?
                .with_file_name("estampe-compile"),
        };
        if !compiler.is_file() {
            return Err(format!(
                "{}: there is no such program; name estampe-compile with --compiler",
                compiler.display()
            ));
        }
        let folder = tempfile::tempdir().map_err(|error| format!("a folder for what is compiled: {error}"))?;
        let mut cache_key = [0; 32];
        SystemRandom.fill(&mut cache_key);
        let egress = Arc::new(Scripted::read(test.http_fixture.as_deref())?);
        let settings = settings(folder.path(), &compiler, cache_key, Arc::clone(&egress) as _, Limits::default());
        let host = PluginHost::start(settings).map_err(|error| error.to_string())?;
        let octets: Arc<[u8]> = octets.into();
        let facts = host.inspect(Arc::clone(&octets)).await.map_err(|why| format!("{}: {why}", bundle.display()))?;
        let (spec, secrets) = configured(test, &facts)?;
        let run = RunId::new(SystemClock.now(), &SystemRandom);
        Ok(Self { octets, folder, compiler, cache_key, egress, spec, secrets, facts, log: CallLog::default(), run })
    }

    /// A host in which nothing happened yet, with the plugin in use.
    pub async fn host(&self, threads: usize) -> Result<PluginHost, String> {
        let limits = Limits { threads, ..Limits::default() };
        let egress: Arc<dyn HttpEgress> = Arc::clone(&self.egress) as _;
        let settings = settings(self.folder.path(), &self.compiler, self.cache_key, egress, limits);
        let host = PluginHost::start(settings).map_err(|error| error.to_string())?;
        host.activate(Arc::clone(&self.octets)).await?;
        Ok(host)
    }

    /// All that it asks for, granted.
    pub fn given(&self) -> Given {
        let fields = self.facts.info.asks.fields.read.iter().map(|name| name.to_ascii_lowercase());
        let asked = self.facts.info.asked().into_iter().map(|asked| asked.permission);
        Given {
            grants: asked.collect(),
            secrets: self.secrets.clone(),
            fields: Arc::new(fields.collect()),
            dry_run: false,
            log: self.log.clone(),
            keeper: Keeper::default(),
        }
    }

    /// A call of `sync-page`.
    pub fn call(&self, cursor: Option<Cursor>, state: BTreeMap<String, Vec<u8>>) -> SyncCall {
        let (connector, given) = (self.spec.clone(), self.given());
        SyncCall {
            run: self.run,
            connector,
            given,
            mode: SyncMode::Full,
            cursor,
            checkpoint: None,
            state,
            photos: Photos::default(),
        }
    }

    /// A full run, from the first page to the last.
    pub async fn full_run(&self, host: &PluginHost) -> Result<Run, PluginFailure> {
        let mut run = Run::default();
        let (mut from, mut state) = (None, BTreeMap::new());
        while run.turns.len() < MAX_PAGES {
            let begun = Instant::now();
            let page = host.sync_page(self.call(from.clone(), state.clone())).await?;
            run.take(&page);
            let (took, fingerprint) = (begun.elapsed(), fingerprint(&page));
            run.turns.push(Turn { from: from.clone(), state: state.clone(), fingerprint, took });
            for (key, value) in page.state {
                match value {
                    Some(value) => state.insert(key, value),
                    None => state.remove(&key),
                };
            }
            match page.next {
                None => return Ok(run),
                next if next == from => {
                    let words = format!("page {} goes on where it began", run.turns.len());
                    return Err(PluginFailure::new(FailKind::Internal, words));
                }
                next => from = next,
            }
        }
        Err(PluginFailure::new(FailKind::Internal, format!("the run has more than {MAX_PAGES} pages")))
    }

    /// The same page in a host that knows nothing of the run but its cursor and state.
    pub async fn again(&self, turn: &Turn) -> Result<bool, String> {
        let host = self.host(1).await?;
        let page = host.sync_page(self.call(turn.from.clone(), turn.state.clone())).await;
        Ok(fingerprint(&page.map_err(|failure| failure.to_string())?) == turn.fingerprint)
    }
}

impl Run {
    /// Whether another run said the same.
    pub fn is_like(&self, other: &Self) -> bool {
        let said = |run: &Self| run.turns.iter().map(|turn| turn.fingerprint).collect::<Vec<_>>();
        said(self) == said(other)
    }

    fn take(&mut self, page: &Page) {
        for event in &page.events {
            match event {
                DirectoryEvent::Person(person) => {
                    self.people += 1;
                    self.again += usize::from(!self.identities.insert(person.external_id.clone()));
                    for (name, value) in &person.attributes {
                        self.attributes.insert(name.clone());
                        match value {
                            AttributeValue::Text(text) => self.values.extend([text.clone()]),
                            AttributeValue::Texts(texts) => self.values.extend(texts.iter().cloned()),
                            AttributeValue::Flag(_) | AttributeValue::Number(_) => {}
                        }
                    }
                }
                DirectoryEvent::Rejected { .. } => self.rejected += 1,
                DirectoryEvent::PersonGone(..)
                | DirectoryEvent::Group(_)
                | DirectoryEvent::GroupGone(_)
                | DirectoryEvent::AllGroups => {}
            }
        }
    }
}

fn settings(
    folder: &Path,
    compiler: &Path,
    cache_key: [u8; 32],
    egress: Arc<dyn HttpEgress>,
    limits: Limits,
) -> HostSettings {
    HostSettings {
        offered: folder.join("offered"),
        keys: Keys::default(),
        cache: folder.join("cache"),
        compiler: compiler.to_owned(),
        cache_key,
        protected: Vec::new(),
        limits,
        clock: Arc::new(SystemClock),
        egress,
        ldap: Arc::new(NoDirectory),
        runtime: Handle::current(),
    }
}

/// What the plugin is given, held to its manifest as when a source is added. A secret that
/// was not set is made up: nothing is sent anywhere.
fn configured(test: &TestPlugin, facts: &BundleFacts) -> Result<(ConnectorSpec, Secrets), String> {
    let info = &facts.info;
    let mut config: BTreeMap<String, String> = test.values.iter().cloned().collect();
    for (name, key) in &info.config {
        if key.secret && !config.contains_key(name) {
            config.insert(name.clone(), "a-made-up-secret".to_owned());
        }
    }
    let problems = info.config_problems(&config);
    if !problems.is_empty() {
        let all: Vec<_> = problems.iter().map(|(key, why)| format!("\"{key}\" {why}")).collect();
        return Err(format!("{}; set it with --set KEY=VALUE", all.join("; ")));
    }
    let is_secret = |name: &String| info.config.get(name).is_some_and(|key| key.secret);
    let (secrets, config): (BTreeMap<_, _>, BTreeMap<_, _>) = config.into_iter().partition(|(name, _)| is_secret(name));
    let secrets = secrets.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
    let mut inputs = BTreeMap::new();
    for (name, path) in &test.inputs {
        if info.inputs.iter().all(|input| input.name != *name) {
            return Err(format!("the plugin does not ask for a file \"{name}\""));
        }
        inputs.insert(name.clone(), std::fs::canonicalize(path).map_err(|error| format!("{path}: {error}"))?);
    }
    if let Some(input) = info.inputs.iter().find(|input| !inputs.contains_key(&input.name)) {
        return Err(format!("the plugin needs a file as \"{0}\"; name it with --input {0}=PATH", input.name));
    }
    Ok((ConnectorSpec { plugin: info.id.clone(), config, inputs }, secrets))
}

/// Of all that a page says and writes.
fn fingerprint(page: &Page) -> [u8; 32] {
    let said = format!("{:?}", (&page.events, &page.next, &page.checkpoint, &page.state));
    Sha256::digest(said.as_bytes()).into()
}
