//! What a plugin writes to its log. By contract it holds no personal data, which nobody can
//! trust: the words go to whoever called and are kept sealed with the run; the server's own
//! log is told the level and the length, unless somebody asks for the target
//! `estampe::plugin::words` by its name.

use std::sync::Arc;

pub use estampe_domain::plugin::LogLevel as Level;
use estampe_domain::plugin::{CallLog, LogLine};
use estampe_domain::ports::Clock;

use crate::text::{clean, cut};

/// Lines of one call.
const MAX_LINES: usize = 200;
/// Octets of a line.
const MAX_OCTETS: usize = 1_000;

/// The log of one call.
pub struct Log {
    plugin: String,
    run: String,
    lines: usize,
    kept: CallLog,
    clock: Arc<dyn Clock>,
}

impl Log {
    /// For this plugin and, when there is one, this run.
    pub fn new(plugin: String, run: Option<String>, kept: CallLog, clock: Arc<dyn Clock>) -> Self {
        Self { plugin, run: run.unwrap_or_default(), lines: 0, kept, clock }
    }

    /// Takes a line.
    pub fn write(&mut self, level: Level, message: &str) {
        self.lines += 1;
        if self.lines > MAX_LINES {
            return;
        }
        let octets = message.len();
        let text = clean(cut(message, MAX_OCTETS), MAX_OCTETS);
        let (plugin, run) = (&self.plugin, &self.run);
        macro_rules! tell {
            ($level:ident) => {
                tracing::event!(target: "estampe::plugin", tracing::Level::$level,
                    plugin.id = plugin.as_str(), run.id = run.as_str(), plugin.octets = octets, "a plugin wrote a line")
            };
        }
        match level {
            Level::Debug => tell!(DEBUG),
            Level::Info => tell!(INFO),
            Level::Warn => tell!(WARN),
            Level::Error => tell!(ERROR),
        }
        // a target of its own, which no level alone turns on
        tracing::event!(target: "estampe::plugin::words", tracing::Level::DEBUG, plugin.id = plugin, run.id = run,
            plugin.line = text, "what the plugin wrote");
        self.kept.push(LogLine { at: self.clock.now(), level, text });
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.renew();
    }
}

impl Log {
    /// Says how many lines were dropped, and counts anew.
    pub fn renew(&mut self) {
        let dropped = self.lines.saturating_sub(MAX_LINES);
        self.lines = 0;
        if dropped > 0 {
            tracing::event!(target: "estampe::plugin", tracing::Level::WARN, plugin.id = self.plugin, run.id = self.run,
                plugin.dropped = dropped, "a plugin wrote more lines than a call may");
            let text = format!("{dropped} more lines were dropped: a call writes at most {MAX_LINES}");
            self.kept.push(LogLine { at: self.clock.now(), level: Level::Warn, text });
        }
    }
}
