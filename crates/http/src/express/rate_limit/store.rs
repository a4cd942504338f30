//! What is remembered of clients: how many requests each sent in its window.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// So many clients are kept in each of two generations, about 10 MB in all.
pub(crate) const MOST_CLIENTS: usize = 50_000;

/// Clients by address, those without one as one, in two generations: who did not come for a window is forgotten with the older one.
pub(crate) struct Store {
    window: Duration,
    most: usize,
    young: HashMap<Option<IpAddr>, Client>,
    old: HashMap<Option<IpAddr>, Client>,
    turned: Instant,
}

/// One client's window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) hits: u64,
    pub(crate) reset: Instant,
    /// The same for people, in milliseconds since 1970.
    pub(crate) reset_epoch: u128,
}

impl Store {
    pub(crate) fn new(window: Duration, most: usize, now: Instant) -> Self {
        Self { window, most, young: HashMap::new(), old: HashMap::new(), turned: now }
    }

    /// Counts a request.
    pub(crate) fn hit(&mut self, address: Option<IpAddr>, now: Instant) -> Client {
        // When there are too many clients, those that did not come lately are forgotten early.
        let full = self.young.len() >= self.most && !self.young.contains_key(&address);
        if full || now.duration_since(self.turned) >= self.window {
            self.old = std::mem::take(&mut self.young);
            self.turned = now;
        }
        let fresh =
            || Client { hits: 0, reset: now + self.window, reset_epoch: epoch() + self.window.as_millis() };
        let old = &mut self.old;
        let client = self.young.entry(address).or_insert_with(|| old.remove(&address).unwrap_or_else(fresh));
        if client.reset <= now {
            *client = fresh();
        }
        client.hits += 1;
        *client
    }

    /// Takes a request back, if it was counted in the window that ends then.
    pub(crate) fn take_back(&mut self, address: Option<IpAddr>, reset: Instant) {
        let client = self.young.get_mut(&address).or_else(|| self.old.get_mut(&address));
        if let Some(client) = client.filter(|client| client.reset == reset) {
            client.hits = client.hits.saturating_sub(1);
        }
    }
}

fn epoch() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(10);

    fn address(n: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(n.into()))
    }

    #[test]
    fn a_window_begins_with_its_clients_first_request() {
        let start = Instant::now();
        let mut store = Store::new(WINDOW, 10, start);
        let hits =
            |store: &mut Store, seconds| store.hit(address(1), start + Duration::from_secs(seconds)).hits;
        assert_eq!([0, 4, 9, 10, 19, 20].map(|at| hits(&mut store, at)), [1, 2, 3, 1, 2, 1]);
        assert_eq!(hits(&mut store, 100), 1);
    }

    #[test]
    fn what_is_taken_back_is_of_the_same_window() {
        let start = Instant::now();
        let mut store = Store::new(WINDOW, 10, start);
        let first = store.hit(address(1), start);
        store.take_back(address(1), first.reset);
        assert_eq!(store.hit(address(1), start).hits, 1);
        let next = store.hit(address(1), start + WINDOW);
        store.take_back(address(1), first.reset);
        assert_eq!((next.hits, store.hit(address(1), start + WINDOW).hits), (1, 2));
    }

    #[test]
    fn clients_are_forgotten_after_two_windows_or_when_there_are_too_many() {
        let start = Instant::now();
        let mut store = Store::new(WINDOW, 10, start);
        for n in 0..1000 {
            store.hit(address(n), start);
            store.hit(address(7), start);
            assert!(store.young.len() <= 10 && store.old.len() <= 10);
        }
        assert_eq!(store.hit(address(7), start).hits, 1002);
        store.hit(address(1), start + WINDOW);
        store.hit(address(1), start + WINDOW * 2);
        assert_eq!((store.young.len(), store.old.len()), (1, 0));
    }
}
