//! The configuration, typed. Its keys are described in each template's `plugin.toml`.

use estampe_plugin_sdk::{Failure, SignatureInput, TemplateHost, config};

use crate::{colour, html};

/// A picture and its size in pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// `https:` or `cid:`.
    pub address: String,
    /// Its width.
    pub width: u32,
    /// Its height.
    pub height: u32,
}

/// Words that stand before values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Language of the signature.
    pub language: &'static str,
    /// Before a fixed telephone.
    pub phone: &'static str,
    /// Before a mobile telephone.
    pub mobile: &'static str,
    /// What a link to the business card says.
    pub card: &'static str,
    /// Between such a word and the value.
    pub colon: &'static str,
}

/// Each language has its own space before the colon.
const FRENCH: Labels =
    Labels { language: "fr", phone: "Tél.", mobile: "Mobile", card: "Ma carte de visite", colon: "\u{a0}: " };
const ENGLISH: Labels =
    Labels { language: "en", phone: "Phone", mobile: "Mobile", card: "My business card", colon: ": " };

/// What an administrator set, for a signature in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The picture beside it.
    pub logo: Option<Picture>,
    /// The accent.
    pub colour: String,
    /// What stands below it.
    pub notice: Option<String>,
    /// The words of the language.
    pub labels: Labels,
}

impl Options {
    /// Reads it; `logo` is the size of a logo whose own is not set, both ways.
    pub fn read(host: &dyn TemplateHost, input: &SignatureInput, logo: u32) -> Result<Self, Failure> {
        let labels = if input.is_in("en") { ENGLISH } else { FRENCH };
        Ok(Self {
            logo: picture(host, "logo", (logo, logo))?,
            colour: accent(host)?,
            notice: labels.of(host, "legal-notice"),
            labels,
        })
    }

    /// The colour of texts that stand out: the accent, unless it is too light to be read.
    pub fn ink(&self) -> &str {
        if colour::is_readable(&self.colour) { &self.colour } else { html::INK }
    }
}

impl Labels {
    /// The value of `KEY-fr` or `KEY-en`, whichever is that of the language; else the other.
    pub fn of(&self, host: &dyn TemplateHost, key: &str) -> Option<String> {
        let value = |language: &str| config::get(host, &format!("{key}-{language}"));
        let other = if *self == ENGLISH { FRENCH } else { ENGLISH };
        value(self.language).or_else(|| value(other.language))
    }
}

/// The picture at `KEY`, with its `KEY-width` and `KEY-height`.
pub fn picture(host: &dyn TemplateHost, key: &str, usual: (u32, u32)) -> Result<Option<Picture>, Failure> {
    let Some(address) = config::get(host, key) else { return Ok(None) };
    if !["https://", "cid:"].iter().any(|scheme| address.starts_with(scheme)) {
        return Err(Failure::config(format!(
            "`{key}` is an address that begins with https:// or, for an attached picture, cid:",
        )));
    }
    let size = |side, usual| {
        let expected = format!("a number of pixels, such as {usual}");
        Ok::<_, Failure>(config::parse(host, &format!("{key}-{side}"), &expected)?.unwrap_or(usual))
    };
    Ok(Some(Picture { address, width: size("width", usual.0)?, height: size("height", usual.1)? }))
}

fn accent(host: &dyn TemplateHost) -> Result<String, Failure> {
    let Some(colour) = config::get(host, "colour") else { return Ok("#1a4d8f".to_owned()) };
    if colour::is_hex(&colour) {
        return Ok(colour);
    }
    Err(Failure::config("`colour` is written #rrggbb, such as #1a4d8f"))
}
