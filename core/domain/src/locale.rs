//! The two languages that Estampe is written in.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language of the user interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// French
    Fr,
    /// English
    En,
}

impl Locale {
    /// Every language, in the order they are offered.
    pub const ALL: [Self; 2] = [Self::Fr, Self::En];

    /// The language subtag (BCP 47), as used in `lang` attributes and URLs.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// The other one, for the link that changes language.
    pub const fn other(self) -> Self {
        match self {
            Self::Fr => Self::En,
            Self::En => Self::Fr,
        }
    }

    /// Chooses by an `Accept-Language` header (RFC 9110, 12.5.4): the supported
    /// language of highest weight, the first named among equals, else `fallback`.
    pub fn negotiate(accept_language: &str, fallback: Self) -> Self {
        let mut best: Option<(u16, Self)> = None;
        for range in accept_language.split(',').take(32) {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let quality = parts.find_map(|p| p.trim().strip_prefix("q=")).map_or(Some(1000), quality);
            let (Some(quality), Ok(locale)) = (quality, tag.parse::<Self>()) else {
                continue;
            };
            if quality > 0 && best.is_none_or(|(q, _)| quality > q) {
                best = Some((quality, locale));
            }
        }
        best.map_or(fallback, |(_, locale)| locale)
    }
}

/// A `qvalue` in thousandths; `None` when it is malformed.
fn quality(text: &str) -> Option<u16> {
    let value: f32 = text.trim().parse().ok()?;
    (0.0..=1.0).contains(&value).then(|| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
        let thousandths = (value * 1000.0).round() as u16;
        thousandths
    })
}

impl FromStr for Locale {
    type Err = ();

    /// Reads the primary language of a tag: `fr`, `fr-CH`, `EN_us`.
    fn from_str(tag: &str) -> Result<Self, ()> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|l| l.tag().eq_ignore_ascii_case(primary)).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_supported_language_wins() {
        let cases = [
            ("", Locale::En),
            ("fr", Locale::Fr),
            ("de, fr;q=0.4, en;q=0.3", Locale::Fr),
            ("en;q=0.5, fr;q=0.9", Locale::Fr),
            ("fr;q=0, en;q=0.1", Locale::En),
            ("fr;q=banana, en", Locale::En),
            ("FR-ca", Locale::Fr),
            ("*", Locale::En),
        ];
        for (header, wanted) in cases {
            assert_eq!(Locale::negotiate(header, Locale::En), wanted, "{header}");
        }
    }
}
