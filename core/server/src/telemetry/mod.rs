//! What the process tells of itself: log lines ([`lines`]), metrics ([`exposition`]),
//! its own use of the machine ([`process`]) and its panics. Nothing of it names a person.

mod exposition;
mod lines;
mod panics;
mod process;

use std::io::IsTerminal;
use std::sync::Arc;

use estampe_domain::Ts;
use estampe_domain::metric;
use estampe_domain::ports::Clock;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, reload};

pub use exposition::{Exposition, build};
use lines::{Format, Lines};

/// Begins to log and to measure. First of all: handles of metrics that were made before
/// would measure nothing.
pub fn init(level: &str, json: bool, clock: &Arc<dyn Clock>) -> Result<(Exposition, Level), String> {
    let exposition = Exposition::begin(clock.now())?;
    let format = match (json, std::io::stderr().is_terminal()) {
        (true, _) => Format::Json,
        (false, colours) => Format::Text { colours },
    };
    let lines = Lines::new(format, Arc::clone(clock), std::io::stderr);
    let (filter, handle) = reload::Layer::new(filter(level));
    tracing_subscriber::registry().with(filter).with(lines).init();
    panics::tell();
    Ok((exposition, Level(handle)))
}

/// How much is logged.
pub struct Level(reload::Handle<EnvFilter, Registry>);

impl Level {
    /// Logs so much from now on.
    pub fn set(&self, level: &str) -> Result<(), String> {
        self.0.reload(filter(level)).map_err(|error| format!("log.level: {error}"))
    }
}

/// Says until when a certificate, which is served from now on, is good: the listeners'
/// own (`own`), or that of the ACME server (`acme`).
pub fn serving(certificate: &'static str, not_after: Ts) {
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970, far below 2^52")]
    let seconds = (not_after.as_micros() / 1_000_000) as f64;
    metrics::gauge!(metric::TLS_EXPIRY.name, "certificate" => certificate).set(seconds);
}

/// A level alone is meant for Estampe: libraries at work on connections may write what
/// passes through them, so they tell no details unless they are asked for by name. The
/// same goes for the words of plugins, which nobody can vouch for.
fn filter(level: &str) -> EnvFilter {
    let directives = match level.trim() {
        // and what the listeners' library says of its start, it says a dozen times
        level @ ("info" | "debug" | "trace") => format!("info,actix_server=warn,estampe={level}"),
        other => other.to_owned(),
    };
    let directives =
        if directives.contains(PLUGIN_WORDS) { directives } else { format!("{directives},{PLUGIN_WORDS}=off") };
    EnvFilter::try_new(directives).unwrap_or_else(|_| EnvFilter::new("info"))
}

/// Target of what plugins write, word for word.
const PLUGIN_WORDS: &str = "estampe::plugin::words";
