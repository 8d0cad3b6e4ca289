//! What the part that holds the certificates tells the pages, while both run.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;

use crate::state::LocalRoot;

/// Something that works and deserves a look; the log and `estampe doctor` say more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Stable, for machines.
    pub code: &'static str,
    /// One sentence. It names no file: the health checks ask for no account.
    pub text: &'static str,
}

/// Shared by the server, which writes, and the applications, which read.
#[derive(Debug, Default)]
pub struct TlsFacts(RwLock<Facts>);

#[derive(Debug, Default)]
struct Facts {
    root: Option<Arc<LocalRoot>>,
    /// ACME's answers by their tokens.
    challenges: BTreeMap<String, String>,
    /// By the part that they come from.
    warnings: BTreeMap<&'static str, Vec<Warning>>,
}

impl TlsFacts {
    /// The root certificate that `/ca` hands out.
    pub fn set_root(&self, root: Option<LocalRoot>) {
        self.write(|facts| facts.root = root.map(Arc::new));
    }

    /// Answers this token of an http-01 challenge with this text.
    pub fn add_challenge(&self, token: String, answer: String) {
        self.write(|facts| {
            facts.challenges.insert(token, answer);
        });
    }

    /// Answers no token any more.
    pub fn clear_challenges(&self) {
        self.write(|facts| facts.challenges.clear());
    }

    /// Replaces what one part warns of.
    pub fn set_warnings(&self, part: &'static str, warnings: Vec<Warning>) {
        self.write(|facts| {
            facts.warnings.insert(part, warnings);
        });
    }

    /// Everything that is warned of.
    pub fn warnings(&self) -> Vec<Warning> {
        self.read(|facts| facts.warnings.values().flatten().copied().collect())
    }

    pub(crate) fn root(&self) -> Option<Arc<LocalRoot>> {
        self.read(|facts| facts.root.clone())
    }

    pub(crate) fn challenge(&self, token: &str) -> Option<String> {
        self.read(|facts| facts.challenges.get(token).cloned())
    }

    // a writer that panicked left a value whole: each change is one assignment

    fn read<T>(&self, ask: impl FnOnce(&Facts) -> T) -> T {
        ask(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}
