//! Logs: to standard error, as text or JSON. No message carries personal data.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Begins logging.
pub fn init(filter: &str, json: bool) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // else a line that cannot be written is reported to standard error, with a panic
        // when that cannot be written either: a full file system of the log
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal());
    if json {
        builder.json().init();
    } else {
        builder.init();
    }
}
