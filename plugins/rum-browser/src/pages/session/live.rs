//! What changes on the page of a session that goes on. Sentences change in place; rows wait behind a link, so that nothing moves while
//! somebody reads it.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use axum::response::Response;
use futures_util::{Stream, stream};
use greenroom::{
    ops::{Event, Operator},
    prelude::*,
};
use greenroom_plugin_observatory_node::Page;
use greenroom_plugin_rum_store::{
    queries::{Grown, Story},
    session,
};
use maud::html;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::Known;
use crate::{
    answer::Answer,
    asked::{Asked, now_ms},
    browser::{Browser, is_id},
};

/// The parameter by which a page asks for its stream: how many events it has shown.
pub(super) const FOLLOW: &str = "follow";
/// Where new rows are told.
pub(super) const TIMELINE: &str = "timeline";
/// The sentence of the page, and the line below it.
const SENTENCE: &str = "sentence";
const DETAILS: &str = "details";
/// How often it is looked, for each page that is open.
const LOOK: Duration = Duration::from_secs(2);

/// The page of a session that goes on, whose answer is kept up to date.
pub(super) fn begun(title: &str, answer: Answer, path: &str, story: &Story) -> Page {
    let details = answer.details.join(" ");
    Page::new("browser", title, html! { span data-live=(SENTENCE) { (answer.sentence) } })
        .live_detail(DETAILS, details)
        .live(format!("{path}?{FOLLOW}={}", story.events.len()))
}

/// The stream of such a page.
pub(super) fn follow(
    browser: Browser,
    operator: &Operator,
    id: String,
    asked: &Asked,
) -> HandlerResult<Response> {
    let shown = asked.get(FOLLOW).and_then(|shown| shown.parse().ok());
    let shown = shown.ok_or_else(|| Error::input(format!("`{FOLLOW}` is no number of events")))?;
    if !is_id(&id) {
        return Err(Error::not_found("There is no such session").into());
    }
    let ops = browser.ops.clone();
    ops.stream(operator, Following::new(browser, id, shown).events())
}

/// One page.
struct Following {
    browser: Browser,
    id: String,
    ticks: Interval,
    /// How many events the page has shown, and how many more it was told of.
    shown: i64,
    told: i64,
    /// What was last seen of the session, and whether it went on then.
    seen: Option<(Grown, bool)>,
    parts: BTreeMap<&'static str, String>,
    is_first: bool,
    waiting: VecDeque<Event>,
}

impl Following {
    fn new(browser: Browser, id: String, shown: i64) -> Self {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (parts, waiting) = (BTreeMap::new(), VecDeque::new());
        Self { browser, id, ticks, shown, told: 0, seen: None, parts, is_first: true, waiting }
    }

    /// Ends with the page.
    fn events(self) -> impl Stream<Item = Event> + Send + 'static {
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
        if std::mem::take(&mut self.is_first) {
            self.waiting.push_back(Event::new("time", now_ms()));
        }
        let mut parts = BTreeMap::from([("readiness", self.browser.frame.readiness().await.into_string())]);
        // While the database is away, the page stays as it is: the pill says what is wrong.
        if let Ok(Some(Answer { sentence, details })) = self.grown().await {
            let text = |text: &str| html! { (text) }.into_string();
            parts.insert(SENTENCE, text(&sentence));
            parts.insert(DETAILS, text(&details.join(" ")));
        }
        parts.retain(|name, content| self.parts.get(name) != Some(&*content));
        if !parts.is_empty() {
            self.waiting.push_back(Event::new("parts", &parts));
            self.parts.extend(parts);
        }
    }

    /// What is to be said of it now, if it has grown or is over.
    async fn grown(&mut self) -> Result<Option<Answer>, Error> {
        let Some(grown) = self.browser.store()?.grown(&self.id).await? else { return Ok(None) };
        let now = now_ms();
        let seen = Some((grown, session::is_open(grown.started_ms, grown.last_ms, now)));
        if seen == self.seen {
            return Ok(None);
        }
        let Some(known) = Known::of(&self.browser, &self.id).await? else { return Ok(None) };
        self.seen = seen;
        let new = i64::try_from(known.story.events.len()).unwrap_or(i64::MAX) - self.shown;
        if new > self.told {
            self.waiting.push_back(Event::new("news", BTreeMap::from([(TIMELINE, new)])));
            self.told = new;
        }
        Ok(Some(known.answer(now)))
    }
}
