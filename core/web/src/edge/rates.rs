//! How often one client may ask, and how many leads a client and a card may take.
//!
//! Counted by the generic cell rate algorithm: half of a minute's budget may come at
//! once, the rest comes back evenly. The counts stand in a table of fixed size, found
//! by a hash whose key only this process knows: no request allocates, no flood of
//! addresses makes it grow, nothing has to be cleaned. Two clients share a count once
//! in 65,536 pairs; what that costs is patience.

use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZeroU32;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use estampe_domain::{ApiTokenId, PublicId};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::{NoOpMiddleware, RateLimitingMiddleware, StateInformationMiddleware};
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use crate::edge::{ClientAddress, EdgeSettings};

/// Counts in a table: half a MiB.
const COUNTS: usize = 1 << 16;

/// A table of counts; the key is a hash.
struct Table(Box<[InMemoryState]>);

impl StateStore for Table {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let at = usize::try_from(*key).unwrap_or_default() % self.0.len().max(1);
        match self.0.get(at) {
            Some(count) => count.measure_and_replace(&NotKeyed::NonKey, decide),
            // a table is never empty
            None => decide(None).map(|(outcome, _)| outcome),
        }
    }
}

/// A budget per key.
struct Budget<M: RateLimitingMiddleware<<DefaultClock as Clock>::Instant> = NoOpMiddleware> {
    limiter: RateLimiter<u64, Table, DefaultClock, M>,
    clock: DefaultClock,
    hasher: RandomState,
}

impl Budget {
    /// So many a minute, half of them at once; none for no limit.
    fn a_minute(number: u32) -> Option<Self> {
        let burst = NonZeroU32::new(number.div_ceil(2))?;
        let quota = Quota::per_minute(NonZeroU32::new(number)?).allow_burst(burst);
        let table = Table(std::iter::repeat_with(InMemoryState::default).take(COUNTS).collect());
        let clock = DefaultClock::default();
        Some(Self { limiter: RateLimiter::new(quota, table, clock.clone()), clock, hasher: RandomState::new() })
    }

    /// Takes one, or says how many seconds to wait for the next.
    fn take(&self, key: impl std::hash::Hash) -> Result<(), u64> {
        self.limiter.check_key(&self.hasher.hash_one(key)).map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            // never 0: a client that comes at once would be refused again
            wait.as_secs() + 1
        })
    }
}

/// How much of a budget is left, as headers say it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    /// How many may come at once.
    most: u32,
    /// How many of those are left.
    now: u32,
    /// How many come back in a minute.
    a_minute: u32,
}

impl Left {
    /// The fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers).
    pub(crate) fn set(self, headers: &mut HeaderMap) {
        let seconds = |count: u32| (u64::from(count) * 60).div_ceil(u64::from(self.a_minute.max(1)));
        let fields = [
            ("ratelimit-policy", format!("\"token\";q={};w={}", self.most, seconds(self.most))),
            ("ratelimit", format!("\"token\";r={};t={}", self.now, seconds(self.most.saturating_sub(self.now)))),
        ];
        for (name, value) in fields {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// A budget that tells how much of it is left.
struct ToldBudget {
    budget: Budget<StateInformationMiddleware>,
    a_minute: u32,
}

impl ToldBudget {
    fn a_minute(number: u32) -> Option<Self> {
        let Budget { limiter, clock, hasher } = Budget::a_minute(number)?;
        let budget = Budget { limiter: limiter.with_middleware(), clock, hasher };
        Some(Self { budget, a_minute: number })
    }

    fn take(&self, key: impl std::hash::Hash) -> Result<Left, u64> {
        let Budget { limiter, clock, hasher } = &self.budget;
        match limiter.check_key(&hasher.hash_one(key)) {
            Ok(state) => Ok(Left {
                most: state.quota().burst_size().get(),
                now: state.remaining_burst_capacity(),
                a_minute: self.a_minute,
            }),
            Err(refused) => Err(refused.wait_time_from(clock.now()).as_secs() + 1),
        }
    }
}

/// Every budget, shared by all workers.
pub(crate) struct Rates {
    tokens: Option<ToldBudget>,
    wrong_tokens: Option<Budget>,
    requests: Option<Budget>,
    forms: Option<Budget>,
    leads: Option<Budget>,
    repeats: Option<Budget>,
    card_leads: Option<Budget>,
}

impl Rates {
    pub(super) fn new(settings: &EdgeSettings) -> Self {
        Self {
            tokens: ToldBudget::a_minute(settings.api_requests_per_minute),
            wrong_tokens: Budget::a_minute(settings.api_requests_per_minute.div_ceil(10)),
            requests: Budget::a_minute(settings.requests_per_minute),
            forms: Budget::a_minute(settings.requests_per_minute),
            leads: Budget::a_minute(settings.leads_per_minute),
            repeats: Budget::a_minute(settings.leads_per_minute.saturating_mul(10)),
            card_leads: Budget::a_minute(settings.card_leads_per_minute),
        }
    }

    /// A request by this token: what is left where there is a limit, or how many seconds to
    /// wait.
    pub(crate) fn token(&self, token: ApiTokenId) -> Result<Option<Left>, u64> {
        self.tokens.as_ref().map(|budget| budget.take(token)).transpose()
    }

    /// A token of this client that opens nothing.
    pub(crate) fn wrong_token(&self, client: ClientAddress) -> Result<(), u64> {
        take(self.wrong_tokens.as_ref(), client.unit())
    }

    /// A request of this client, whatever it asks for; the error is how many seconds
    /// to wait.
    pub(super) fn request(&self, client: ClientAddress) -> Result<(), u64> {
        take(self.requests.as_ref(), client.unit())
    }

    /// A form of this client, whatever is in it: as many as requests, counted apart.
    pub(super) fn form(&self, client: ClientAddress) -> Result<(), u64> {
        take(self.forms.as_ref(), client.unit())
    }

    /// A try of this client to leave details; the error is how many seconds to wait.
    pub(crate) fn lead(&self, client: ClientAddress) -> Result<(), u64> {
        take(self.leads.as_ref(), client.unit())
    }

    /// Details that would be stored at this card, of whomever.
    pub(crate) fn card_lead(&self, card: &PublicId) -> Result<(), u64> {
        take(self.card_leads.as_ref(), card.as_str())
    }

    /// A look for what this client, who is over its limit, left before.
    pub(crate) fn repeat(&self, client: ClientAddress) -> Result<(), u64> {
        take(self.repeats.as_ref(), client.unit())
    }
}

fn take(budget: Option<&Budget>, key: impl std::hash::Hash) -> Result<(), u64> {
    budget.map_or(Ok(()), |budget| budget.take(key))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn rates(requests: u32, leads: u32, card_leads: u32) -> Rates {
        Rates::new(&EdgeSettings {
            requests_per_minute: requests,
            leads_per_minute: leads,
            card_leads_per_minute: card_leads,
            ..EdgeSettings::default()
        })
    }

    fn client(n: u32) -> ClientAddress {
        ClientAddress::new(Ipv4Addr::from(n).into())
    }

    fn card(n: u8) -> PublicId {
        format!("{n:0<26}").parse().unwrap()
    }

    #[test]
    fn half_of_a_minute_comes_at_once_and_the_rest_is_waited_for() {
        let rates = rates(60, 0, 0);
        let taken = (0..60).filter(|_| rates.request(client(1)).is_ok()).count();
        // one more comes back each second
        assert!((30..=35).contains(&taken), "{taken}");
        let wait = rates.request(client(1)).unwrap_err();
        assert!((1..=2).contains(&wait), "{wait}");
        assert!(rates.request(client(2)).is_ok(), "another client has a budget of its own");
    }

    #[test]
    fn leads_are_counted_by_client_and_by_card() {
        let rates = rates(0, 4, 6);
        let taken = |clients: std::ops::Range<u32>, at: &PublicId| {
            clients.filter(|n| rates.lead(client(*n)).is_ok() && rates.card_lead(at).is_ok()).count()
        };
        assert_eq!((0..9).filter(|_| rates.lead(client(1)).is_ok()).count(), 2, "of one client");
        assert_eq!(taken(10..30, &card(2)), 3, "at one card");
        assert_eq!(taken(30..33, &card(3)), 3, "at another");
    }

    #[test]
    fn zero_is_no_limit_and_one_is_one() {
        let open = rates(0, 0, 0);
        assert!((0..10_000).all(|_| open.request(client(1)).is_ok()
            && open.lead(client(1)).is_ok()
            && open.card_lead(&card(1)).is_ok()));
        let narrow = rates(1, 0, 0);
        assert!(narrow.request(client(1)).is_ok());
        assert!((55..=60).contains(&narrow.request(client(1)).unwrap_err()));
    }

    #[test]
    fn a_flood_of_addresses_leaves_a_table_of_its_size() {
        let rates = rates(10, 0, 0);
        let refused = (0..200_000).filter(|n| rates.request(client(*n)).is_err()).count();
        // shared counts refuse some of them, three to a count on average and five at once
        assert!(refused < 40_000, "{refused}");
        assert_eq!(size_of::<InMemoryState>() * COUNTS, 1 << 19);
    }
}
