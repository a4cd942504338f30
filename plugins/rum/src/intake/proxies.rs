//! Proxies that are not trusted: whose requests say whom they are for, and are not believed.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use http::{HeaderMap, HeaderName};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::bounds::Client;

pub(super) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How many are known at a time.
const MOST: usize = 1000;
/// How often one is told of, and any.
const EACH: Duration = Duration::from_secs(3600);
const ANY: Duration = Duration::from_secs(60);

/// Knows who says that it asks for others. Of what they say it keeps no address.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    state: Mutex<State>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct State {
    known: HashMap<Client, Known>,
    told: Option<Instant>,
}

#[derive(Debug)]
struct Known {
    /// A number for what it said first.
    first: u64,
    /// It has said something else, too: a browser behind no proxy has one address.
    asks_for_several: bool,
    told: Option<Instant>,
}

impl Proxies {
    /// A request of `peer`, which says whom it is for.
    pub(super) fn saw(&self, peer: Client, headers: &HeaderMap) {
        let said: Vec<_> = headers.get_all(FORWARDED_FOR).iter().map(|value| value.as_bytes()).collect();
        let said = self.hasher.hash_one(said);
        let known = &mut self.state.lock().known;
        if known.len() >= MOST && !known.contains_key(&peer) {
            // Those that go on are known again with their next two requests.
            known.clear();
        }
        let new = Known { first: said, asks_for_several: false, told: None };
        let peer = known.entry(peer).or_insert(new);
        peer.asks_for_several |= peer.first != said;
    }

    /// Whether it is time to tell of `peer`.
    pub(super) fn is_to_be_told(&self, peer: Client) -> bool {
        let now = Instant::now();
        let is_over = |told: Option<Instant>, time| told.is_none_or(|told| now >= told + time);
        let mut state = self.state.lock();
        let is_time = is_over(state.told, ANY);
        let known = state.known.get_mut(&peer);
        let Some(known) =
            known.filter(|known| is_time && known.asks_for_several && is_over(known.told, EACH))
        else {
            return false;
        };
        (known.told, state.told) = (Some(now), Some(now));
        true
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use tokio::time::advance;

    use super::*;

    fn saw(proxies: &Proxies, peer: u32, said: &'static str) {
        let headers = HeaderMap::from_iter([(FORWARDED_FOR, HeaderValue::from_static(said))]);
        proxies.saw(Client::numbered(peer), &headers);
    }

    #[tokio::test(start_paused = true)]
    async fn rum_55_who_asks_for_several_is_told_again_after_an_hour_and_who_asks_for_one_never() {
        let proxies = Proxies::default();
        let is_told = |peer| proxies.is_to_be_told(Client::numbered(peer));
        for peer in [1, 1, 2, 3] {
            saw(&proxies, peer, "192.0.2.1");
        }
        assert!(!is_told(1));
        saw(&proxies, 2, "192.0.2.2");
        saw(&proxies, 3, "192.0.2.2");
        assert_eq!([is_told(2), is_told(2), is_told(3)], [true, false, false], "one a minute");
        advance(ANY).await;
        assert_eq!([is_told(2), is_told(3)], [false, true]);
        advance(EACH).await;
        assert_eq!([is_told(1), is_told(2)], [false, true]);
    }

    #[test]
    fn any_number_of_them_takes_bounded_memory() {
        let proxies = Proxies::default();
        for peer in 0..MOST as u32 * 3 / 2 {
            saw(&proxies, peer, "192.0.2.1");
        }
        assert_eq!(proxies.state.lock().known.len(), MOST / 2);
    }
}
