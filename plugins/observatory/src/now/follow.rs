//! What changes on a page that somebody looks at.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_util::{Stream, stream};
use greenroom::ops::Event;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::Now;

/// How often it is looked, for each page that is open.
const LOOK: Duration = Duration::from_secs(2);

/// One page.
pub(super) struct Following {
    now: Now,
    ticks: Interval,
    /// When the page was made; `None` for another page than this, of which only the frame is known.
    made: Option<SystemTime>,
    shown: BTreeMap<String, String>,
    new_errors: usize,
    waiting: VecDeque<Event>,
}

impl Following {
    pub(super) fn new(now: Now, made: Option<SystemTime>) -> Self {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { now, ticks, made, shown: BTreeMap::new(), new_errors: 0, waiting: VecDeque::new() }
    }

    /// Ends with the page.
    pub(super) fn events(self) -> impl Stream<Item = Event> + Send + 'static {
        stream::unfold(self, async |mut following| {
            loop {
                if let Some(event) = following.waiting.pop_front() {
                    return Some((event, following));
                }
                following.ticks.tick().await;
                following.look().await;
            }
        })
    }

    async fn look(&mut self) {
        let is_first = self.shown.is_empty();
        let looked = self.now.looked.looked(&self.now).await;
        let news = match self.made {
            Some(made) => {
                self.tell_errors(looked.errors.since(made));
                looked.page.news(&mut self.shown)
            }
            None => looked.frame.news(&mut self.shown),
        };
        if is_first {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            self.waiting.push_back(Event::new("time", now.as_millis() as u64));
        }
        if !news.is_empty() {
            self.waiting.push_back(Event::new("parts", news));
        }
    }

    /// Rows are not moved under whoever reads them: how many are new stands above, as a link.
    fn tell_errors(&mut self, new: usize) {
        if new > self.new_errors {
            self.waiting.push_back(Event::new("news", BTreeMap::from([("errors", new)])));
        }
        self.new_errors = new;
    }
}
