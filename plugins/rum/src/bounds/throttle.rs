//! What goes wrong many times is told once a minute, with how often it did: each kind of it by itself, so that no line gives the
//! reason of one for the number of another.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

const EACH: Duration = Duration::from_secs(60);

/// Lets a line of each kind through once a minute, counts what there would have been besides, and says when that is to be told.
///
/// As many kinds are known as there were in a minute: `K` has few values.
#[derive(Debug)]
pub(crate) struct Throttle<K> {
    seen: Mutex<Vec<Seen<K>>>,
    /// Something waits to be told.
    waits: Notify,
}

#[derive(Debug)]
struct Seen<K> {
    kind: K,
    /// The latest, which tells all of them.
    line: String,
    untold: u64,
    told: Instant,
}

/// A line, and how often it would have been written.
pub(crate) type Counted = (String, u64);

impl<K: PartialEq> Throttle<K> {
    pub(crate) fn new() -> Self {
        Self { seen: Mutex::default(), waits: Notify::new() }
    }

    /// Counts one more; gives it back if it is to be told at once.
    pub(crate) fn count(&self, kind: K, line: String) -> Option<Counted> {
        let now = Instant::now();
        let mut seen = self.seen.lock();
        seen.retain(|seen| seen.untold > 0 || now < seen.due());
        let Some(known) = seen.iter_mut().find(|seen| seen.kind == kind) else {
            seen.push(Seen { kind, line: line.clone(), untold: 0, told: now });
            return Some((line, 1));
        };
        (known.line, known.untold) = (line, known.untold + 1);
        if known.untold == 1 {
            self.waits.notify_one();
        }
        None
    }

    /// What was counted of each kind since it was told last; waits until there is a kind that was told a minute ago.
    pub(crate) async fn due(&self) -> Vec<Counted> {
        loop {
            let next = self.seen.lock().iter().filter(|seen| seen.untold > 0).map(Seen::due).min();
            match next {
                None => self.waits.notified().await,
                Some(next) if next <= Instant::now() => return self.take(|seen| seen.due() <= next),
                // Another kind may be due before.
                Some(next) => timeout_at(next, self.waits.notified()).await.unwrap_or_default(),
            }
        }
    }

    /// What was counted of each kind since it was told last, however long ago that was.
    pub(crate) fn rest(&self) -> Vec<Counted> {
        self.take(|_| true)
    }

    fn take(&self, is_taken: impl Fn(&Seen<K>) -> bool) -> Vec<Counted> {
        let now = Instant::now();
        let mut seen = self.seen.lock();
        let taken = seen.iter_mut().filter(|seen| seen.untold > 0 && is_taken(seen));
        taken
            .map(|seen| {
                seen.told = now;
                (seen.line.clone(), std::mem::take(&mut seen.untold))
            })
            .collect()
    }
}

impl<K> Seen<K> {
    fn due(&self) -> Instant {
        self.told + EACH
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn counted(line: &str, count: u64) -> Counted {
        (line.to_owned(), count)
    }

    #[tokio::test(start_paused = true)]
    async fn of_each_kind_the_first_is_told_at_once_and_the_others_when_the_minute_is_over() {
        let throttle = Throttle::new();
        let count = |kind: char, line: &str| throttle.count(kind, line.to_owned());
        let began = Instant::now();
        assert_eq!(count('a', "a 1"), Some(counted("a 1", 1)));
        advance(EACH / 2).await;
        assert_eq!(count('b', "b 1"), Some(counted("b 1", 1)));
        assert_eq!([count('b', "b 2"), count('a', "a 2"), count('a', "a 3")], [None, None, None]);
        assert_eq!((throttle.due().await, began.elapsed()), (vec![counted("a 3", 2)], EACH));
        assert_eq!(count('a', "a 4"), None, "its next minute has begun");
        assert_eq!((throttle.due().await, began.elapsed()), (vec![counted("b 2", 1)], EACH * 3 / 2));
        assert_eq!((throttle.due().await, began.elapsed()), (vec![counted("a 4", 1)], EACH * 2));
    }

    #[tokio::test(start_paused = true)]
    async fn what_becomes_due_sooner_is_not_kept_waiting() {
        let throttle = Throttle::new();
        let count = |kind: char| throttle.count(kind, kind.to_string());
        let began = Instant::now();
        count('a');
        advance(EACH / 2).await;
        count('b');
        count('b');
        let later = async {
            tokio::task::yield_now().await;
            count('a')
        };
        let (told, _) = tokio::join!(throttle.due(), later);
        assert_eq!((told, began.elapsed()), (vec![counted("a", 1)], EACH));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_is_told_at_the_end_and_old_kinds_are_forgotten() {
        let throttle = Throttle::new();
        for kind in [1, 1, 1, 2, 3, 3] {
            throttle.count(kind, kind.to_string());
        }
        assert_eq!(throttle.rest(), [counted("1", 2), counted("3", 1)]);
        assert_eq!(throttle.rest(), []);
        advance(EACH).await;
        throttle.count(4, "4".to_owned());
        assert_eq!(throttle.seen.lock().len(), 1);
    }
}
