//! What Google knows while it runs.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::people::People;
use super::{pages, people, sign_in};

#[derive(Default)]
pub(super) struct State {
    pub(super) people: People,
    /// Scopes that the domain's administrator gave the service account.
    pub(super) delegated: BTreeSet<String>,
    pub(super) access: HashMap<String, Access>,
    pub(super) refresh: HashMap<String, Access>,
    pub(super) codes: HashMap<String, sign_in::Code>,
    pub(super) pages: HashMap<String, pages::Place>,
    /// Who is signed in in the browser that comes to consent.
    pub(super) browser: Option<String>,
    pub(super) units: BTreeMap<String, u64>,
    /// Units of the last minute, all mailboxes together.
    pub(super) window: VecDeque<(Instant, u64)>,
    pub(super) spent: u64,
    /// So many units a minute are the project's; nothing: Google's own number.
    pub(super) quota: Option<u64>,
    pub(super) number: u64,
}

/// What a token is good for.
#[derive(Debug, Clone)]
pub(super) struct Access {
    /// The user's id.
    pub(super) user: String,
    pub(super) scopes: BTreeSet<String>,
    pub(super) expires: i64,
    /// Made for the service account rather than with the user's consent.
    pub(super) delegated: bool,
    /// The refresh token or the consent that it came from.
    pub(super) grant: u64,
}

impl State {
    pub(super) fn next(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// A token that nobody guesses from the one before.
    pub(super) fn secret(&mut self, prefix: &str) -> String {
        let number = self.next();
        let tail = people::etag(format!("{prefix}{number}").as_bytes());
        format!("{prefix}{}", tail.trim_matches('"'))
    }

    /// Takes units from the project's minute; false: there are no more.
    pub(super) fn spend(&mut self, mailbox: &str, units: u64) -> bool {
        let now = Instant::now();
        while let Some((_, old)) = self.window.pop_front_if(|(at, _)| now.duration_since(*at) >= Duration::from_mins(1))
        {
            self.spent -= old;
        }
        if self.spent + units > self.quota.unwrap_or(1_200_000) {
            return false;
        }
        self.spent += units;
        self.window.push_back((now, units));
        *self.units.entry(mailbox.to_owned()).or_default() += units;
        true
    }

    pub(super) fn give(&mut self, access: Access) -> String {
        let token = self.secret("ya29.");
        self.access.insert(token.clone(), access);
        token
    }
}
