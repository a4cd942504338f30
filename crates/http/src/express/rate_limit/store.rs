//! What is remembered of clients: how many requests each sent in its window.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// So many clients with a running window are told apart, about 10 MB.
pub(crate) const MOST_CLIENTS: usize = 100_000;

/// Clients by address, those without one as one, and their windows.
///
/// A client is kept until its window is over. Clients that come while the table is full share one count: so they push no
/// other client out, and a client in the table is not refused because of them.
pub(crate) struct Store {
    window: Duration,
    most: usize,
    clients: HashMap<Option<IpAddr>, Client>,
    strangers: Option<Client>,
    swept: Instant,
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
        Self { window, most, clients: HashMap::new(), strangers: None, swept: now }
    }

    /// Counts a request.
    pub(crate) fn hit(&mut self, address: Option<IpAddr>, now: Instant) -> Client {
        let fresh =
            || Client { hits: 0, reset: now + self.window, reset_epoch: epoch() + self.window.as_millis() };
        // Seldom enough that a full table costs each request nothing, often enough that it is not full for long.
        let full = self.clients.len() >= self.most && !self.clients.contains_key(&address);
        let pause = if full { (self.window / 60).min(Duration::from_secs(1)) } else { self.window };
        if now.duration_since(self.swept) >= pause {
            self.clients.retain(|_, client| client.reset > now);
            self.swept = now;
        }
        let client = if self.clients.len() < self.most || self.clients.contains_key(&address) {
            self.clients.entry(address).or_insert_with(fresh)
        } else {
            self.strangers.get_or_insert_with(fresh)
        };
        if client.reset <= now {
            *client = fresh();
        }
        client.hits += 1;
        *client
    }

    /// Takes a request back, if it was counted in the window that ends then.
    pub(crate) fn take_back(&mut self, address: Option<IpAddr>, reset: Instant) {
        let client = self.clients.get_mut(&address).or(self.strangers.as_mut());
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
    fn a_full_table_keeps_whom_it_knows_and_counts_the_rest_as_one() {
        let start = Instant::now();
        let mut store = Store::new(WINDOW, 10, start);
        for n in 0..10 {
            store.hit(address(n), start);
        }
        for n in 10..1000 {
            assert_eq!(store.hit(address(n), start).hits, u64::from(n) - 9);
            assert_eq!(store.clients.len(), 10);
        }
        assert_eq!(store.hit(address(7), start).hits, 2);
        let stranger = store.hit(address(500), start);
        store.take_back(address(500), stranger.reset);
        assert_eq!(store.hit(address(501), start).hits, stranger.hits);
    }

    #[test]
    fn a_window_that_is_over_makes_room() {
        let start = Instant::now();
        let mut store = Store::new(WINDOW, 10, start);
        for n in 0..10 {
            store.hit(address(n), start);
        }
        assert_eq!(store.hit(address(10), start + WINDOW).hits, 1);
        assert_eq!(store.clients.len(), 1);
    }
}
