//! One limit, followed: a time in which requests are refused is one episode, told when it begins and when it has ended.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use greenroom_logging::{Logger, info, warn};
use tokio::time::{Instant, sleep};

use super::{Hysteresis, Limit, Limited};

/// How often is looked, from when one was refused.
const TICK: Duration = Duration::from_secs(1);

/// What is seen of an episode.
#[derive(Debug)]
struct Episode {
    refused: u64,
    /// For how long some have been refused in each second.
    over: Duration,
    /// For how long there has been room.
    calm: Duration,
}

/// What a look tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// Some were refused since the last look.
    Refused,
    /// None were, and there is much.
    Full,
    /// There is room.
    Calm,
}

impl Episode {
    fn look(&mut self, limit: &Limit, below: usize) -> Seen {
        let refused = limit.refused();
        if std::mem::replace(&mut self.refused, refused) != refused {
            self.over += TICK;
            self.calm = Duration::ZERO;
            return Seen::Refused;
        }
        self.over = Duration::ZERO;
        if limit.now().saturating_mul(100) >= limit.most().saturating_mul(below) {
            self.calm = Duration::ZERO;
            return Seen::Full;
        }
        self.calm += TICK;
        Seen::Calm
    }
}

/// Follows a limit as long as the backend runs. `changed` is called when it has become overloaded, and when it is no more.
pub(super) async fn follow(limit: Limit, by: Hysteresis, logger: Logger, changed: impl Fn()) {
    // Streams stay for hours: that there is one place is room.
    let below = if limit.0.of == Limited::Streams { 100 } else { by.below };
    let logger = match &limit.0.of {
        Limited::Plugin(id) => logger.child(greenroom_logging::fields! { plugin: &**id }),
        _ => logger,
    };
    let mut told = 0;
    loop {
        limit.0.begins.notified().await;
        let began = Instant::now();
        let mut last = began;
        limit.0.refused_before.store(told, Relaxed);
        warn!(
            logger,
            limit = &*limit.0.key,
            "{} has too much to do: {} {} are in flight, as many as {} allows. More are answered 503",
            limit.0.of.named(),
            limit.most(),
            limit.0.of.what(),
            limit.0.key
        );
        // The one with which it began is seen at the first look.
        let mut episode = Episode { refused: told, over: Duration::ZERO, calm: Duration::ZERO };
        loop {
            sleep(TICK).await;
            if episode.look(&limit, below) == Seen::Refused {
                last = Instant::now();
            }
            if episode.over >= by.after && !limit.0.is_overloaded.swap(true, Relaxed) {
                changed();
            }
            if episode.calm >= by.recovery {
                limit.0.is_followed.store(false, Relaxed);
                break;
            }
        }
        if limit.0.is_overloaded.swap(false, Relaxed) {
            changed();
        }
        // One that comes at this moment begins the next.
        let refused = episode.refused - std::mem::replace(&mut told, episode.refused);
        let lasted = u64::try_from(last.duration_since(began).as_millis()).unwrap_or(u64::MAX);
        info!(
            logger,
            limit = &*limit.0.key,
            refused,
            "durationMs" = lasted,
            "{} keeps up again: {refused} {} were answered 503 by {}",
            limit.0.of.named(),
            limit.0.of.what(),
            limit.0.key
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    };

    use greenroom_context::spawn;
    use greenroom_logging::{CaptureSink, RootLogger};

    use super::*;

    struct Followed {
        limit: Limit,
        lines: CaptureSink,
        changes: Arc<AtomicUsize>,
    }

    impl Followed {
        fn new(of: Limited) -> Self {
            let (lines, changes) = (CaptureSink::new(), Arc::new(AtomicUsize::new(0)));
            let limit = Limit::new(of, "some.key", 10);
            let logger = RootLogger::builder().sink(lines.clone()).build().plugin("x");
            let counted = changes.clone();
            let changed = move || {
                counted.fetch_add(1, SeqCst);
            };
            drop(spawn("follow", follow(limit.clone(), Hysteresis::default(), logger, changed)));
            Self { limit, lines, changes }
        }

        /// Lets seconds pass, with so many refused in the middle of each.
        async fn seconds(&self, count: usize, refused: usize) {
            for _ in 0..count {
                sleep(TICK / 2).await;
                (0..refused).for_each(|_| self.limit.refuse(None));
                // A little later each time: none comes at the moment of a look.
                sleep(TICK / 2 + TICK / 1000).await;
            }
        }

        fn told(&self) -> Vec<(String, Option<u64>)> {
            let told = self.lines.json().into_iter();
            told.map(|line| (line["level"].as_str().unwrap().to_owned(), line["refused"].as_u64())).collect()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn health_20_an_episode_is_two_lines_however_many_are_refused() {
        let followed = Followed::new(Limited::Backend);
        followed.seconds(3, 1000).await;
        followed.seconds(5, 0).await;
        followed.seconds(1, 7).await;
        assert_eq!(followed.told(), [("warn".to_owned(), None)]);
        followed.seconds(13, 0).await;
        let both = [("warn".to_owned(), None), ("info".to_owned(), Some(3007))];
        assert_eq!(followed.told(), both);
        followed.seconds(100, 0).await;
        assert_eq!(followed.told(), both, "nothing more");
        followed.seconds(1, 2).await;
        followed.seconds(13, 0).await;
        assert_eq!(followed.told()[2..], [("warn".to_owned(), None), ("info".to_owned(), Some(2))]);
        assert_eq!((followed.limit.refused_of_episode(), followed.limit.refused()), (2, 3009));
        assert_eq!(followed.changes.load(SeqCst), 0, "bursts are no overload");
    }

    #[tokio::test(start_paused = true)]
    async fn health_21_overload_begins_after_a_time_and_ends_below_a_lower_mark_after_a_time() {
        let followed = Followed::new(Limited::Upstream);
        followed.seconds(4, 1).await;
        followed.seconds(1, 0).await;
        followed.seconds(4, 1).await;
        assert!(!followed.limit.is_overloaded(), "a second without a refusal between");
        followed.seconds(3, 1).await;
        assert!(followed.limit.is_overloaded());
        (0..9).for_each(|_| assert!(followed.limit.take()));
        followed.seconds(60, 0).await;
        assert!(followed.limit.is_overloaded(), "there is room, and not enough");
        (0..2).for_each(|_| followed.limit.leave());
        followed.seconds(8, 0).await;
        assert!(followed.limit.is_overloaded(), "not for long enough");
        followed.seconds(1, 1).await;
        followed.seconds(8, 0).await;
        assert!(followed.limit.is_overloaded(), "one was refused again");
        followed.seconds(4, 0).await;
        assert!(!followed.limit.is_overloaded());
        assert_eq!(followed.changes.load(SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn streams_that_stay_keep_no_episode_going() {
        let followed = Followed::new(Limited::Streams);
        (0..10).for_each(|_| assert!(followed.limit.take()));
        followed.seconds(1, 1).await;
        followed.limit.leave();
        followed.seconds(13, 0).await;
        assert_eq!(followed.told().len(), 2);
    }
}
