//! Live parts of pages: a stream of events for each page, bounded and ended in every way that it can end.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use greenroom_errors::Error;
use greenroom_http::HandlerResult;
use http::header;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{Interval, MissedTickBehavior, interval},
};

use crate::{operator::Operator, secret::Digest, service::Inner};

/// How many pages may have one open.
pub(crate) const MOST: usize = 64;
/// How many events may wait for a page; the oldest are dropped, which it is told.
const WAITING: usize = 256;
/// How often it is looked whether the session lasts, and the page told that the stream is alive.
const LOOK: Duration = Duration::from_secs(10);

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    name: &'static str,
    data: Arc<str>,
}

impl Event {
    /// An event of that name, whose data is JSON. Whatever is in it is one line.
    pub fn new(name: &'static str, data: impl Serialize) -> Self {
        let data = serde_json::to_value(data).unwrap_or(Value::Null).to_string();
        Self { name, data: data.into() }
    }

    fn bytes(&self) -> Bytes {
        let name: String = self.name.chars().filter(|c| !c.is_control()).collect();
        format!("event: {name}\ndata: {}\n\n", self.data).into()
    }
}

/// Where events come from: whoever sends never waits, whoever watches misses what it is too slow for, and is told.
///
/// ```
/// use greenroom_ops::{Event, Events};
///
/// let events = Events::default();
/// let watching = events.watch();
/// events.send(Event::new("depth", 7));
/// assert_eq!(events.watchers(), 1);
/// # drop(watching);
/// ```
#[derive(Clone, Debug)]
pub struct Events(broadcast::Sender<Event>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::channel(WAITING).0)
    }
}

impl Events {
    /// Sends one to all who watch.
    pub fn send(&self, event: Event) {
        // Nobody may be there.
        let _ = self.0.send(event);
    }

    /// How many watch: nothing needs to be made for nobody.
    pub fn watchers(&self) -> usize {
        self.0.receiver_count()
    }

    /// What is sent from now on. In the place of what was dropped is an event `dropped`, with how many these were.
    pub fn watch(&self) -> impl Stream<Item = Event> + Send + use<> {
        stream::unfold(self.0.subscribe(), async |mut watching| {
            let event = match watching.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(count)) => Event::new("dropped", json!({"count": count})),
                Err(RecvError::Closed) => return None,
            };
            Some((event, watching))
        })
    }
}

/// How many streams there are.
#[derive(Default)]
pub(crate) struct Streams(Arc<AtomicUsize>);

/// The place of one of them.
struct Place(Arc<AtomicUsize>);

impl Streams {
    fn enter(&self) -> Option<Place> {
        let one_more = |open| (open < MOST).then_some(open + 1);
        self.0.fetch_update(Relaxed, Relaxed, one_more).ok().map(|_| Place(self.0.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

struct Following<S> {
    events: std::pin::Pin<Box<S>>,
    look: Interval,
    session: Option<Digest>,
    inner: Arc<Inner>,
    has_ended: bool,
    _place: Place,
}

/// The answer that streams these events to a page of this operator.
pub(crate) fn follow<S: Stream<Item = Event> + Send + 'static>(
    inner: &Arc<Inner>,
    operator: &Operator,
    events: S,
) -> HandlerResult<Response> {
    let Some(place) = inner.streams.enter() else {
        let text =
            format!("{MOST} pages are open that show live what happens; close one, and load this one again");
        return Err(Error::service_unavailable(text).into());
    };
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (events, session) = (Box::pin(events), operator.session());
    let following =
        Following { events, look, session, inner: inner.clone(), has_ended: false, _place: place };
    let body = Body::from_stream(stream::unfold(following, next).map(Ok::<_, Infallible>));
    let kind = [(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")];
    // Some proxies keep an answer until it is whole.
    Ok((kind, [("x-accel-buffering", "no")], body).into_response())
}

async fn next<S: Stream<Item = Event>>(mut at: Following<S>) -> Option<(Bytes, Following<S>)> {
    if at.has_ended {
        return None;
    }
    tokio::select! {
        biased;
        _ = at.look.tick() => {
            if at.session.is_none_or(|session| at.inner.guard.sessions.lasts(&session)) {
                return Some((Bytes::from_static(b": here\n\n"), at));
            }
            at.has_ended = true;
            Some((Event::new("signed-out", json!({})).bytes(), at))
        }
        event = at.events.next() => Some((event?.bytes(), at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_in_it_an_event_is_two_lines() {
        let event = Event::new("lines", json!({"text": "a\nevent: forged\n\ndata: x\r\u{2028}"}));
        let bytes = event.bytes();
        let text = std::str::from_utf8(&bytes).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.ends_with("}\n\n") && !text.contains('\r'));
    }

    #[tokio::test]
    async fn who_is_too_slow_is_told_how_much_was_dropped() {
        let events = Events::default();
        let mut watching = Box::pin(events.watch());
        for number in 0..WAITING + 3 {
            events.send(Event::new("n", number));
        }
        assert_eq!(watching.next().await, Some(Event::new("dropped", json!({"count": 3}))));
        assert_eq!(watching.next().await, Some(Event::new("n", 3)));
        drop(watching);
        assert_eq!(events.watchers(), 0);
    }

    #[test]
    fn there_are_so_many_streams_and_no_more() {
        let streams = Streams::default();
        let mut places: Vec<_> = (0..MOST).map(|_| streams.enter().unwrap()).collect();
        assert!(streams.enter().is_none());
        places.pop();
        assert!(streams.enter().is_some());
    }
}
