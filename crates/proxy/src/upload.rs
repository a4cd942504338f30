//! A request's body on its way to the server behind.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use axum::body::Body as AnyBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

const COMES: u8 = 0;
const ENDED: u8 = 1;
const FAILED: u8 = 2;

/// What is known of it: whether there is more to come, and whose fault it is when it ends too early.
#[derive(Clone, Default)]
pub(crate) struct Upload(Option<Arc<AtomicU8>>);

impl Upload {
    /// The body, and what will be known of it.
    pub(crate) fn watch(body: AnyBody) -> (AnyBody, Self) {
        if body.is_end_stream() {
            return (body, Self(None));
        }
        let state = Arc::new(AtomicU8::new(COMES));
        (AnyBody::new(Watched { body, state: state.clone() }), Self(Some(state)))
    }

    /// Whether the client did not send all of it.
    pub(crate) fn has_failed(&self) -> bool {
        self.is(FAILED)
    }

    /// Whether more of it is wanted.
    pub(crate) fn goes_on(&self) -> bool {
        self.is(COMES)
    }

    fn is(&self, wanted: u8) -> bool {
        self.0.as_ref().is_some_and(|state| state.load(Relaxed) == wanted)
    }
}

struct Watched {
    body: AnyBody,
    state: Arc<AtomicU8>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Err(_))) = &polled {
            self.state.store(FAILED, Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // It is let go at its end.
        let _ = self.state.compare_exchange(COMES, ENDED, Relaxed, Relaxed);
    }
}
