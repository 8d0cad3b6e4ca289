//! Bundles and installed plugins: what came in a file, what an administrator made of it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::manifest::{Asked, PluginInfo};
use crate::permission::{Grants, Permission};
use crate::time::Ts;

/// Who signed a bundle. A signature that does not fit is no fact but an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Signature {
    /// By a key that the configuration trusts.
    Trusted {
        /// Its id, as minisign prints it.
        key: String,
    },
    /// By a key that the configuration does not name.
    Unknown {
        /// Its id.
        key: String,
    },
    /// By a key that the configuration has revoked.
    Revoked {
        /// Its id.
        key: String,
    },
    /// Nobody signed it.
    None,
}

/// Octets of a bundle, the whole file.
pub const MAX_BUNDLE: u64 = 73 << 20;

/// What is wrong with a bundle that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BundleProblem {
    /// It is no bundle, or a damaged one.
    Unreadable,
    /// It is larger than [`MAX_BUNDLE`].
    TooLarge,
    /// Its manifest says what cannot be.
    Manifest,
    /// It was built for a version of the contract that is not spoken here.
    Contract,
    /// Its component cannot be compiled, or does not fit the contract.
    Component,
    /// Its signature does not fit: it was changed after it was signed.
    Changed,
    /// Nobody signed it.
    Unsigned,
    /// It was signed with this key, which the configuration does not name.
    UnknownKey(String),
    /// It was signed with this key, which the configuration has revoked.
    RevokedKey(String),
    /// It is not the bundle's fault: it could not be looked at here.
    Host,
}

/// Why a bundle is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleRefusal {
    /// What is wrong.
    pub problem: BundleProblem,
    /// The same for an administrator, in detail, beginning with "it".
    pub words: String,
}

impl BundleRefusal {
    /// A refusal for this, in these words.
    pub fn new(problem: BundleProblem, words: impl Into<String>) -> Self {
        Self { problem, words: words.into() }
    }
}

impl fmt::Display for BundleRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// What a bundle is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleFacts {
    /// What its manifest says.
    pub info: PluginInfo,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Who signed it.
    pub signature: Signature,
    /// Its `README.md`, as it came.
    #[serde(skip)]
    pub readme: Option<String>,
}

/// What a plugin used since it was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PluginUsage {
    /// Calls.
    pub calls: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Their time, waiting included.
    pub time: Duration,
    /// Memory of the largest, octets.
    pub memory: u64,
}

/// What an administrator made of a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginState {
    /// It runs when it is asked.
    Enabled,
    /// An administrator switched it off.
    Disabled,
    /// It failed too often in a row by its own fault, and waits for an administrator.
    Paused,
}

impl PluginState {
    /// As the database keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Paused => "paused",
        }
    }

    /// What the database kept.
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Enabled, Self::Disabled, Self::Paused].into_iter().find(|state| state.as_str() == text)
    }
}

/// A version of a plugin that was installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledVersion {
    /// What its manifest says.
    pub info: PluginInfo,
    /// SHA-256 of its bundle, hexadecimal.
    pub sha256: String,
    /// Who had signed it when it was installed.
    pub signature: Signature,
    /// When.
    pub installed_at: Ts,
}

/// An installed plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledPlugin {
    /// Its id.
    pub id: String,
    /// What an administrator made of it.
    pub state: PluginState,
    /// The version in use; none as long as the first one waits for its grants.
    pub current: Option<InstalledVersion>,
    /// The version before, to which a rollback goes.
    pub previous: Option<InstalledVersion>,
    /// A version that asks for more than was granted, and waits.
    pub waiting: Option<InstalledVersion>,
    /// What was granted.
    pub grants: Grants,
    /// Calls that failed in a row by its own fault.
    pub failures: u32,
    /// Why it was paused, or could not be loaded.
    pub problem: Option<String>,
}

impl InstalledPlugin {
    /// The version that people should look at: the one that waits, else the one in use.
    pub fn newest(&self) -> Option<&InstalledVersion> {
        self.waiting.as_ref().or(self.current.as_ref())
    }

    /// What a version asks for and was not granted.
    pub fn ungranted(&self, version: &InstalledVersion) -> Vec<Asked> {
        version.info.asked().into_iter().filter(|asked| !self.grants.cover(&asked.permission)).collect()
    }

    /// Who signed the version in use and who the one that waits, where those are not the same.
    pub fn other_signer(&self) -> Option<(&Signature, &Signature)> {
        let (current, waiting) = (&self.current.as_ref()?.signature, &self.waiting.as_ref()?.signature);
        (current != waiting).then_some((current, waiting))
    }

    /// What a version asks for beyond what the version in use asks for.
    pub fn asks_more(&self, version: &InstalledVersion) -> Vec<Asked> {
        let before: Grants = self.current.iter().flat_map(|v| v.info.asked()).map(|asked| asked.permission).collect();
        version.info.asked().into_iter().filter(|asked| !before.cover(&asked.permission)).collect()
    }

    /// What the version in use asks for and a version asks for no longer.
    pub fn asks_no_longer(&self, version: &InstalledVersion) -> Vec<Permission> {
        let after: Grants = version.info.asked().into_iter().map(|asked| asked.permission).collect();
        let before = self.current.iter().flat_map(|current| current.info.asked());
        before.map(|asked| asked.permission).filter(|asked| !after.cover(asked)).collect()
    }
}
