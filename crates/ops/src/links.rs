//! Codes of links that are good for one sign-in.

use std::{collections::HashMap, io, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{
    guesses::Claim,
    secret::{self, Digest},
};

/// How long one is good.
pub(crate) const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// How many there may be; a new one takes the place of one that was used, or else of the oldest.
const MOST: usize = 16;

/// The codes of the last minutes.
#[derive(Default)]
pub(crate) struct Links(Mutex<HashMap<Digest, Link>>);

struct Link {
    made: Instant,
    is_used: bool,
}

impl Links {
    /// A new code; only its digest is kept.
    pub(crate) fn make(&self) -> io::Result<String> {
        let code = secret::random()?;
        let now = Instant::now();
        let mut all = self.0.lock();
        all.retain(|_, link| now < link.made + LIFETIME);
        let first = all.iter().min_by_key(|(_, link)| (!link.is_used, link.made)).map(|(key, _)| *key);
        if let Some(first) = first.filter(|_| all.len() >= MOST) {
            all.remove(&first);
        }
        all.insert(Digest::of(&code), Link { made: now, is_used: false });
        Ok(code)
    }

    /// Whether the code is good; it is not from here on.
    pub(crate) fn take(&self, code: &str) -> Claim {
        let mut all = self.0.lock();
        match all.get_mut(&Digest::of(code)) {
            Some(link) if Instant::now() < link.made + LIFETIME => {
                if std::mem::replace(&mut link.is_used, true) { Claim::Used } else { Claim::Right }
            }
            _ => Claim::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_code_is_good_once_and_for_ten_minutes() {
        let links = Links::default();
        let (used, expired) = (links.make().unwrap(), links.make().unwrap());
        assert_eq!([&used, &used].map(|code| links.take(code)), [Claim::Right, Claim::Used]);
        tokio::time::advance(LIFETIME).await;
        for wrong in [&*expired, &*used, ""] {
            assert_eq!(links.take(wrong), Claim::Wrong);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_so_many_and_no_more() {
        let links = Links::default();
        let first = links.make().unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        for _ in 0..MOST {
            links.make().unwrap();
        }
        assert_eq!(links.take(&first), Claim::Wrong);
        assert_eq!(links.0.lock().len(), MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_one_takes_the_place_of_one_that_was_used() {
        let links = Links::default();
        let first = links.make().unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let codes: Vec<_> = (1..MOST).map(|_| links.make().unwrap()).collect();
        assert_eq!(links.take(&codes[0]), Claim::Right);
        links.make().unwrap();
        assert_eq!(links.take(&first), Claim::Right);
    }
}
