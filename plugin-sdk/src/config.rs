//! Typed reading of the plugin's configuration, with errors that say what would be
//! right.

use std::fmt::Display;
use std::str::FromStr;

use crate::{Failure, Host, TemplateHost};

/// Whatever has a configuration: the host of either world.
pub trait Configured {
    /// The value of a key, as it was written.
    fn value(&self, key: &str) -> Option<String>;
}

impl<H: Host + ?Sized> Configured for H {
    fn value(&self, key: &str) -> Option<String> {
        self.config(key)
    }
}

impl Configured for dyn TemplateHost + '_ {
    fn value(&self, key: &str) -> Option<String> {
        self.config(key)
    }
}

/// The value of a key, without blanks around it; none when it was not set or is empty.
pub fn get<H: Configured + ?Sized>(host: &H, key: &str) -> Option<String> {
    let value = host.value(key)?;
    let trimmed = value.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// Like [`get`], for a key without which nothing works.
///
/// # Errors
/// `config`, naming the key.
pub fn require<H: Configured + ?Sized>(host: &H, key: &str) -> Result<String, Failure> {
    get(host, key).ok_or_else(|| Failure::config(format!("`{key}` is not set, and nothing works without it")))
}

/// Parses the value of a key; none when it was not set. `expected` says in words what
/// would be right: "a number of days, such as 30".
///
/// # Errors
/// `config`, naming the key, what stands there and what would be right.
pub fn parse<T, H>(host: &H, key: &str, expected: &str) -> Result<Option<T>, Failure>
where
    T: FromStr,
    T::Err: Display,
    H: Configured + ?Sized,
{
    get(host, key)
        .map(|value| {
            value.parse().map_err(|error| {
                Failure::config(format!("`{key}` is \"{}\": {error}; expected {expected}", shortened(&value)))
            })
        })
        .transpose()
}

/// One of a few words, in any case; none when the key was not set.
///
/// # Errors
/// `config`, listing the words.
pub fn one_of<T: Copy, H: Configured + ?Sized>(
    host: &H,
    key: &str,
    choices: &[(&str, T)],
) -> Result<Option<T>, Failure> {
    let Some(value) = get(host, key) else { return Ok(None) };
    if let Some((_, choice)) = choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(&value)) {
        return Ok(Some(*choice));
    }
    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
    Err(Failure::config(format!("`{key}` is \"{}\"; expected one of: {}", shortened(&value), words.join(", "))))
}

/// What somebody typed, short enough for a message.
fn shortened(value: &str) -> String {
    if value.chars().count() <= 60 {
        return value.to_owned();
    }
    value.chars().take(59).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailKind;
    use crate::testing::ScriptedHost;

    #[test]
    fn errors_say_what_would_be_right() {
        let host =
            ScriptedHost::new().with_config("days", "soon").with_config("format", "LDIF").with_config("blank", " ");
        let failure = parse::<u8, _>(&host, "days", "a number of days, such as 30").unwrap_err();
        assert_eq!(failure.kind, FailKind::Config);
        assert_eq!(
            failure.message,
            "`days` is \"soon\": invalid digit found in string; expected a number of days, such as 30"
        );
        assert_eq!(one_of(&host, "format", &[("csv", 1), ("ldif", 2)]), Ok(Some(2)));
        assert!(one_of(&host, "days", &[("csv", 1)]).unwrap_err().message.ends_with("expected one of: csv"));
        assert_eq!(get(&host, "blank"), None);
        assert!(require(&host, "blank").unwrap_err().message.contains("`blank`"));
    }
}
