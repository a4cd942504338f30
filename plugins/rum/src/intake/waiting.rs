//! Whose requests wait for Datadog's answer: a few of each client.
//!
//! A browser has six connections to a host, and an SDK fills five of them when answers do not come: the portal's own requests
//! would stand behind its events.

use std::{collections::HashMap, net::IpAddr};

use parking_lot::Mutex;

/// How many of one client.
const MOST: usize = 2;

/// Counts them. A client is known while it waits, and no longer.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<HashMap<Option<IpAddr>, usize>>);

impl Waiting {
    /// A place for one more; `None` if this client has as many as it may.
    pub(crate) fn place(&self, client: Option<IpAddr>) -> Option<Place<'_>> {
        let mut counts = self.0.lock();
        let count = counts.entry(client).or_default();
        if *count == MOST {
            return None;
        }
        *count += 1;
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
        let mut counts = self.waiting.0.lock();
        if let Some(count) = counts.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rum_51_a_client_has_its_places_and_nobody_elses() {
        let (waiting, one, other) = (Waiting::default(), Some(IpAddr::from([127, 0, 0, 1])), None);
        let places: Vec<_> = (0..MOST).map(|_| waiting.place(one).unwrap()).collect();
        assert!(waiting.place(one).is_none() && waiting.place(other).is_some());
        drop(places);
        assert!(waiting.0.lock().is_empty());
        assert!(waiting.place(one).is_some());
    }
}
