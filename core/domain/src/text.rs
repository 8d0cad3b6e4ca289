//! Text from outside, parsed: one line, a paragraph, an e-mail address, a link.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Why a text was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextProblem {
    /// Nothing but white space.
    #[error("it is empty")]
    Empty,
    /// More characters than are kept.
    #[error("it is longer than {0} characters")]
    TooLong(usize),
    /// Control characters, which no name or number has.
    #[error("it contains control characters")]
    Control,
    /// Not an e-mail address.
    #[error("it is not an e-mail address")]
    NotAnEmail,
    /// An address with a comma for a dot: what was probably meant.
    #[error("it contains a comma; did you mean {0}?")]
    Comma(String),
    /// No `@` in it.
    #[error("there is no @ in it")]
    NoAt,
    /// Not a telephone number.
    #[error("it is not a telephone number")]
    NotAPhone,
    /// A number that no country has: too short, too long, or of a country that is none.
    #[error("there is no such telephone number: look at its digits, and at its country's code after the +")]
    ImpossiblePhone,
    /// Not an absolute http or https URL.
    #[error("it is not a web address beginning with https:// or http://")]
    NotALink,
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextProblem;

            fn try_from(text: String) -> Result<Self, TextProblem> {
                text.parse()
            }
        }
    };
}

/// Text as lists are sorted and searched: lower case, without accents, so that
/// "lefevre" finds Lefèvre and É stands beside E.
pub fn folded(text: &str) -> String {
    unaccented(text).flat_map(char::to_lowercase).collect()
}

/// The letters of a text without what stands above or below them.
pub fn unaccented(text: &str) -> impl Iterator<Item = char> {
    text.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c))
}

/// Characters that reorder or hide text: they could make a name lie.
fn is_invisible_control(c: char) -> bool {
    c.is_control() || is_direction(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Marks of direction (UAX #9) and of the order of octets. Nobody sees or types them: keyboards and address
/// books put them around what was written from right to left, and around numbers.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Text without the marks of direction around it, and without those inside that override nothing.
fn without_marks(text: &str) -> Cow<'_, str> {
    let text = text.trim_matches(|c: char| is_direction(c) || c.is_whitespace());
    let harmless = |c: char| is_direction(c) && !matches!(c, '\u{202d}' | '\u{202e}');
    if text.contains(harmless) { text.replace(harmless, "").into() } else { text.into() }
}

text_type! {
    /// One line: composed (NFC), trimmed, inner white space folded, without marks of direction,
    /// 1 to 200 characters, no control or bidirectional-override characters.
    Line
}

impl Line {
    /// Most characters in one.
    pub const MAX: usize = 200;
}

impl FromStr for Line {
    type Err = TextProblem;

    fn from_str(text: &str) -> Result<Self, TextProblem> {
        let text = without_marks(text);
        // nearly every text is composed already
        let composed: Cow<'_, str> = match is_nfc_quick(text.chars()) {
            IsNormalized::Yes => text,
            IsNormalized::No | IsNormalized::Maybe => text.nfc().collect(),
        };
        let mut folded = String::with_capacity(composed.len());
        for word in composed.split_whitespace() {
            if !folded.is_empty() {
                folded.push(' ');
            }
            folded.push_str(word);
        }
        if folded.is_empty() {
            return Err(TextProblem::Empty);
        }
        if folded.chars().count() > Self::MAX {
            return Err(TextProblem::TooLong(Self::MAX));
        }
        if folded.chars().any(is_invisible_control) {
            return Err(TextProblem::Control);
        }
        Ok(Self(folded))
    }
}

text_type! {
    /// Several lines: trimmed, line ends as `\n`, 1 to 2,000 characters.
    Paragraph
}

impl Paragraph {
    /// Most characters in one.
    pub const MAX: usize = 2000;
}

impl FromStr for Paragraph {
    type Err = TextProblem;

    fn from_str(text: &str) -> Result<Self, TextProblem> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.trim();
        if text.is_empty() {
            return Err(TextProblem::Empty);
        }
        if text.chars().count() > Self::MAX {
            return Err(TextProblem::TooLong(Self::MAX));
        }
        if text.chars().any(|c| c != '\n' && c != '\t' && is_invisible_control(c)) {
            return Err(TextProblem::Control);
        }
        Ok(Self(text.to_owned()))
    }
}

text_type! {
    /// An e-mail address (RFC 5321 mailbox with a dotted domain), at most 254 octets.
    Email
}

impl Email {
    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl FromStr for Email {
    type Err = TextProblem;

    fn from_str(text: &str) -> Result<Self, TextProblem> {
        let mut text = without_marks(text);
        // what a keyboard for Chinese or Japanese types
        if !text.contains('@') && text.contains('＠') {
            text = text.replace('＠', "@").into();
        }
        let text = text.as_ref();
        if text.is_empty() {
            return Err(TextProblem::Empty);
        }
        if text.len() > 254 {
            return Err(TextProblem::TooLong(254));
        }
        if text.chars().any(is_invisible_control) {
            return Err(TextProblem::Control);
        }
        let options =
            email_address::Options::default().without_display_text().without_domain_literal().with_required_tld();
        if email_address::EmailAddress::parse_with_options(text, options).is_ok() {
            return Ok(Self(text.to_owned()));
        }
        let Some((_, domain)) = text.rsplit_once('@') else {
            return Err(TextProblem::NoAt);
        };
        let mended = text.replace(',', ".");
        if domain.contains(',') && email_address::EmailAddress::parse_with_options(&mended, options).is_ok() {
            return Err(TextProblem::Comma(domain.replace(',', ".")));
        }
        Err(TextProblem::NotAnEmail)
    }
}

text_type! {
    /// A telephone number as people write it: digits with the usual signs between,
    /// 3 to 20 digits, and perhaps an extension (` ext. 12`). Kept as written, but for digits and
    /// signs of other scripts, which become those that are dialled; what a directory gives is made
    /// international by [`mapping`](crate::mapping).
    Phone
}

/// What stands between a number and its extension.
pub(crate) const EXTENSION: &str = " ext. ";

/// How else people write that an extension follows.
const EXTENSIONS: &[&str] = &["ext.", "ext", "extension", "x", "#", "poste", "p."];

/// The zeros of scripts whose digits keyboards type: Arabic, Persian, Devanagari, Bengali, Thai, wide.
const ZEROS: &[char] = &['\u{0660}', '\u{06f0}', '\u{0966}', '\u{09e6}', '\u{0e50}', '\u{ff10}'];

/// A sign of a number as it is dialled.
fn dialled_sign(c: char) -> char {
    let digit = |zero: &char| u32::from(c).checked_sub(u32::from(*zero)).and_then(|d| char::from_digit(d, 10));
    match c {
        '＋' => '+',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '－' => '-',
        '（' => '(',
        '）' => ')',
        _ if c.is_ascii() => c,
        _ => ZEROS.iter().find_map(digit).unwrap_or(c),
    }
}

/// A number whose extension is written as [`EXTENSION`] has it, where there is one.
fn with_extension(number: &str) -> String {
    let end = number.trim_end_matches(|c: char| c.is_ascii_digit());
    let extension = number.get(end.len()..).unwrap_or_default();
    let end = end.trim_end();
    let lower = end.to_lowercase();
    let mark = EXTENSIONS.iter().filter(|mark| lower.ends_with(**mark)).max_by_key(|mark| mark.len());
    match mark.and_then(|mark| end.get(..end.len().checked_sub(mark.len())?)) {
        Some(number) if !extension.is_empty() => {
            format!("{}{EXTENSION}{extension}", number.trim_end_matches([' ', ',', ';']))
        }
        _ => number.to_owned(),
    }
}

impl Phone {
    /// Only what a `tel:` URI dials (RFC 3966): an optional `+`, the digits, the extension.
    pub fn dialled(&self) -> String {
        let (number, extension) = self.0.split_once(EXTENSION).unwrap_or((&self.0, ""));
        // "+33 (0)5 …": the zero in brackets is not dialled from abroad
        let text = if number.starts_with('+') { number.replace("(0)", "") } else { number.to_owned() };
        let mut dialled: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        if !extension.is_empty() {
            dialled.push_str(";ext=");
            dialled.push_str(extension);
        }
        dialled
    }
}

impl FromStr for Phone {
    type Err = TextProblem;

    fn from_str(text: &str) -> Result<Self, TextProblem> {
        let dialled: String = text.chars().filter(|c| !is_direction(*c)).map(dialled_sign).collect();
        let line = Line(with_extension(dialled.parse::<Line>()?.as_str()));
        let (number, extension) = line.0.split_once(EXTENSION).unwrap_or((&line.0, "0"));
        let digits = number.chars().filter(char::is_ascii_digit).count();
        let shape = number.char_indices().all(|(at, c)| match c {
            '+' => at == 0,
            c => c.is_ascii_digit() || " .-()/\u{a0}\u{202f}".contains(c),
        });
        let extends = (1..=7).contains(&extension.len()) && extension.bytes().all(|octet| octet.is_ascii_digit());
        if !shape || !extends || !(3..=20).contains(&digits) {
            return Err(TextProblem::NotAPhone);
        }
        Ok(Self(line.0))
    }
}

text_type! {
    /// An absolute `https:` or `http:` URL without credentials, at most 2,000 octets; `www.…` is taken for one with
    /// `https:`.
    Link
}

impl Link {
    /// The host, for people to read.
    pub fn host(&self) -> String {
        url::Url::parse(&self.0).ok().and_then(|url| url.host_str().map(ToOwned::to_owned)).unwrap_or_default()
    }
}

impl FromStr for Link {
    type Err = TextProblem;

    fn from_str(text: &str) -> Result<Self, TextProblem> {
        let text = text.trim();
        if text.len() > 2000 {
            return Err(TextProblem::TooLong(2000));
        }
        // "www." is how people say that it is one
        let www = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."))
            && text.get(4..).is_some_and(|rest| rest.contains('.'));
        let whole = if www { Cow::Owned(format!("https://{text}")) } else { Cow::Borrowed(text) };
        let url = url::Url::parse(&whole).map_err(|_| TextProblem::NotALink)?;
        let web = matches!(url.scheme(), "https" | "http") && url.host_str().is_some();
        if !web || !url.username().is_empty() || url.password().is_some() {
            return Err(TextProblem::NotALink);
        }
        Ok(Self(url.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_an_address_is_answered_with_what_was_meant() {
        assert_eq!("amelie.traore@atelier,fr".parse::<Email>(), Err(TextProblem::Comma("atelier.fr".into())));
        assert_eq!("amelie".parse::<Email>(), Err(TextProblem::NoAt));
        assert_eq!("a b@c.fr".parse::<Email>(), Err(TextProblem::NotAnEmail));
        assert_eq!("\"x\" <a@b.fr>".parse::<Email>(), Err(TextProblem::NotAnEmail));
        assert!("zoé@exämple.fr".parse::<Email>().is_ok());
    }

    #[test]
    fn header_injection_is_no_address() {
        assert_eq!("a@b.fr\r\nBcc: c@d.fr".parse::<Email>(), Err(TextProblem::Control));
    }

    #[test]
    fn lines_fold_white_space_and_refuse_overrides() {
        assert_eq!("  Zoé \t Lefèvre ".parse::<Line>().unwrap().as_str(), "Zoé Lefèvre");
        assert_eq!("abc\u{202e}def".parse::<Line>(), Err(TextProblem::Control));
        assert_eq!(" \n ".parse::<Line>(), Err(TextProblem::Empty));
    }

    #[test]
    fn a_number_is_dialled_without_its_ornaments() {
        let phone: Phone = "+33 (0)5 61.00-42/17".parse().unwrap();
        assert_eq!(phone.dialled(), "+33561004217");
        assert_eq!("call me".parse::<Phone>(), Err(TextProblem::NotAPhone));
    }

    #[test]
    fn what_other_keyboards_and_address_books_give_is_taken() {
        for (typed, kept) in [
            ("٠٦١٢٣٤٥٦٧٨", "0612345678"),
            ("۰۶ ۱۲ ۳۴", "06 12 34"),
            ("＋３３６１２３４５６７８", "+33612345678"),
            ("+33 6\u{2011}12\u{2011}34\u{2011}56\u{2011}78", "+33 6-12-34-56-78"),
            ("\u{202d}+33 6 12 34 56 78\u{202c}", "+33 6 12 34 56 78"),
            ("+1 555 010 0199 x12", "+1 555 010 0199 ext. 12"),
            ("+1 555 010 0199, Ext. 12", "+1 555 010 0199 ext. 12"),
            ("01 40 20 50 50 poste 417", "01 40 20 50 50 ext. 417"),
            ("+33 1 40 20 50 50 ext. 417", "+33 1 40 20 50 50 ext. 417"),
        ] {
            let phone: Phone = typed.parse().unwrap_or_else(|e| panic!("{typed}: {e}"));
            assert_eq!(phone.as_str(), kept);
            assert_eq!(kept.parse::<Phone>(), Ok(phone), "what is kept is read again as it is");
        }
        for bad in ["x12", "06 1y 34", "٠٦١٢ call"] {
            assert_eq!(bad.parse::<Phone>(), Err(TextProblem::NotAPhone), "{bad}");
        }
        assert_eq!("amelie＠atelier.fr".parse::<Email>().unwrap().as_str(), "amelie@atelier.fr");
        assert_eq!("\u{200f}דוד כהן\u{200f}".parse::<Line>().unwrap().as_str(), "דוד כהן");
        assert_eq!("דוד\u{200f} כהן".parse::<Line>().unwrap().as_str(), "דוד כהן");
        assert_eq!("\u{200f}".parse::<Line>(), Err(TextProblem::Empty));
    }

    #[test]
    fn links_are_web_addresses_without_credentials() {
        for bad in ["javascript:alert(1)", "https://u:p@x.fr/", "x.fr", "file:///etc/passwd"] {
            assert_eq!(bad.parse::<Link>(), Err(TextProblem::NotALink), "{bad}");
        }
        for (typed, kept) in
            [("www.atelier.fr", "https://www.atelier.fr/"), ("WWW.atelier.fr/a?b", "https://www.atelier.fr/a?b")]
        {
            assert_eq!(typed.parse::<Link>().map(String::from), Ok(kept.to_owned()));
        }
        for bad in ["www.", "www.u:p@x.fr", "www. x.fr"] {
            assert_eq!(bad.parse::<Link>(), Err(TextProblem::NotALink), "{bad}");
        }
    }
}
