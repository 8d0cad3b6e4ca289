//! One person's attributes, looked at by the rules of a mapping; remembers what was unusable.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::str::FromStr;

use super::{Mapping, Target, phone};
use crate::locale::Locale;
use crate::person::{LabelledLink, LabelledPhone, PhoneKind, PostalAddress};
use crate::plugin::{AttributeValue, SourcePerson};
use crate::text::{Link, Phone, TextProblem};

/// Values of one rule that are looked at: a hostile directory may hold thousands.
pub(super) const LOOKED_AT: usize = 64;
/// Values of one field that are kept: a card has room for a few.
const KEPT: usize = 8;

/// A value, and what names it where it is left out.
pub(super) type Named<'a> = (&'a str, Cow<'a, str>);

pub(super) struct Reading<'a> {
    mapping: &'a Mapping,
    source: &'a SourcePerson,
    left_out: BTreeSet<String>,
    /// Attributes of which that was said already.
    named: BTreeSet<String>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(mapping: &'a Mapping, source: &'a SourcePerson) -> Self {
        Self { mapping, source, left_out: BTreeSet::new(), named: BTreeSet::new() }
    }

    /// Whether anything was left out so far.
    pub(super) fn leaves_out(&self) -> bool {
        !self.left_out.is_empty()
    }

    /// All that was left out.
    pub(super) fn left_out(self) -> Vec<String> {
        self.left_out.into_iter().collect()
    }

    /// What a field's rule gives, in order. A rule that fails gives nothing.
    fn values(&mut self, target: Target) -> Vec<Named<'a>> {
        let Some(rule) = self.mapping.rules.get(&target) else { return Vec::new() };
        rule.values(target, self.source).unwrap_or_else(|why| {
            self.left_out.insert(format!("{target}: {why}"));
            Vec::new()
        })
    }

    /// The first usable value.
    pub(super) fn first<T: FromStr<Err = TextProblem>>(&mut self, target: Target) -> Option<T> {
        for (name, text) in self.values(target) {
            match text.parse() {
                Ok(value) => return Some(value),
                Err(why) => self.leave_out(name, &reason(&why)),
            }
        }
        None
    }

    /// Every usable value, once each.
    pub(super) fn all<T: FromStr<Err = TextProblem> + PartialEq>(&mut self, target: Target) -> Vec<T> {
        self.collect(target, str::parse)
    }

    /// Every telephone number, in international form where it is understood.
    pub(super) fn phones(&mut self, target: Target) -> Vec<Phone> {
        let country = self.mapping.country;
        self.collect(target, |text| phone::read(text, country))
    }

    /// The telephone numbers of every kind.
    pub(super) fn labelled_phones(&mut self) -> Vec<LabelledPhone> {
        let mut phones = Vec::new();
        for (kind, target) in [(PhoneKind::Work, Target::PhoneWork), (PhoneKind::Mobile, Target::PhoneMobile)] {
            let numbers = self.phones(target);
            phones.extend(numbers.into_iter().map(|number| LabelledPhone { kind, number }));
        }
        phones
    }

    /// The address, where there is anything of one.
    pub(super) fn address(&mut self) -> Option<PostalAddress> {
        let address = PostalAddress {
            street: self.first(Target::Street),
            postal_code: self.first(Target::PostalCode),
            city: self.first(Target::City),
            region: self.first(Target::Region),
            country: self.first(Target::Country),
        };
        (address != PostalAddress::default()).then_some(address)
    }

    /// `labeledURI` is "URL label" (RFC 2079).
    pub(super) fn links(&mut self) -> Vec<LabelledLink> {
        self.collect(Target::Links, |text| {
            let text = text.trim();
            let (url, label) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            let url: Link = url.parse()?;
            Ok(LabelledLink { label: label.parse().ok(), url })
        })
    }

    /// The first language that Estampe speaks; others are no mistake.
    pub(super) fn language(&mut self) -> Option<Locale> {
        self.values(Target::Language).into_iter().find_map(|(_, text)| text.trim().parse().ok())
    }

    fn collect<T: PartialEq>(&mut self, target: Target, read: impl Fn(&str) -> Result<T, TextProblem>) -> Vec<T> {
        let mut values: Vec<T> = Vec::new();
        for (name, text) in self.values(target) {
            match read(&text) {
                Ok(value) if values.contains(&value) => {}
                Ok(value) if values.len() < KEPT => values.push(value),
                Ok(_) => self.leave_out(name, &format!("more than {KEPT} values")),
                Err(why) => self.leave_out(name, &reason(&why)),
            }
        }
        values
    }

    fn leave_out(&mut self, name: &str, why: &str) {
        if !self.named.contains(name) {
            self.named.insert(name.to_owned());
            self.left_out.insert(format!("{name}: {why}"));
        }
    }
}

/// Why a value was not taken, after its name. It never holds the value, which is a person's.
fn reason(why: &TextProblem) -> String {
    let why = match why {
        TextProblem::Comma(_) => TextProblem::NotAnEmail.to_string(),
        other => other.to_string(),
    };
    why.strip_prefix("it is ").unwrap_or(&why).to_owned()
}

/// Every text that is not empty of the attributes of this name, in any letter case.
pub(super) fn texts<'a>(source: &'a SourcePerson, name: &str) -> impl Iterator<Item = Cow<'a, str>> {
    let of_name = source.attributes.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name));
    of_name.flat_map(|(_, value)| of_value(value)).filter(|text| !text.trim().is_empty())
}

fn of_value(value: &AttributeValue) -> impl Iterator<Item = Cow<'_, str>> {
    let (one, many): (Option<Cow<'_, str>>, &[String]) = match value {
        AttributeValue::Text(text) => (Some(text.into()), &[]),
        AttributeValue::Texts(texts) => (None, texts),
        AttributeValue::Number(number) => (Some(number.to_string().into()), &[]),
        AttributeValue::Flag(_) => (None, &[]),
    };
    one.into_iter().chain(many.iter().map(Into::into))
}
