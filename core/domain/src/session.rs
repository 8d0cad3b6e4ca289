//! Signed-in browsers, and what else shows who somebody is.

use std::fmt;

use crate::ids::{FactorId, SessionId};
use crate::text::Line;
use crate::time::Ts;

/// How somebody showed who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// By the account's password.
    Password,
    /// By a passkey that checked its holder: two factors in one.
    Passkey,
    /// By a one-time token: the first run's, an invitation's, a reset's.
    Token,
    /// By a provider, with its name.
    Provider(String),
}

impl How {
    /// As it is stored.
    pub fn as_stored(&self) -> &str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Token => "token",
            Self::Provider(name) => name,
        }
    }

    /// Reads what was stored.
    pub fn from_stored(text: &str) -> Self {
        match text {
            "password" => Self::Password,
            "passkey" => Self::Passkey,
            "token" => Self::Token,
            name => Self::Provider(name.to_owned()),
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_stored())
    }
}

/// What a browser says of itself, as far as it is kept: `Firefox · Linux`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent(String);

impl Agent {
    /// Takes what was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// Browser and system of a `User-Agent` (RFC 9110, 10.1.5); nothing else of it is kept.
    pub fn of_header(header: &str) -> Self {
        // a browser names those that it is like after itself, and the more special comes first
        let browsers = [
            ("Edg", "Edge"),
            ("OPR/", "Opera"),
            ("SamsungBrowser/", "Samsung Internet"),
            ("Firefox/", "Firefox"),
            ("FxiOS/", "Firefox"),
            ("CriOS/", "Chrome"),
            ("Chrome/", "Chrome"),
            ("Safari/", "Safari"),
            ("curl/", "curl"),
        ];
        let systems = [
            ("Android", "Android"),
            ("iPhone", "iOS"),
            ("iPad", "iPadOS"),
            ("CrOS", "ChromeOS"),
            ("Windows", "Windows"),
            ("Macintosh", "macOS"),
            ("Linux", "Linux"),
        ];
        let find = |known: &[(&str, &'static str)]| {
            known.iter().find(|(mark, _)| header.contains(mark)).map(|(_, name)| *name)
        };
        Self([find(&browsers), find(&systems)].into_iter().flatten().collect::<Vec<_>>().join(" · "))
    }

    /// The words; empty where nothing is known.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A session as its account sees it.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// Its id.
    pub id: SessionId,
    /// How it was begun.
    pub how: How,
    /// Which browser.
    pub agent: Agent,
    /// The address that it was begun from.
    pub address: String,
    /// When it was begun.
    pub begun: Ts,
    /// When it was last used, to five minutes.
    pub seen: Ts,
    /// Whether a second factor was shown.
    pub with_factor: bool,
}

/// A kind of second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorKind {
    /// A passkey or security key (WebAuthn).
    Passkey,
    /// An app that shows codes (TOTP, RFC 6238).
    Totp,
}

impl FactorKind {
    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::Totp => "totp",
        }
    }

    /// Reads what was stored.
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Passkey, Self::Totp].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A second factor of an account.
#[derive(Clone, Debug)]
pub struct Factor {
    /// Its id.
    pub id: FactorId,
    /// Its kind.
    pub kind: FactorKind,
    /// What its holder calls it.
    pub name: Line,
    /// Since when.
    pub created_at: Ts,
    /// When it was last used.
    pub used_at: Option<Ts>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_browser_its_name_and_system_are_kept() {
        for (header, words) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox · Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0",
                "Edge · Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
                "Safari · iOS",
            ),
            (
                "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
                "Chrome · Android",
            ),
            ("<script>alert(1)</script>", ""),
        ] {
            assert_eq!(Agent::of_header(header).as_str(), words);
        }
    }
}
