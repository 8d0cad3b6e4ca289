//! How many connections one client may hold open.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::edge::ClientAddress;

/// Counts connections by client.
pub struct Places {
    /// The most for one client; 0 for no limit.
    limit: u32,
    /// Those that speak for many: trusted proxies.
    exempt: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
    held: Mutex<HashMap<u128, u32>>,
}

/// A connection's place; given back when it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    client: Option<u128>,
}

impl Places {
    /// So many for one client (0: no limit), none counted for whom `exempt` names.
    pub fn new(limit: u32, exempt: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { limit, exempt: Box::new(exempt), held: Mutex::default() })
    }

    /// A place for this address, when one is left.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        if self.limit == 0 || (self.exempt)(address.to_canonical()) {
            return Some(Place { places: Arc::clone(self), client: None });
        }
        let client = ClientAddress::new(address).unit();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(client).or_insert(0);
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Place { places: Arc::clone(self), client: Some(client) })
    }
}

impl Place {
    /// Whether it is counted for one client, rather than a proxy's or without limit.
    pub(super) fn is_of_one_client(&self) -> bool {
        self.client.is_some()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut held = self.places.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                held.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_and_given_back() {
        let places = Places::new(2, |address| address.is_loopback());
        let one = IpAddr::from([192, 0, 2, 1]);
        let first = places.take(one).unwrap();
        let second = places.take(one).unwrap();
        assert!(places.take(one).is_none());
        assert!(places.take(IpAddr::from([192, 0, 2, 2])).is_some(), "another client");
        drop(first);
        let third = places.take(one).unwrap();
        let local: Vec<_> = (0..10).map(|_| places.take(IpAddr::from([127, 0, 0, 1])).unwrap()).collect();
        drop((local, second, third));
        assert!(places.held.lock().unwrap().is_empty());
    }
}
