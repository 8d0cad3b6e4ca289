//! One call: all that a guest may see and use, whatever version of the contract it
//! speaks. It lives in the store and goes with it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use estampe_domain::RunId;
use estampe_domain::permission::Permission;
use estampe_domain::plugin::{ConnectorSpec, Given, Photos, PluginInfo};
use estampe_domain::ports::{Clock, HttpEgress, LdapClient};
use tokio::runtime::Handle;

use crate::budget::{Budget, Cancelled, Memory, Stop};
use crate::files::{Files, Runs};
use crate::http::Http;
use crate::ldap::{Ldap, Sessions};
use crate::log::Log;
use crate::meter::Peak;
use crate::quota::Quota;
use crate::settings::Limits;
use crate::spending::{Share, Spending};
use crate::state::State;

/// What the host hands to every call.
#[derive(Clone)]
pub struct Surroundings {
    /// What a call may use.
    pub limits: Limits,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// The watch over files.
    pub runs: Arc<Runs>,
    /// What all guests together may have of the machine.
    pub quota: Arc<Quota>,
    /// What runs spent.
    pub spending: Arc<Spending>,
    /// Makes requests.
    pub egress: Arc<dyn HttpEgress>,
    /// What connects to directories.
    pub ldap: Arc<dyn LdapClient>,
    /// The connections of runs.
    pub sessions: Arc<Sessions>,
    /// Where such work is done.
    pub runtime: Handle,
}

impl Surroundings {
    /// A run begins, or begins anew: with files and connections of its own, and what is left
    /// of its budget.
    pub fn begin(&self, run: RunId) {
        self.runs.forget(run);
        self.sessions.forget(run);
    }

    /// Forgets a run that ended.
    pub fn forget(&self, run: RunId) {
        self.begin(run);
        self.spending.forget(run);
    }
}

/// See the module.
pub struct Call {
    /// Configuration, as the administrator wrote it, with the manifest's defaults.
    pub config: BTreeMap<String, String>,
    /// What was granted, and what the host acts by.
    pub given: Given,
    /// What the manifest says.
    pub info: Arc<PluginInfo>,
    /// Granted files.
    pub files: Files,
    /// Requests over HTTP.
    pub http: Http,
    /// The directory.
    pub ldap: Ldap,
    /// Durable values.
    pub state: State,
    /// The last checkpoint, while it is good.
    pub checkpoint: Option<Vec<u8>>,
    /// What photos are known.
    photos: Photos,
    /// Where the host's own questions are asked.
    runtime: Handle,
    /// Where lines go.
    pub log: Log,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Time left.
    pub budget: Budget,
    /// Memory left.
    pub memory: Memory,
}

/// Who is called, with what.
pub struct Order {
    /// The plugin, its configuration and inputs.
    pub connector: ConnectorSpec,
    /// What it may use of them.
    pub given: Given,
    /// The run that it belongs to.
    pub run: Option<RunId>,
    /// Its durable values.
    pub state: BTreeMap<String, Vec<u8>>,
    /// The last checkpoint, while it is good.
    pub checkpoint: Option<Vec<u8>>,
    /// What photos are known.
    pub photos: Photos,
}

impl Order {
    /// A call outside of any run.
    pub fn alone(connector: ConnectorSpec, given: Given) -> Self {
        let state = BTreeMap::new();
        Self { connector, given, run: None, state, checkpoint: None, photos: Photos::default() }
    }
}

/// Questions about photos in one call of the host; those beyond are not known.
const MAX_PHOTOS: usize = 5_000;
/// Time for an answer; without one nothing is known.
const PATIENCE: Duration = Duration::from_secs(10);

/// A configuration without what is secret, with the manifest's defaults.
pub fn whole(mut config: BTreeMap<String, String>, info: &PluginInfo) -> BTreeMap<String, String> {
    config.retain(|name, _| info.config.get(name).is_none_or(|key| !key.secret));
    for (name, key) in &info.config {
        if let Some(default) = &key.default
            && config.get(name).is_none_or(|value| value.trim().is_empty())
        {
            config.insert(name.clone(), default.clone());
        }
    }
    config
}

impl Call {
    /// Begins a call; on the thread that it runs on.
    pub fn new(
        surroundings: &Surroundings,
        order: Order,
        cancelled: Cancelled,
        peak: Peak,
        info: &Arc<PluginInfo>,
    ) -> Self {
        let Order { connector, given, run, state, checkpoint, photos } = order;
        let limits = surroundings.limits.of(info, &given.grants);
        let share = run.map(|run| Share::new(run, &surroundings.spending, &limits));
        let ConnectorSpec { plugin, config, mut inputs } = connector;
        let config = whole(config, info);
        inputs.retain(|name, _| given.grants.cover(&Permission::Input(name.clone())));
        let log = Log::new(plugin, run.map(|run| run.to_string()), given.log.clone(), Arc::clone(&surroundings.clock));
        Self {
            config,
            given,
            info: Arc::clone(info),
            files: Files::new(inputs, run, Arc::clone(&surroundings.runs)),
            http: Http::new(Arc::clone(&surroundings.egress), surroundings.runtime.clone()),
            ldap: Ldap::new(
                Arc::clone(&surroundings.sessions),
                Arc::clone(&surroundings.ldap),
                surroundings.runtime.clone(),
                run,
            ),
            state: State::new(state),
            checkpoint,
            photos,
            runtime: surroundings.runtime.clone(),
            log,
            clock: Arc::clone(&surroundings.clock),
            budget: Budget::new(&limits, share, Arc::clone(&surroundings.quota), cancelled),
            memory: Memory::new(limits.memory, peak),
        }
    }

    /// What an import works on; counts that the guest calls the host.
    pub fn entered(&mut self) -> &mut Self {
        self.budget.host_call();
        self
    }

    /// Begins the next call of the same instance: time and lines are those of one call,
    /// memory is the instance's.
    pub fn renew(&mut self) {
        self.budget.renew();
        self.log.renew();
    }

    /// Whether the photos of these versions are what the last run brought.
    pub fn same_photos(&mut self, mut photos: Vec<(String, String)>) -> Result<Vec<bool>, Stop> {
        let count = photos.len();
        photos.truncate(MAX_PHOTOS);
        self.waiting(|call| {
            let asked = async { tokio::time::timeout(PATIENCE, call.photos.same(photos)).await };
            // this thread is none of tokio's
            let mut same = call.runtime.block_on(asked).unwrap_or_default();
            same.resize(count, false);
            same
        })
    }

    /// Does something that may take time and counts it as waiting.
    pub fn waiting<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Result<T, Stop> {
        let start = Instant::now();
        let outcome = work(self);
        self.budget.waited_since(start)?;
        Ok(outcome)
    }
}
