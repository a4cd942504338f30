//! A request's body that is offered to one router after another.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;

use crate::body::longer;

/// How much of a body a router may read and still leave the request to the next one.
const MOST_KEPT_BYTES: usize = 128 * 1024;

/// A body of which each router reads from the beginning, until more was read than is kept.
///
/// A layer around a router may read a body before the router finds that it has no route for the request.
pub(crate) struct OfferedBody(Arc<Mutex<Offered>>);

struct Offered {
    body: Body,
    /// What was read of it.
    kept: Vec<Bytes>,
    kept_bytes: usize,
    is_spent: bool,
}

impl OfferedBody {
    pub(crate) fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(Offered { body, kept: Vec::new(), kept_bytes: 0, is_spent: false })))
    }

    /// Whether its beginning is lost: it can be offered to nobody else.
    pub(crate) fn is_spent(&self) -> bool {
        self.0.lock().is_spent
    }

    /// The body from its beginning.
    pub(crate) fn reader(&self) -> Body {
        Body::new(Reader { offered: self.0.clone(), at: 0 })
    }
}

impl Offered {
    fn keep(&mut self, data: &Bytes) {
        self.kept_bytes += data.len();
        if self.kept_bytes > MOST_KEPT_BYTES {
            self.spend();
        } else {
            self.kept.push(data.clone());
        }
    }

    fn spend(&mut self) {
        self.kept.clear();
        self.is_spent = true;
    }
}

struct Reader {
    offered: Arc<Mutex<Offered>>,
    /// How many of the kept pieces were read here.
    at: usize,
}

impl HttpBody for Reader {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        let mut offered = this.offered.lock();
        if let Some(data) = offered.kept.get(this.at) {
            this.at += 1;
            return Poll::Ready(Some(Ok(Frame::data(data.clone()))));
        }
        let polled = Pin::new(&mut offered.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) if !offered.is_spent => match frame.data_ref() {
                Some(data) => {
                    offered.keep(data);
                    this.at += 1;
                }
                None => offered.spend(),
            },
            Poll::Ready(Some(Err(_))) => offered.spend(),
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        let offered = self.offered.lock();
        self.at >= offered.kept.len() && offered.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let offered = self.offered.lock();
        let again: u64 = offered.kept.iter().skip(self.at).map(|data| data.len() as u64).sum();
        longer(&offered.body.size_hint(), again)
    }
}
