//! How often somebody may be wrong.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

/// How many wrong tokens and codes a client may send within the window.
pub(crate) const MOST: u32 = 10;
pub(crate) const WINDOW: Duration = Duration::from_secs(60);
/// Of how many clients is known how often they were wrong; the one that is known for the longest is forgotten.
const CLIENTS: usize = 1024;

/// A client, as far as it can be told from others: peers on a Unix socket are one.
pub(crate) type Client = Option<IpAddr>;

/// What somebody's claim to know a secret comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    Right,
    /// It was right once. Nobody guesses such a one: who brings it followed a link twice, or was the slower of two.
    Used,
    Wrong,
}

impl From<bool> for Claim {
    fn from(is_right: bool) -> Self {
        if is_right { Self::Right } else { Self::Wrong }
    }
}

/// Who was wrong lately.
#[derive(Default)]
pub(crate) struct Guesses(Mutex<HashMap<Client, Wrong>>);

struct Wrong {
    since: Instant,
    times: u32,
}

impl Guesses {
    /// How long this client is told to wait, since it was wrong too often.
    pub(crate) fn wait(&self, client: Client) -> Option<Duration> {
        let mut all = self.0.lock();
        let wrong = all.get(&key(client))?;
        let left = (wrong.since + WINDOW).saturating_duration_since(Instant::now());
        if left.is_zero() {
            all.remove(&key(client));
            return None;
        }
        (wrong.times >= MOST).then_some(left)
    }

    /// Notes that it was wrong, and says whether that was the last time for a while.
    pub(crate) fn wrong(&self, client: Client) -> bool {
        let now = Instant::now();
        let mut all = self.0.lock();
        if all.len() >= CLIENTS && !all.contains_key(&key(client)) {
            all.retain(|_, wrong| now < wrong.since + WINDOW);
            if all.len() >= CLIENTS
                && let Some(oldest) = all.iter().min_by_key(|(_, wrong)| wrong.since).map(|(key, _)| *key)
            {
                all.remove(&oldest);
            }
        }
        let wrong = all.entry(key(client)).or_insert(Wrong { since: now, times: 0 });
        if now >= wrong.since + WINDOW {
            *wrong = Wrong { since: now, times: 0 };
        }
        wrong.times = wrong.times.saturating_add(1);
        wrong.times == MOST
    }
}

/// A network of IPv6 is one client: each has more addresses than can be counted.
fn key(client: Client) -> Client {
    client.map(|address| match address {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(text: &str) -> Client {
        Some(text.parse().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_wrong_too_often_waits_and_nobody_else_does() {
        let guesses = Guesses::default();
        let (wrong, other) = (client("192.0.2.1"), client("192.0.2.2"));
        for time in 1..=MOST {
            assert_eq!(guesses.wait(wrong), None);
            assert_eq!(guesses.wrong(wrong), time == MOST);
        }
        assert_eq!((guesses.wait(wrong), guesses.wait(other)), (Some(WINDOW), None));
        tokio::time::advance(WINDOW).await;
        assert_eq!(guesses.wait(wrong), None);
        assert!(!guesses.wrong(wrong), "it begins anew");
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_of_ipv6_is_one_client() {
        let guesses = Guesses::default();
        for last in 1..=MOST {
            guesses.wrong(client(&format!("2001:db8:1:2::{last:x}")));
        }
        assert!(guesses.wait(client("2001:db8:1:2:ffff::1")).is_some());
        assert!(guesses.wait(client("2001:db8:1:3::1")).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_known_of_clients_has_a_bound() {
        let guesses = Guesses::default();
        for at in 0..2 * CLIENTS as u32 {
            guesses.wrong(Some(IpAddr::from((0xC000_0000 + at).to_be_bytes())));
        }
        assert_eq!(guesses.0.lock().len(), CLIENTS);
    }
}
