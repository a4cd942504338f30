//! Codes of links that are good for one sign-in.

use std::{collections::HashMap, io, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::secret::{self, Digest};

/// How long one is good.
pub(crate) const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// How many there may be; a new one takes the place of the oldest.
const MOST: usize = 16;

/// The codes that nobody has used yet.
#[derive(Default)]
pub(crate) struct Links(Mutex<HashMap<Digest, Instant>>);

impl Links {
    /// A new code; only its digest is kept.
    pub(crate) fn make(&self) -> io::Result<String> {
        let code = secret::random()?;
        let now = Instant::now();
        let mut all = self.0.lock();
        all.retain(|_, made| now < *made + LIFETIME);
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, made)| **made).map(|(key, _)| *key)
        {
            all.remove(&oldest);
        }
        all.insert(Digest::of(&code), now);
        Ok(code)
    }

    /// Whether the code is good; it is not from here on.
    pub(crate) fn take(&self, code: &str) -> bool {
        let made = self.0.lock().remove(&Digest::of(code));
        made.is_some_and(|made| Instant::now() < made + LIFETIME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_code_is_good_once_and_for_ten_minutes() {
        let links = Links::default();
        let (used, expired) = (links.make().unwrap(), links.make().unwrap());
        assert!(links.take(&used) && !links.take(&used));
        tokio::time::advance(LIFETIME).await;
        assert!(!links.take(&expired));
        assert!(!links.take(""));
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_so_many_and_no_more() {
        let links = Links::default();
        let first = links.make().unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        for _ in 0..MOST {
            links.make().unwrap();
        }
        assert!(!links.take(&first));
        assert_eq!(links.0.lock().len(), MOST);
    }
}
