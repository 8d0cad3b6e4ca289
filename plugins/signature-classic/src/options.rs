//! The configuration, typed. Its keys are described in `plugin.toml`.

use estampe_plugin_sdk::{Failure, SignatureInput, TemplateHost, config};

/// A picture and its size in pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
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
    /// Between such a word and the value.
    pub colon: &'static str,
}

/// Each language has its own space before the colon.
const FRENCH: Labels = Labels { language: "fr", phone: "Tél.", mobile: "Mobile", colon: "\u{a0}: " };
const ENGLISH: Labels = Labels { language: "en", phone: "Phone", mobile: "Mobile", colon: ": " };

/// What an administrator set, for a signature in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The picture beside it.
    pub logo: Option<Logo>,
    /// Of the name and of links.
    pub colour: String,
    /// What stands below it.
    pub notice: Option<String>,
    /// The words of the language.
    pub labels: Labels,
}

impl Options {
    /// Reads it.
    pub fn read(host: &dyn TemplateHost, input: &SignatureInput) -> Result<Self, Failure> {
        let labels = if input.is_in("en") { ENGLISH } else { FRENCH };
        let notice = |language: &str| config::get(host, &format!("legal-notice-{language}"));
        let other = if labels == ENGLISH { FRENCH } else { ENGLISH };
        Ok(Self {
            logo: logo(host)?,
            colour: colour(host)?,
            notice: notice(labels.language).or_else(|| notice(other.language)),
            labels,
        })
    }
}

fn logo(host: &dyn TemplateHost) -> Result<Option<Logo>, Failure> {
    let Some(address) = config::get(host, "logo") else { return Ok(None) };
    if !["https://", "cid:"].iter().any(|scheme| address.starts_with(scheme)) {
        return Err(Failure::config(
            "`logo` is an address that begins with https:// or, for an attached picture, cid:",
        ));
    }
    let size = |key| Ok::<_, Failure>(config::parse(host, key, "a number of pixels, such as 96")?.unwrap_or(96));
    Ok(Some(Logo { address, width: size("logo-width")?, height: size("logo-height")? }))
}

fn colour(host: &dyn TemplateHost) -> Result<String, Failure> {
    let Some(colour) = config::get(host, "colour") else { return Ok("#1a4d8f".to_owned()) };
    let fits = |hex: &str| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    if colour.strip_prefix('#').is_some_and(fits) {
        return Ok(colour);
    }
    Err(Failure::config("`colour` is written #rrggbb, such as #1a4d8f"))
}
