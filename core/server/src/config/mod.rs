//! The configuration: defaults, file, `conf.d`, environment; refused with the place
//! and the remedy when something is wrong.

pub mod access;
mod check;
mod edge;
mod layers;
mod plugins;
mod settings;
mod shown;
mod tls;
mod wire;

pub use check::CheckedSettings;
pub use layers::{Origins, Problem, is_credential, is_withheld, load, load_some};
pub use settings::Settings;
pub use shown::shown;
pub use tls::{AcmeSource, Name, TlsSource};
pub use wire::database_weakness;

/// What is wrong with the configuration, a line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);
