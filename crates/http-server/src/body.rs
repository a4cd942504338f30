//! Request bodies, which must keep coming.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use greenroom_errors::BoxError;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::Timeouts;

/// A request's body, which fails when nothing arrives for a while, or the whole takes too long.
#[derive(Debug)]
pub struct RequestBody {
    body: Incoming,
    pause: Duration,
    deadline: Option<Instant>,
    idle: Option<Pin<Box<Sleep>>>,
}

impl RequestBody {
    pub(crate) fn new(body: Incoming, timeouts: &Timeouts) -> Self {
        let whole = timeouts.request;
        let deadline = (!whole.is_zero() && !body.is_end_stream()).then(|| Instant::now() + whole);
        Self { body, pause: timeouts.body, deadline, idle: None }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let until = Instant::now() + self.pause;
        let until = self.deadline.map_or(until, |deadline| deadline.min(until));
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                if let Some(idle) = &mut self.idle {
                    idle.as_mut().reset(until);
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                let idle = self.idle.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
                match idle.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(Some(Err("the body does not go on".into()))),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
