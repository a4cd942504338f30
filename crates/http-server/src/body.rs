//! Request bodies, which must keep coming.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use greenroom_errors::BoxError;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{Timeouts, limits::deadline};

/// A request's body, which fails when nothing arrives for a while, or the whole takes too long.
#[derive(Debug)]
pub struct RequestBody {
    body: Incoming,
    /// The longest pause between two pieces; zero is no limit.
    pause: Duration,
    /// When the whole request has taken too long.
    deadline: Option<Instant>,
    /// Rings when the peer has had enough time for the piece that is awaited, with what to say then.
    alarm: Option<(Pin<Box<Sleep>>, &'static str)>,
}

impl RequestBody {
    pub(crate) fn new(body: Incoming, timeouts: &Timeouts) -> Self {
        let whole = if body.is_end_stream() { Duration::ZERO } else { timeouts.request };
        Self { body, pause: timeouts.body, deadline: deadline(Instant::now(), whole), alarm: None }
    }

    /// What ends the wait for the next piece, if anything does.
    fn next_deadline(&self) -> Option<(Instant, &'static str)> {
        let pause = deadline(Instant::now(), self.pause).map(|at| (at, "no more of the request's body came"));
        let whole = self.deadline.map(|at| (at, "the request took too long"));
        [pause, whole].into_iter().flatten().min_by_key(|(at, _)| *at)
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
