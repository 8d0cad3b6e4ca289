//! What a plugin writes to its log. By contract it holds no personal data, which
//! nobody can trust: only the level and the length are told, unless somebody asks for
//! the target `estampe::plugin::words` by its name.

use crate::text::{clean, cut};

/// Lines of one call.
const MAX_LINES: usize = 200;
/// Octets of a line.
const MAX_OCTETS: usize = 1_000;

/// Importance of a line.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// For whoever writes the plugin.
    Debug,
    /// Worth knowing.
    Info,
    /// Something to mend.
    Warn,
    /// Something failed.
    Error,
}

/// The log of one call.
#[derive(Debug)]
pub struct Log {
    plugin: String,
    run: String,
    lines: usize,
}

impl Log {
    /// For this plugin and, when there is one, this run.
    pub fn new(plugin: String, run: Option<String>) -> Self {
        Self { plugin, run: run.unwrap_or_default(), lines: 0 }
    }

    /// Takes a line.
    pub fn write(&mut self, level: Level, message: &str) {
        self.lines += 1;
        if self.lines > MAX_LINES {
            return;
        }
        let octets = message.len();
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
            plugin.line = clean(cut(message, MAX_OCTETS), MAX_OCTETS), "what the plugin wrote");
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let dropped = self.lines.saturating_sub(MAX_LINES);
        if dropped > 0 {
            tracing::event!(target: "estampe::plugin", tracing::Level::WARN, plugin.id = self.plugin, run.id = self.run,
                plugin.dropped = dropped, "a plugin wrote more lines than a call may");
        }
    }
}
