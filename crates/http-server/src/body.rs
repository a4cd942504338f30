//! Request bodies, which must keep coming.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use greenroom_context::{Context as Work, spawn};
use greenroom_errors::BoxError;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::{
    runtime::Handle,
    time::{Instant, Sleep, sleep_until, timeout},
};

use crate::{activity::Activity, limits::deadline, socket::LINGER_TIMEOUT};

/// So much of a body that nobody wants is read and thrown away, so that the connection can be used on.
const MOST_UNWANTED_BYTES: u64 = 64 * 1024;

/// A request's body, which fails when nothing arrives for a while, or the whole takes too long.
#[derive(Debug)]
pub struct RequestBody {
    /// `None` once it has ended.
    body: Option<Incoming>,
    /// `None` when there was none from the beginning.
    unwanted: Option<Unwanted>,
    /// The longest pause between two pieces; zero is no limit.
    pause: Duration,
    /// When the whole request has taken too long.
    deadline: Option<Instant>,
    /// Rings when the peer has had enough time for the piece that is awaited, with what to say then.
    alarm: Option<(Pin<Box<Sleep>>, &'static str)>,
}

impl RequestBody {
    /// The body, and what will be left of it. One that `is_read_on` is read to its end, within bounds, when nobody wants it.
    pub(crate) fn new(body: Incoming, activity: &Arc<Activity>, is_read_on: bool) -> (Self, Remainder) {
        let timeouts = activity.timeouts();
        let body = Some(body).filter(|body| !body.is_end_stream());
        let unwanted = body.as_ref().map(|body| Unwanted {
            is_chunked: body.size_hint().exact().is_none(),
            is_read_on,
            is_given_up: Arc::default(),
            activity: activity.clone(),
        });
        let deadline = body.as_ref().and_then(|_| deadline(Instant::now(), timeouts.request));
        let remainder = Remainder(unwanted.clone());
        (Self { body, unwanted, pause: timeouts.body, deadline, alarm: None }, remainder)
    }

    /// What ends the wait for the next piece, if anything does.
    fn next_deadline(&self) -> Option<(Instant, &'static str)> {
        let pause = deadline(Instant::now(), self.pause).map(|at| (at, "no more of the request's body came"));
        let whole = self.deadline.map(|at| (at, "the request took too long"));
        [pause, whole].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Nothing good is to come of it.
    fn fails(&mut self) {
        if let Some(unwanted) = &mut self.unwanted {
            unwanted.is_read_on = false;
        }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let body = self.body.take().filter(|body| !body.is_end_stream());
        if let (Some(body), Some(unwanted)) = (body, self.unwanted.take()) {
            unwanted.leave(body);
        }
    }
}

/// A body of which nobody wants more.
#[derive(Clone, Debug)]
struct Unwanted {
    is_chunked: bool,
    is_read_on: bool,
    /// What is still to come of it is not read.
    is_given_up: Arc<AtomicBool>,
    activity: Arc<Activity>,
}

impl Unwanted {
    /// Hyper throws away what has come already, unless it is in chunks.
    fn is_to_come(&self) -> bool {
        self.is_chunked || self.activity.is_in_body()
    }

    fn leave(self, body: Incoming) {
        let is_short = body.size_hint().lower() <= MOST_UNWANTED_BYTES;
        if !(self.is_read_on && is_short && self.is_to_come() && Handle::try_current().is_ok()) {
            self.is_given_up.store(true, Relaxed);
            return;
        }
        // It belongs to the connection, not to who has left it.
        let read_on = async move {
            if timeout(LINGER_TIMEOUT, throw_away(body)).await != Ok(true) {
                self.is_given_up.store(true, Relaxed);
            }
        };
        Work::default().sync_scope(|| drop(spawn("unwanted body", read_on)));
    }
}

/// Reads a body; whether to its end.
async fn throw_away(mut body: Incoming) -> bool {
    let mut left = MOST_UNWANTED_BYTES;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(frame) = frame else { return false };
        match left.checked_sub(frame.data_ref().map_or(0, |data| data.len() as u64)) {
            Some(some) => left = some,
            None => return false,
        }
    }
    true
}

/// What is left of a request's body when it is answered.
#[derive(Debug)]
pub struct Remainder(Option<Unwanted>);

impl Remainder {
    /// Whether there is more to come of it than is read when nobody wants it: the connection ends with the answer.
    pub fn ends_connection(&self) -> bool {
        self.0.as_ref().is_some_and(|left| left.is_given_up.load(Relaxed) && left.is_to_come())
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
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(cx) {
            this.alarm = None;
            match &frame {
                None => this.body = None,
                Some(Err(_)) => this.fails(),
                // Of a body behind its answer hyper tells the end with the next request, and a connection that closes before that as
                // the body's fault.
                Some(Ok(_)) if body.is_end_stream() => this.body = None,
                Some(Ok(_)) => {}
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if this.alarm.is_none() {
            this.alarm = this.next_deadline().map(|(at, why)| (Box::pin(sleep_until(at)), why));
        }
        let Some((alarm, why)) = &mut this.alarm else { return Poll::Pending };
        ready!(alarm.as_mut().poll(cx));
        let why = *why;
        this.fails();
        Poll::Ready(Some(Err(why.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
