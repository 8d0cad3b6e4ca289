//! Telephone numbers made one: as people write them in whatever country, kept in
//! international form where they can be understood.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region};
use serde::{Deserialize, Serialize};

use crate::text::{EXTENSION, Phone, TextProblem};

/// A country by its two letters (ISO 3166-1), for numbers written as they are dialled there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country(Region);

/// What is no country.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no country: two letters of ISO 3166-1, such as FR or GB")]
pub struct NoCountry;

impl FromStr for Country {
    type Err = NoCountry;

    fn from_str(text: &str) -> Result<Self, NoCountry> {
        let text = text.trim().to_ascii_uppercase();
        let region: Region = text.parse().map_err(|_| NoCountry)?;
        let known = text.len() == 2 && PHONE_NUMBER_UTIL.get_supported_regions().any(|known| known == region);
        if known { Ok(Self(region)) } else { Err(NoCountry) }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_region_str().as_str())
    }
}

impl Serialize for Country {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Most digits of a number within a house, or of an emergency service.
const LONGEST_INTERNAL: usize = 6;
/// Longest text that is looked at as a number.
const LONGEST: usize = 64;
/// Words before an extension, the longer first.
const WORDS: [&str; 6] = ["extension", "poste", "extn", "ext", "#", "x"];

/// A number in international form as people read it (`+33 5 61 00 42 17`), its extension
/// behind it, where it is a valid one: written internationally, or as it is dialled in
/// `country`. What cannot be understood stays as it is written.
pub fn read(text: &str, country: Option<Country>) -> Result<Phone, TextProblem> {
    understood(text, country).map_or_else(|| text.parse(), Ok)
}

/// A number as somebody enters it: as [`read`] makes it of a directory's, and refused where nobody can be called
/// by it, for whoever types it is there to mend it. A house's own short numbers stay as they are typed, and so do
/// those of a country that nobody named.
pub fn entered(text: &str, country: Option<Country>) -> Result<Phone, TextProblem> {
    if let Some(phone) = understood(text, country) {
        return Ok(phone);
    }
    // digits of other scripts are those that are dialled by now
    let phone: Phone = text.parse()?;
    if let Some(phone) = understood(phone.as_str(), country) {
        return Ok(phone);
    }
    let (number, _) = phone.as_str().split_once(EXTENSION).unwrap_or((phone.as_str(), ""));
    let is_international = number.starts_with('+');
    let digits = number.chars().filter(char::is_ascii_digit).count();
    if !is_international {
        // one of a range that is newer than what the library knows is typed with its country's code
        let is_judged = country.is_some() && digits > LONGEST_INTERNAL;
        return if is_judged { Err(TextProblem::ImpossiblePhone) } else { Ok(phone) };
    }
    let number: String = number.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let parsed = PHONE_NUMBER_UTIL.parse(&number, country.map(|country| country.0));
    // such a one is as long as those of desks and pockets are there
    let fits = |number: &PhoneNumber| {
        let long_as = |kind| PHONE_NUMBER_UTIL.is_possible_number_for_type_with_reason(number, kind);
        [PhoneNumberType::FixedLine, PhoneNumberType::Mobile]
            .into_iter()
            .any(|kind| matches!(long_as(kind), Ok(NumberLengthType::IsPossible)))
    };
    if parsed.is_ok_and(|number| fits(&number)) { Ok(phone) } else { Err(TextProblem::ImpossiblePhone) }
}

fn understood(text: &str, country: Option<Country>) -> Option<Phone> {
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    let text = text
        .get(..4)
        .filter(|scheme| scheme.eq_ignore_ascii_case("tel:"))
        .map_or(text, |_| text.get(4..).unwrap_or_default());
    let (number, extension) = split(text);
    // letters stand for digits on some keypads; in a directory they are remarks
    let is_number = number.chars().all(|c| c.is_ascii_digit() || is_between(c));
    if !is_number || (country.is_none() && !number.trim_start_matches(['(', ' ']).starts_with('+')) {
        return None;
    }
    // the library knows fewer spaces than typographers
    let number: String = number.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let number = PHONE_NUMBER_UTIL.parse(&number, country.map(|country| country.0)).ok()?;
    if !number.is_valid() {
        return None;
    }
    let shown = number.format_as(PhoneNumberFormat::International);
    match extension {
        None => shown.parse().ok(),
        Some(extension) => format!("{shown}{EXTENSION}{extension}").parse().ok(),
    }
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, '+' | '.' | '-' | '(' | ')' | '/' | '\u{2010}'..='\u{2013}')
}

/// A number and its extension: `05 61 00 42 17 poste 12`, `+33561004217;ext=12`.
fn split(text: &str) -> (&str, Option<&str>) {
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let extension = text.get(before.len()..).unwrap_or_default();
    if !(1..=7).contains(&extension.len()) {
        return (text, None);
    }
    let before = before.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ':' | '='));
    let number = WORDS.iter().find_map(|word| {
        let at = before.len().checked_sub(word.len())?;
        before.get(at..).filter(|end| end.eq_ignore_ascii_case(word))?;
        before.get(..at)
    });
    match number
        .map(|number| number.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '-' | '(')))
    {
        Some(number) if number.ends_with(|c: char| c.is_ascii_digit() || c == ')') => (number, Some(extension)),
        _ => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str, country: &str) -> String {
        read(text, country.parse().ok()).map_or_else(|problem| problem.to_string(), |phone| phone.to_string())
    }

    #[test]
    fn numbers_are_shown_internationally() {
        for (text, country, expected) in [
            ("+33 (0)5 61.00-42/17", "", "+33 5 61 00 42 17"),
            ("05 61 00 42 17", "FR", "+33 5 61 00 42 17"),
            ("0033 5 61 00 42 17", "FR", "+33 5 61 00 42 17"),
            ("tel:+33-5-61-00-42-17", "", "+33 5 61 00 42 17"),
            ("05\u{202f}61\u{202f}00\u{202f}42\u{202f}17", "FR", "+33 5 61 00 42 17"),
            // a zero that is dialled from abroad too
            ("+39 06 698 12345", "", "+39 06 6981 2345"),
            ("020 7946 0000", "GB", "+44 20 7946 0000"),
            ("+44 20 7946 0000", "FR", "+44 20 7946 0000"),
            // extensions
            ("+33 5 61 00 42 17 ext. 12", "", "+33 5 61 00 42 17 ext. 12"),
            ("05 61 00 42 17, poste 12", "FR", "+33 5 61 00 42 17 ext. 12"),
            ("+33561004217;ext=12", "", "+33 5 61 00 42 17 ext. 12"),
            ("+1 (415) 555-2671 x123", "", "+1 415-555-2671 ext. 123"),
            ("+49 89 123456 #12", "", "+49 89 123456 ext. 12"),
        ] {
            assert_eq!(shown(text, country), expected, "{text} {country}");
        }
    }

    #[test]
    fn what_is_not_understood_stays_as_written() {
        for (text, country, expected) in [
            ("05 61 00 42 17", "", "05 61 00 42 17"),
            ("4217", "FR", "4217"),
            ("+33 1", "", "+33 1"),
            ("33", "", "it is not a telephone number"),
            ("+99 123 456", "", "+99 123 456"),
            ("05 61 00 42 17 / 18", "FR", "05 61 00 42 17 / 18"),
            ("05 61 00 42 17 (home)", "FR", "it is not a telephone number"),
            ("+1 800 FLOWERS", "", "it is not a telephone number"),
            ("", "FR", "it is empty"),
        ] {
            assert_eq!(shown(text, country), expected, "{text} {country}");
        }
    }

    #[test]
    fn what_is_typed_becomes_international_or_is_refused() {
        let entered = |text, country: &str| {
            entered(text, country.parse().ok()).map_or_else(|problem| problem.to_string(), |phone| phone.to_string())
        };
        for (text, country, kept) in [
            ("05 61 00 42 17", "FR", "+33 5 61 00 42 17"),
            ("٠٥ ٦١ ٠٠ ٤٢ ١٧", "FR", "+33 5 61 00 42 17"),
            ("05 61 00 42 17 poste 12", "FR", "+33 5 61 00 42 17 ext. 12"),
            ("020 7946 0000", "GB", "+44 20 7946 0000"),
            // within the house, and of nobody knows which country
            ("4217", "FR", "4217"),
            ("05 61 00 42 17", "", "05 61 00 42 17"),
            ("05 61 00", "", "05 61 00"),
        ] {
            assert_eq!(entered(text, country), kept, "{text} {country}");
        }
        let refused = TextProblem::ImpossiblePhone.to_string();
        for (text, country) in [
            ("+33 1", ""),
            ("+33 5 61 00 42 17 99", "FR"),
            ("05 61 00 42 1", "FR"),
            ("+99 123 456", ""),
            ("+33 5 61", "FR"),
        ] {
            assert_eq!(entered(text, country), refused, "{text} {country}");
        }
        assert_eq!(entered("call me", "FR"), TextProblem::NotAPhone.to_string());
    }

    #[test]
    fn what_is_shown_is_dialled() {
        let phone = read("05 61 00 42 17", "fr".parse().ok()).unwrap();
        assert_eq!(phone.dialled(), "+33561004217");
        let phone = read("05 61 00 42 17 poste 0012", "fr".parse().ok()).unwrap();
        assert_eq!(phone.dialled(), "+33561004217;ext=0012");
        assert_eq!(phone.to_string().parse(), Ok(phone));
    }

    #[test]
    fn a_country_is_one_that_has_numbers() {
        assert_eq!("fr".parse::<Country>().unwrap().to_string(), "FR");
        for wrong in ["", "F", "FRA", "UK", "ZZ", "001", "Fr!", "é"] {
            assert_eq!(wrong.parse::<Country>(), Err(NoCountry), "{wrong}");
        }
        let json = serde_json::to_string(&"GB".parse::<Country>().unwrap()).unwrap();
        assert_eq!(
            (json.as_str(), serde_json::from_str::<Country>(&json).unwrap().to_string().as_str()),
            ("\"GB\"", "GB")
        );
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(
            text in "(\\+|00|0)?[1-9][0-9 .()/-]{2,16}( ?(x|ext\\.? ?|poste )[0-9]{1,5})?",
            country in prop_oneof![Just(""), Just("FR"), Just("IT"), Just("US"), Just("DE"), Just("AR"), Just("MX"), Just("BR")],
        ) {
            let country = country.parse().ok();
            if let Ok(once) = read(&text, country) {
                prop_assert_eq!(read(once.as_str(), country), Ok(once));
            }
        }

        #[test]
        fn nothing_that_was_a_number_is_lost(text in "\\PC{0,40}") {
            if text.parse::<Phone>().is_ok() {
                prop_assert!(read(&text, "FR".parse().ok()).is_ok());
            }
        }
    }
}
