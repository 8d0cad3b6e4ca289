//! Runs plugins: the only user of wasmtime's runtime.
//!
//! A plugin is a WebAssembly component in a *bundle* (`bundle`). It is
//! compiled once by the child process `estampe-compile` and kept in an authenticated
//! cache (`cache`). Every call gets a fresh instance on one of a few own threads
//! (`guests`), with limits on memory, computing and waiting (`budget`), and sees
//! nothing but what its [`ConnectorSpec`] names (`files`, `state`). What it says is
//! translated and bounded by the adapter of its contract's version (`contract`).
//!
//! Signatures that templates render are made harmless (`signature`).
//!
//! The outside sees the domain's ports [`Plugins`], [`Directory`] and [`Signatures`] and nothing of
//! wasmtime, so that a worker process may one day stand here instead.

#![cfg(unix)]

mod budget;
mod bundle;
mod cache;
mod call;
mod compiler;
mod contract;
mod engine;
mod engine_config;
mod files;
mod guests;
mod host;
mod http;
mod ldap;
mod log;
mod look;
mod meter;
mod quota;
mod settings;
mod signature;
mod spending;
mod standing;
mod state;
mod sync;
mod text;

#[cfg(doc)]
use estampe_domain::plugin::ConnectorSpec;
#[cfg(doc)]
use estampe_domain::ports::{Directory, Plugins, Signatures};

pub use bundle::{Keys, read_manifest};
pub use contract::{Described, fit};
pub use host::{HostError, PluginHost};
pub use look::Looker;
pub use settings::{HostSettings, Limits};
pub use signature::harmless_signature;
