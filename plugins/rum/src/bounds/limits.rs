//! How many requests are taken: of all clients, and of one of them.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::Client;

/// So many a second, after so many at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) per_second: u32,
    pub(crate) burst: u32,
}

/// How many clients are known at a time.
const CLIENTS: usize = 10_000;

/// Counts requests. What is kept is bounded: of more clients than fit, those that have not asked for longest are forgotten.
///
/// Written here because limiters that are to be had as crates keep all keys that they have seen.
pub(crate) struct Limits {
    all: Rate,
    of_one: Rate,
    state: Mutex<State>,
}

struct State {
    all: Bucket,
    recent: HashMap<Client, Bucket>,
    older: HashMap<Client, Bucket>,
}

impl Limits {
    pub(crate) fn new(all: Rate, of_one: Rate, now: Instant) -> Self {
        let state = State { all: Bucket::full(all, now), recent: HashMap::new(), older: HashMap::new() };
        Self { all, of_one, state: Mutex::new(state) }
    }

    /// Whether one more request is taken of this client.
    pub(crate) fn take(&self, client: Client, now: Instant) -> bool {
        let mut state = self.state.lock();
        let known = state.recent.remove(&client).or_else(|| state.older.remove(&client));
        let mut bucket = known.unwrap_or_else(|| Bucket::full(self.of_one, now));
        if state.recent.len() >= CLIENTS / 2 {
            state.older = std::mem::take(&mut state.recent);
        }
        // One client that asks too often takes nothing from the others.
        let is_taken = bucket.take(self.of_one, now) && state.all.take(self.all, now);
        state.recent.insert(client, bucket);
        is_taken
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

    const OF_ONE: Rate = Rate { per_second: 20, burst: 100 };

    fn limits(now: Instant) -> Limits {
        Limits::new(Rate { per_second: 1000, burst: 1000 }, OF_ONE, now)
    }

    fn client(number: u32) -> Client {
        Client::numbered(number)
    }

    #[test]
    fn rum_20_a_client_has_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let limits = limits(start);
        let taken = |client, at| (0..200).filter(|_| limits.take(client, at)).count();
        assert_eq!(taken(client(1), start), 100);
        assert_eq!(taken(client(2), start), 100);
        assert_eq!(taken(client(1), start + Duration::from_millis(500)), 10);
        assert_eq!(taken(Client::at(None), start), 100);
    }

    #[test]
    fn rum_20_all_clients_together_have_a_limit_too() {
        let start = Instant::now();
        let limits = limits(start);
        assert_eq!((0..2000).filter(|number| limits.take(client(*number), start)).count(), 1000);
    }

    #[test]
    fn any_number_of_clients_takes_bounded_memory() {
        let start = Instant::now();
        let limits = limits(start);
        for number in 0..50_000 {
            limits.take(client(number), start);
        }
        let state = limits.state.lock();
        assert!(state.recent.len() + state.older.len() <= CLIENTS);
    }
}
