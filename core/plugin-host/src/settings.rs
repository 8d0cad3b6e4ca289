//! What the host is told when it starts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use estampe_domain::permission::{Grants, Permission};
use estampe_domain::plugin::{LimitsAsk, PluginInfo};
use estampe_domain::ports::{Clock, HttpEgress, LdapClient};
use tokio::runtime::Handle;

use crate::bundle::Keys;

/// Everything that the host needs to know.
pub struct HostSettings {
    /// Folder with bundles (`*.estampe`) that lie ready to be installed.
    pub offered: PathBuf,
    /// Keys that bundles may be signed with.
    pub keys: Keys,
    /// Folder for compiled plugins, made with mode 0700 when it is not there. Its
    /// content can be deleted at any time.
    pub cache: PathBuf,
    /// The program `estampe-compile`.
    pub compiler: PathBuf,
    /// Key that authenticates what is in the cache (HMAC-SHA-256): random, secret
    /// and the same from start to start. Compiled code is loaded as it is, so who has
    /// this key and can write to the cache runs code in the server.
    pub cache_key: [u8; 32],
    /// Folders, without links in their paths, from which no input is opened: the
    /// appliance's own data and keys.
    pub protected: Vec<PathBuf>,
    /// What plugins may use.
    pub limits: Limits,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Makes the requests of plugins.
    pub egress: Arc<dyn HttpEgress>,
    /// Connects to LDAP directories for them.
    pub ldap: Arc<dyn LdapClient>,
    /// The runtime that these work on: guests have threads of their own.
    pub runtime: Handle,
}

/// What plugins may use. The default suits an appliance with two cores.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Linear memory of one call, in octets; all memories of the instance together.
    pub memory: usize,
    /// The same for a plugin that asks for more (`memory MIB`) and was granted it, at most.
    pub memory_most: usize,
    /// Processor time of one call, unless a plugin asks for another (`time SECONDS`) and was
    /// granted it.
    pub computing: Duration,
    /// Processor time of all guests together, in percent of the machine's.
    pub machine_percent: u32,
    /// How often one call may call the host, all imports together.
    pub host_calls: u32,
    /// Processor time of one run, all of its calls together.
    pub run_computing: Duration,
    /// Pages of one run.
    pub run_pages: u32,
    /// Time that one call may spend waiting for the host (files).
    pub waiting: Duration,
    /// Instances at once. Never fewer than `threads`; more costs address space only.
    pub instances: u32,
    /// Threads that run plugins: how many calls go on at once.
    pub threads: usize,
    /// Calls that may wait for a thread; more are refused.
    pub queue: usize,
    /// Time that compiling one plugin may take on a busy machine; its computing is limited by itself, to far less.
    pub compiling: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            memory_most: 512 << 20,
            computing: Duration::from_secs(5),
            machine_percent: 50,
            host_calls: 100_000,
            run_computing: Duration::from_mins(30),
            run_pages: 100_000,
            waiting: Duration::from_secs(30),
            instances: 4,
            threads: 2,
            queue: 64,
            compiling: Duration::from_mins(5),
        }
    }
}

impl Limits {
    /// Those of a plugin's call: its own, where it asks for them and they were granted.
    pub(crate) fn of(&self, info: &PluginInfo, grants: &Grants) -> Self {
        let LimitsAsk { memory_mib, cpu_seconds } = info.asks.limits;
        let memory = memory_mib.filter(|mib| grants.cover(&Permission::Memory(*mib)));
        let time = cpu_seconds.filter(|seconds| grants.cover(&Permission::Time(*seconds)));
        let octets = |mib: u32| usize::try_from(mib).unwrap_or(usize::MAX).saturating_mul(1 << 20);
        Self {
            memory: memory.map_or(self.memory, |mib| octets(mib).min(self.pool_memory())),
            computing: time.map_or(self.computing, |seconds| Duration::from_secs(u64::from(seconds))),
            ..*self
        }
    }

    /// The memory that the largest call may have.
    pub(crate) fn pool_memory(&self) -> usize {
        self.memory.max(self.memory_most)
    }
}
