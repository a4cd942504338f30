//! How many requests the intake takes: from one client, and from all of them.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// So many a second, after so many at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) per_second: u32,
    pub(crate) burst: u32,
}

/// One client. An SDK sends at most 32 requests at once, and hardly one a second later on.
const CLIENT: Rate = Rate { per_second: 20, burst: 100 };
/// All clients.
const ALL: Rate = Rate { per_second: 1000, burst: 1000 };
/// How many clients are known at a time.
const CLIENTS: usize = 10_000;

/// Counts requests. What is kept is bounded: of more clients than fit, those that have not asked for longest are forgotten.
///
/// Written here because limiters that are to be had as crates keep all keys that they have seen.
pub(crate) struct Limits(Mutex<State>);

struct State {
    all: Bucket,
    recent: HashMap<Option<IpAddr>, Bucket>,
    older: HashMap<Option<IpAddr>, Bucket>,
}

impl Limits {
    pub(crate) fn new(now: Instant) -> Self {
        let all = Bucket::full(ALL, now);
        Self(Mutex::new(State { all, recent: HashMap::new(), older: HashMap::new() }))
    }

    /// Whether one more request is taken of a client, which is a [`network`]; those without an address, on a Unix socket, are one.
    pub(crate) fn take(&self, client: Option<IpAddr>, now: Instant) -> bool {
        let mut state = self.0.lock();
        let known = state.recent.remove(&client).or_else(|| state.older.remove(&client));
        let mut bucket = known.unwrap_or_else(|| Bucket::full(CLIENT, now));
        if state.recent.len() >= CLIENTS / 2 {
            state.older = std::mem::take(&mut state.recent);
        }
        // One client that asks too often takes nothing from the others.
        let is_taken = bucket.take(CLIENT, now) && state.all.take(ALL, now);
        state.recent.insert(client, bucket);
        is_taken
    }
}

/// Addresses that one client has many of: of IPv6, a /56.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 72 << 72).into(),
        address => address,
    }
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Self {
        Self { tokens: f64::from(rate.burst), at: now }
    }

    fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let passed: Duration = now.saturating_duration_since(self.at);
        let tokens = self.tokens + passed.as_secs_f64() * f64::from(rate.per_second);
        self.tokens = tokens.min(f64::from(rate.burst));
        self.at = self.at.max(now);
        let is_taken = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(is_taken));
        is_taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u32) -> Option<IpAddr> {
        Some(IpAddr::from(number.to_be_bytes()))
    }

    #[test]
    fn rum_20_a_client_has_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let limits = Limits::new(start);
        let taken = |client, at| (0..200).filter(|_| limits.take(client, at)).count();
        assert_eq!(taken(client(1), start), 100);
        assert_eq!(taken(client(2), start), 100);
        assert_eq!(taken(client(1), start + Duration::from_millis(500)), 10);
        assert_eq!(taken(None, start), 100);
    }

    #[test]
    fn rum_20_all_clients_together_have_a_limit_too() {
        let start = Instant::now();
        let limits = Limits::new(start);
        assert_eq!((0..2000).filter(|number| limits.take(client(*number), start)).count(), 1000);
    }

    #[test]
    fn any_number_of_clients_takes_bounded_memory() {
        let start = Instant::now();
        let limits = Limits::new(start);
        for number in 0..50_000 {
            limits.take(client(number), start);
        }
        let state = limits.0.lock();
        assert!(state.recent.len() + state.older.len() <= CLIENTS);
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_client() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2ff::1"), of("2001:db8:1:200::2"));
        assert_ne!(of("2001:db8:1:300::1"), of("2001:db8:1:200::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
