//! Sessions of browsers: how many there may be, how long they last, and that they can be ended.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::secret::{self, Digest};

/// How many there may be; who comes then takes the place of the one that was not used for the longest.
const MOST: usize = 64;
/// How long one lasts.
pub(crate) const LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);
/// How long one lasts that is not used.
const IDLE: Duration = Duration::from_secs(2 * 60 * 60);

/// All sessions, in this process alone.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<Digest, Session>>);

#[derive(Clone)]
struct Session {
    csrf: Arc<str>,
    began: Instant,
    used: Instant,
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        now >= self.began + LIFETIME || now >= self.used + IDLE
    }
}

/// A session that has just begun.
pub(crate) struct Begun {
    /// For the cookie; it is kept nowhere.
    pub(crate) id: String,
    pub(crate) digest: Digest,
}

impl Sessions {
    pub(crate) fn begin(&self) -> io::Result<Begun> {
        let (id, csrf) = (secret::random()?, secret::random()?);
        let (digest, now) = (Digest::of(&id), Instant::now());
        let mut all = self.0.lock();
        all.retain(|_, session| !session.is_over(now));
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key)
        {
            all.remove(&oldest);
        }
        all.insert(digest, Session { csrf: csrf.into(), began: now, used: now });
        Ok(Begun { id, digest })
    }

    /// Uses a session: its CSRF token, if it lasts.
    pub(crate) fn using(&self, digest: &Digest) -> Option<Arc<str>> {
        let now = Instant::now();
        let mut all = self.0.lock();
        let session = all.get_mut(digest)?;
        if session.is_over(now) {
            all.remove(digest);
            return None;
        }
        session.used = now;
        Some(session.csrf.clone())
    }

    /// Whether one lasts; that somebody asks does not keep it.
    pub(crate) fn lasts(&self, digest: &Digest) -> bool {
        self.0.lock().get(digest).is_some_and(|session| !session.is_over(Instant::now()))
    }

    pub(crate) fn end(&self, digest: &Digest) {
        self.0.lock().remove(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_when_it_is_not_used_and_in_any_case() {
        let sessions = Sessions::default();
        let idle = sessions.begin().unwrap().digest;
        let used = sessions.begin().unwrap().digest;
        let csrf = sessions.using(&used).unwrap();
        let steps = LIFETIME.as_secs() / (IDLE.as_secs() / 2);
        for _ in 1..steps {
            tokio::time::advance(IDLE / 2).await;
            assert_eq!(sessions.using(&used).unwrap(), csrf, "it keeps its token");
        }
        assert!(!sessions.lasts(&idle) && sessions.using(&idle).is_none());
        tokio::time::advance(IDLE / 2).await;
        assert!(!sessions.lasts(&used) && sessions.using(&used).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn to_ask_whether_it_lasts_does_not_keep_it() {
        let sessions = Sessions::default();
        let session = sessions.begin().unwrap().digest;
        tokio::time::advance(IDLE - Duration::from_secs(1)).await;
        assert!(sessions.lasts(&session));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!sessions.lasts(&session));
    }

    #[tokio::test(start_paused = true)]
    async fn an_ended_one_is_over_at_once() {
        let sessions = Sessions::default();
        let session = sessions.begin().unwrap().digest;
        sessions.end(&session);
        assert!(sessions.using(&session).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_when_all_places_are_taken_replaces_the_one_that_was_not_used_for_the_longest() {
        let sessions = Sessions::default();
        let mut all = vec![];
        for _ in 0..MOST {
            all.push(sessions.begin().unwrap().digest);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(sessions.using(&all[0]).is_some());
        sessions.begin().unwrap();
        let lasting: Vec<_> = all.iter().filter(|digest| sessions.lasts(digest)).collect();
        assert_eq!(lasting.len(), MOST - 1);
        assert!(sessions.lasts(&all[0]) && !sessions.lasts(&all[1]));
    }
}
