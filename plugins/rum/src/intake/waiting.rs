//! Whose requests wait for Datadog's answer: a few of each client, and not many in all.
//!
//! A browser has six connections to a host, and an SDK fills five of them when answers do not come: the portal's own requests
//! would stand behind its events. The backend has `greenroom.server.maxConnections`, of which each that waits holds one.

use std::{collections::HashMap, net::IpAddr};

use parking_lot::Mutex;

/// How many of one client.
const OF_ONE: usize = 2;
/// How many in all.
const OF_ALL: usize = 32;

/// Counts them. A client is known while it waits, and no longer.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    all: usize,
    of: HashMap<Option<IpAddr>, usize>,
}

impl Waiting {
    /// A place for one more; `None` if this client or all together have as many as they may.
    pub(crate) fn place(&self, client: Option<IpAddr>) -> Option<Place<'_>> {
        let mut state = self.0.lock();
        let of_client = state.of.get(&client).copied().unwrap_or_default();
        if state.all == OF_ALL || of_client == OF_ONE {
            return None;
        }
        state.all += 1;
        state.of.insert(client, of_client + 1);
        Some(Place { waiting: self, client })
    }
}

/// Given back when dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    waiting: &'a Waiting,
    client: Option<IpAddr>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.waiting.0.lock();
        state.all -= 1;
        if let Some(of_client) = state.of.get_mut(&self.client) {
            *of_client -= 1;
            if *of_client == 0 {
                state.of.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn rum_51_a_client_has_its_places_and_nobody_elses() {
        let waiting = Waiting::default();
        let places: Vec<_> = (0..OF_ONE).map(|_| waiting.place(client(1)).unwrap()).collect();
        assert!(waiting.place(client(1)).is_none() && waiting.place(None).is_some());
        drop(places);
        assert!(waiting.0.lock().of.is_empty());
        assert!(waiting.place(client(1)).is_some());
    }

    #[test]
    fn rum_51_all_clients_together_have_no_more_than_so_many_places() {
        let waiting = Waiting::default();
        let mut places: Vec<_> = (0..OF_ALL as u8).map(|last| waiting.place(client(last)).unwrap()).collect();
        assert!(waiting.place(client(200)).is_none());
        places.pop();
        assert!(waiting.place(client(200)).is_some());
    }
}
