//! Request bodies, which must keep coming.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use greenroom_errors::BoxError;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{Timeouts, activity::Activity, limits::deadline};

/// A request's body, which fails when nothing arrives for a while, or the whole takes too long.
#[derive(Debug)]
pub struct RequestBody {
    body: Incoming,
    has_ended: bool,
    /// Noted when it is dropped before its end; `None` when there is none.
    given_up: Option<Arc<AtomicBool>>,
    /// The longest pause between two pieces; zero is no limit.
    pause: Duration,
    /// When the whole request has taken too long.
    deadline: Option<Instant>,
    /// Rings when the peer has had enough time for the piece that is awaited, with what to say then.
    alarm: Option<(Pin<Box<Sleep>>, &'static str)>,
}

impl RequestBody {
    pub(crate) fn new(body: Incoming, timeouts: &Timeouts) -> Self {
        let has_ended = body.is_end_stream();
        let whole = if has_ended { Duration::ZERO } else { timeouts.request };
        let given_up = (!has_ended).then(Arc::default);
        let deadline = deadline(Instant::now(), whole);
        Self { body, has_ended, given_up, pause: timeouts.body, deadline, alarm: None }
    }

    /// What ends the wait for the next piece, if anything does.
    fn next_deadline(&self) -> Option<(Instant, &'static str)> {
        let pause = deadline(Instant::now(), self.pause).map(|at| (at, "no more of the request's body came"));
        let whole = self.deadline.map(|at| (at, "the request took too long"));
        [pause, whole].into_iter().flatten().min_by_key(|(at, _)| *at)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if let Some(given_up) = self.given_up.take().filter(|_| !self.has_ended && !self.body.is_end_stream())
        {
            given_up.store(true, Relaxed);
        }
    }
}

/// What is left of a request's body when it is answered.
#[derive(Debug)]
pub struct Remainder {
    given_up: Option<Arc<AtomicBool>>,
    is_chunked: bool,
    activity: Arc<Activity>,
}

impl Remainder {
    pub(crate) fn new(body: &RequestBody, activity: &Arc<Activity>) -> Self {
        let is_chunked = body.size_hint().exact().is_none();
        Self { given_up: body.given_up.clone(), is_chunked, activity: activity.clone() }
    }

    /// Whether nobody wants what is still to come of it: the connection ends with the answer. What has come already is thrown
    /// away, unless it is in chunks.
    pub fn ends_connection(&self) -> bool {
        let is_given_up = self.given_up.as_ref().is_some_and(|given_up| given_up.load(Relaxed));
        is_given_up && (self.is_chunked || self.activity.is_in_body())
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            this.alarm = None;
            this.has_ended = frame.is_none();
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if this.alarm.is_none() {
            this.alarm = this.next_deadline().map(|(at, why)| (Box::pin(sleep_until(at)), why));
        }
        let Some((alarm, why)) = &mut this.alarm else { return Poll::Pending };
        ready!(alarm.as_mut().poll(cx));
        Poll::Ready(Some(Err((*why).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
