//! Following the log. The ring itself is the queue: whoever reads too slowly misses lines, and is told how many.

use std::{pin::pin, sync::atomic::Ordering::Relaxed};

use futures_util::{Stream, stream};

use crate::{Line, LineQuery, LogStore, store::Bounds};

/// Who is further behind than this goes on with the newest.
const MOST_BEHIND: u64 = 10_000;

/// New lines, as they come. It holds no line by itself, and costs whoever logs nothing.
pub struct Follower {
    store: LogStore,
    query: LineQuery,
    after: u64,
}

/// What has come.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Followed {
    /// New lines that are wanted, in the order in which they were logged.
    pub lines: Vec<Line>,
    /// How many lines were missed, wanted or not: they came faster than they were read.
    pub dropped: u64,
    /// Where whoever comes again goes on.
    pub after: u64,
}

impl Follower {
    pub(crate) fn new(store: LogStore, query: LineQuery, now: u64) -> Self {
        let after = query.after.unwrap_or(now);
        store.0.followers.fetch_add(1, Relaxed);
        Self { store, query, after }
    }

    /// Waits for new lines. Of a store that is off none ever come.
    pub async fn next(&mut self) -> Followed {
        loop {
            let store = self.store.clone();
            let mut news = pin!(store.0.news.notified());
            // From here on no line is missed.
            news.as_mut().enable();
            if let Some(followed) = self.take() {
                return followed;
            }
            news.await;
        }
    }

    /// What has come, as a stream, which has no end.
    pub fn into_stream(self) -> impl Stream<Item = Followed> + Send {
        stream::unfold(self, |mut follower| async move { Some((follower.next().await, follower)) })
    }

    /// What is there already.
    fn take(&mut self) -> Option<Followed> {
        loop {
            let Bounds { start, oldest, newest } = self.store.0.bounds()?;
            let seen = self.after.max(start);
            if newest <= seen {
                return None;
            }
            let from = seen.max(oldest - 1).max(newest.saturating_sub(MOST_BEHIND));
            // What comes meanwhile is taken next time.
            let query = LineQuery { after: Some(from), before: Some(newest + 1), ..self.query.clone() };
            let found = self.store.lines(&query);
            self.after = found.next.unwrap_or(newest);
            if from > seen || !found.lines.is_empty() {
                return Some(Followed { lines: found.lines, dropped: from - seen, after: self.after });
            }
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.store.0.followers.fetch_sub(1, Relaxed);
    }
}
