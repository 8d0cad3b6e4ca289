//! Tokens, kept in memory alone. For each credential one slot: who holds it fetches, the
//! others wait for what comes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use estampe_domain::Ts;
use estampe_domain::credential::Secret;
use estampe_domain::plugin::{FailKind, PluginFailure};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::keys::Key;
use super::oauth::Fetched;

/// Slots kept.
const MAX_SLOTS: usize = 256;
/// Keys that mean one slot: what a run began with, and what took its place meanwhile.
const MAX_PLACES: usize = 8;
/// A refusal is not asked for again so soon, in seconds: a wrong secret, tried two hundred
/// times a call, locks an account.
const REFUSED: i64 = 10;

/// All slots.
#[derive(Default)]
pub struct Tokens {
    slots: Mutex<Slots>,
}

#[derive(Default)]
struct Slots {
    by_key: HashMap<Key, (Arc<AsyncMutex<Slot>>, u64)>,
    /// Of which credential a key is, whomever it acts for.
    families: HashMap<Key, Key>,
    uses: u64,
}

/// What is known of one credential.
#[derive(Default)]
pub struct Slot {
    token: Option<(Secret, Ts)>,
    refresh: Option<Secret>,
    /// The refresh token that stands in the configuration since one took the place of that
    /// which the slot began with.
    pub kept: Option<Secret>,
    refused: Option<(PluginFailure, Ts)>,
}

impl Tokens {
    /// The slot, once nobody else holds it.
    pub async fn slot(&self, key: Key, family: Key) -> OwnedMutexGuard<Slot> {
        let slot = {
            let mut all = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            all.uses += 1;
            let turn = all.uses;
            if all.by_key.len() >= MAX_SLOTS && !all.by_key.contains_key(&key) {
                all.forget_oldest();
            }
            all.families.insert(key, family);
            let (slot, used) = all.by_key.entry(key).or_default();
            *used = turn;
            Arc::clone(slot)
        };
        slot.lock_owned().await
    }

    /// From now on `key` means this slot too: what takes the place of a credential is kept
    /// where that one is. Of the places before it the last few stay.
    pub fn also(&self, key: Key, slot: &OwnedMutexGuard<Slot>) {
        let slot = OwnedMutexGuard::mutex(slot);
        let mut all = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = all.by_key.iter().filter(|(_, (other, _))| Arc::ptr_eq(other, slot));
        let mut mine: Vec<_> = mine.map(|(key, (_, used))| (*used, *key)).collect();
        mine.sort_unstable();
        if let Some(family) = mine.first().and_then(|(_, key)| all.families.get(key)).copied() {
            all.families.insert(key, family);
        }
        for (_, old) in mine.iter().rev().skip(MAX_PLACES - 1) {
            all.by_key.remove(old);
        }
        if all.by_key.len() >= MAX_SLOTS {
            all.forget_oldest();
        }
        all.uses += 1;
        let turn = all.uses;
        all.by_key.insert(key, (Arc::clone(slot), turn));
    }

    /// Drops a token that was refused, unless another took its place.
    pub async fn forget(&self, key: Key, family: Key, token: &Secret) {
        let mut slot = self.slot(key, family).await;
        if slot.token.as_ref().is_some_and(|(kept, _)| kept == token) {
            slot.token = None;
        }
    }
}

impl Tokens {
    /// Takes all that is kept of a credential, whomever it acts for.
    pub async fn take(&self, family: Key) -> Vec<Secret> {
        let slots: Vec<_> = {
            let mut all = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            let keys: Vec<_> = all.families.iter().filter(|(_, of)| **of == family).map(|(key, _)| *key).collect();
            keys.iter().filter_map(|key| Some(all.by_key.remove(key)?.0)).collect()
        };
        let mut tokens = Vec::new();
        for slot in slots {
            let mut slot = slot.lock().await;
            tokens.extend(slot.token.take().map(|(token, _)| token));
            tokens.extend(slot.refresh.take());
        }
        tokens
    }
}

impl Slots {
    /// Of those that nobody uses just now.
    fn forget_oldest(&mut self) {
        let mut places: HashMap<*const AsyncMutex<Slot>, (usize, u64)> = HashMap::new();
        for (slot, used) in self.by_key.values() {
            let (count, last) = places.entry(Arc::as_ptr(slot)).or_default();
            (*count, *last) = (*count + 1, (*last).max(*used));
        }
        let place = |slot: &Arc<AsyncMutex<Slot>>| places.get(&Arc::as_ptr(slot)).copied().unwrap_or_default();
        let idle = self.by_key.values().map(|(slot, _)| slot).filter(|slot| Arc::strong_count(slot) == place(slot).0);
        if let Some(oldest) = idle.min_by_key(|slot| place(slot).1).map(Arc::as_ptr) {
            self.by_key.retain(|_, (slot, _)| Arc::as_ptr(slot) != oldest);
            let Self { by_key, families, .. } = self;
            families.retain(|key, _| by_key.contains_key(key));
        }
    }
}

impl Slot {
    /// A token that is good for a while yet, or the refusal of a moment ago.
    pub fn good(&self, now: Ts) -> Result<Option<Secret>, PluginFailure> {
        if let Some((token, until)) = &self.token
            && *until > now
        {
            return Ok(Some(token.clone()));
        }
        match &self.refused {
            Some((failure, at)) if (0..REFUSED).contains(&now.seconds_since(*at)) => Err(failure.clone()),
            _ => Ok(None),
        }
    }

    /// The next request has a new one; a refusal of a moment ago still counts.
    pub fn drop_token(&mut self) {
        self.token = None;
    }

    /// The refresh token that took the configured one's place.
    pub fn refresh(&self) -> Option<Secret> {
        self.refresh.clone()
    }

    /// Keeps what came.
    pub fn store(&mut self, fetched: Result<Fetched, PluginFailure>, now: Ts) -> Result<Secret, PluginFailure> {
        match fetched {
            Ok(Fetched { token, until, refresh }) => {
                self.token = Some((token.clone(), until));
                self.refused = None;
                if refresh.is_some() {
                    self.refresh = refresh;
                }
                Ok(token)
            }
            Err(failure) => {
                self.token = None;
                if failure.kind == FailKind::Auth {
                    // the configured one may be good where its follower is not
                    self.refresh = None;
                    self.refused = Some((failure.clone(), now));
                }
                Err(failure)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn slots_are_bounded_and_those_in_use_stay() {
        let tokens = Tokens::default();
        let key = |number: u16| {
            let mut key = [0; 32];
            key[..2].copy_from_slice(&number.to_be_bytes());
            key
        };
        let held = tokens.slot(key(0), key(0)).await;
        for number in 1..600 {
            tokens.slot(key(number), key(number)).await;
        }
        {
            let slots = tokens.slots.lock().unwrap();
            assert_eq!(slots.by_key.len(), MAX_SLOTS);
            assert!(slots.by_key.contains_key(&key(0)) && slots.by_key.contains_key(&key(599)));
            assert!(!slots.by_key.contains_key(&key(1)));
        }
        // one that is rotated again and again takes a few places, and can be forgotten
        for number in 1_000..2_000 {
            tokens.also(key(number), &held);
        }
        let of_it = |tokens: &Tokens| {
            let slots = tokens.slots.lock().unwrap();
            assert!(slots.by_key.len() <= MAX_SLOTS);
            (1_000..2_000).filter(|number| slots.by_key.contains_key(&key(*number))).count()
        };
        assert_eq!(of_it(&tokens), MAX_PLACES);
        drop(held);
        for number in 2_000..2_600 {
            tokens.slot(key(number), key(number)).await;
        }
        assert_eq!(of_it(&tokens), 0);
    }
}
