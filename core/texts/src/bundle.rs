//! The Fluent bundles, one for each language, and a message on its way to the page.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use estampe_domain::Locale;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::FluentNumber;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use intl_memoizer::concurrent::IntlLangMemoizer;
use unic_langid::LanguageIdentifier;

use crate::format;

/// An argument of a message: a text or a number.
pub type Value<'a> = FluentValue<'a>;

type Bundle = FluentBundle<FluentResource>;

macro_rules! sources {
    ($($file:literal),+ $(,)?) => {
        /// The files of one language: name and content.
        const fn sources(locale: Locale) -> &'static [(&'static str, &'static str)] {
            match locale {
                Locale::Fr => &[$(($file, include_str!(concat!("../locales/fr/", $file)))),+],
                Locale::En => &[$(($file, include_str!(concat!("../locales/en/", $file)))),+],
            }
        }
    };
}

sources![
    "account.ftl",
    "bulk.ftl",
    "card.ftl",
    "cards.ftl",
    "change.ftl",
    "common.ftl",
    "console.ftl",
    "ending.ftl",
    "error.ftl",
    "mail.ftl",
    "mapping.ftl",
    "outlook.ftl",
    "permissions.ftl",
    "person.ftl",
    "picture.ftl",
    "plugin.ftl",
    "provider.ftl",
    "publication.ftl",
    "run.ftl",
    "settings.ftl",
    "signature.ftl",
    "styleguide.ftl",
    "token.ftl",
];

static FR: LazyLock<Bundle> = LazyLock::new(|| build(Locale::Fr));
static EN: LazyLock<Bundle> = LazyLock::new(|| build(Locale::En));

fn bundle(locale: Locale) -> &'static Bundle {
    match locale {
        Locale::Fr => &FR,
        Locale::En => &EN,
    }
}

/// A mistake in a file leaves out that message alone; the tests find it.
fn build(locale: Locale) -> Bundle {
    let tag = locale.tag().parse::<LanguageIdentifier>().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![tag]);
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match locale {
        Locale::Fr => |value: &FluentValue<'_>, _: &IntlLangMemoizer| number(Locale::Fr, value),
        Locale::En => |value: &FluentValue<'_>, _: &IntlLangMemoizer| number(Locale::En, value),
    }));
    for (_, source) in sources(locale) {
        let resource = match FluentResource::try_new((*source).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        bundle.add_resource_overriding(resource);
    }
    bundle
}

fn number(locale: Locale, value: &FluentValue<'_>) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(written(locale, number)),
        _ => None,
    }
}

fn written(locale: Locale, number: &FluentNumber) -> String {
    format::decimal(locale, &number.as_string())
}

/// A message and its arguments; writing it out gives the words.
#[derive(Clone)]
pub struct Message<'a> {
    locale: Locale,
    key: Cow<'a, str>,
    arguments: Vec<(&'a str, Value<'a>)>,
}

/// Begins a message.
pub fn say<'a>(locale: Locale, key: impl Into<Cow<'a, str>>) -> Message<'a> {
    Message { locale, key: key.into(), arguments: Vec::new() }
}

impl<'a> Message<'a> {
    /// Adds an argument.
    pub fn with(mut self, name: &'a str, value: impl Into<Value<'a>>) -> Self {
        self.arguments.push((name, value.into()));
        self
    }
}

impl fmt::Display for Message<'_> {
    /// A key that is missing shows itself between brackets that no text has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bundle = bundle(self.locale);
        let pattern = bundle.get_message(&self.key).and_then(|message| message.value());
        let Some(pattern) = pattern else {
            return write!(f, "⟦{}⟧", self.key);
        };
        let arguments: FluentArgs<'_> = self.arguments.iter().cloned().collect();
        let mut errors = Vec::new();
        f.write_str(&bundle.format_pattern(pattern, Some(&arguments), &mut errors))
    }
}

/// Marks a text's key where it is not given to [`say`] at once, so that the test
/// that looks for keys in the sources finds it.
pub const fn key(key: &'static str) -> &'static str {
    key
}

/// Whether there are such words.
pub fn exists(locale: Locale, key: &str) -> bool {
    bundle(locale).has_message(key)
}

/// Every key of one language, read from its files.
pub fn keys(locale: Locale) -> BTreeSet<String> {
    sources(locale)
        .iter()
        .flat_map(|(_, source)| source.lines())
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()))
        .filter_map(|line| line.split_once('='))
        .map(|(key, _)| key.trim().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Names after `$` in each message.
    fn arguments(locale: Locale) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut current = String::new();
        for line in sources(locale).iter().flat_map(|(_, source)| source.lines()) {
            if line.starts_with('#') {
                continue;
            }
            if let (true, Some((key, _))) = (line.starts_with(|c: char| c.is_ascii_alphabetic()), line.split_once('='))
            {
                key.trim().clone_into(&mut current);
                found.entry(current.clone()).or_default();
            }
            for part in line.split('$').skip(1) {
                let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
                found.entry(current.clone()).or_default().insert(name);
            }
        }
        found
    }

    #[test]
    fn every_file_parses_and_no_key_stands_twice() {
        for locale in Locale::ALL {
            let mut bundle = Bundle::new_concurrent(vec![locale.tag().parse().unwrap()]);
            for (file, source) in sources(locale) {
                let resource = FluentResource::try_new((*source).to_owned())
                    .unwrap_or_else(|(_, errors)| panic!("{}/{file}: {errors:?}", locale.tag()));
                bundle.add_resource(resource).unwrap_or_else(|errors| panic!("{file}: {errors:?}"));
            }
        }
    }

    #[test]
    fn both_languages_have_the_same_keys_and_arguments() {
        let (fr, en) = (arguments(Locale::Fr), arguments(Locale::En));
        assert_eq!(fr.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
        for (key, names) in &fr {
            assert_eq!(Some(names), en.get(key), "arguments of {key}");
        }
    }

    #[test]
    fn numbers_inside_messages_follow_the_language() {
        let say = |locale| say(locale, "run-chip-unchanged").with("count", 1018u64).to_string();
        assert!(say(Locale::Fr).contains("1\u{202f}018"), "{}", say(Locale::Fr));
        assert!(say(Locale::En).contains("1,018"), "{}", say(Locale::En));
    }

    #[test]
    fn the_voice_is_kept() {
        for locale in Locale::ALL {
            for (file, source) in sources(locale) {
                for line in source.lines().filter(|line| !line.starts_with('#')) {
                    assert!(!line.contains('!'), "{file}: {line}");
                    assert!(!line.contains('\''), "a straight apostrophe in {file}: {line}");
                    assert!(!line.contains("..."), "{file}: {line}");
                    let french = locale == Locale::Fr;
                    for bad in [" :", " ;", " ?", "« ", " »", " %"] {
                        assert!(!(french && line.contains(bad)), "a plain space in {file}: {line}");
                    }
                    // nor none at all, but within addresses and what is typed
                    let bare = |(at, mark): &(usize, &str)| {
                        let ends = line[at + mark.len()..].chars().next().is_none_or(char::is_whitespace);
                        ends && !line[..*at].ends_with(['\u{202f}', '\u{a0}'])
                    };
                    let bare = line.match_indices([':', ';', '?', '»', '%']).find(bare);
                    let typed = line.contains("Authorization: Bearer");
                    assert!(!french || typed || bare.is_none(), "no space in {file}: {line}");
                }
            }
        }
    }
}
