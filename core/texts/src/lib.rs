//! Every sentence that Estampe says, in French and English.
//!
//! Texts are Fluent files under `locales/`, compiled into the binary. Both languages
//! are written, not translated word for word; tests hold them to the same keys and
//! arguments, and hold the keys to their uses in templates and sources. Numbers and
//! dates are written here as well, so that one place knows each language's habits.

mod bundle;
mod format;

pub use bundle::{Message, Value, exists, key, keys, say};
pub use format::{ago, date, date_time, moment, number, system_zone, zone_name};
pub use jiff::tz::TimeZone;

use estampe_domain::Locale;

/// The words of `key`, which takes no arguments.
pub fn t(locale: Locale, key: &str) -> String {
    say(locale, key).to_string()
}

/// The words of `key` with its arguments.
pub fn t_with(locale: Locale, key: &str, arguments: &[(&'static str, Value<'_>)]) -> String {
    arguments.iter().fold(say(locale, key), |message, (name, value)| message.with(name, value.clone())).to_string()
}
