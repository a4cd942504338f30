//! A request's body on its way to the server behind.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body as AnyBody;
use bytes::Bytes;
use greenroom_context::spawn;
use http_body::{Body, Frame, SizeHint};
use tokio::{sync::Notify, time::timeout};

use crate::{connection::Connection, live::Place};

const COMES: u8 = 0;
const ENDED: u8 = 1;
const FAILED: u8 = 2;

/// How long a server that has answered may take nothing of the rest of a body.
const STUCK: Duration = Duration::from_secs(60);

/// How long the last bytes of it may be on their way.
const LAST_BYTES: Duration = Duration::from_secs(5);

/// What is known of it: whether there is more to come, and whose fault it is when it ends too early.
#[derive(Clone, Default)]
pub(crate) struct Upload(Option<Arc<State>>);

#[derive(Default)]
struct State {
    at: AtomicU8,
    /// How many pieces were taken.
    taken: AtomicU64,
    /// The server takes more, which has not come yet.
    is_awaited: AtomicBool,
    ended: Notify,
}

impl Upload {
    /// The body, and what will be known of it.
    pub(crate) fn watch(body: AnyBody) -> (AnyBody, Self) {
        if body.is_end_stream() {
            return (body, Self(None));
        }
        let state = Arc::<State>::default();
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
        self.0.as_ref().is_some_and(|state| state.at.load(Relaxed) == wanted)
    }

    /// Resolves once nobody wants more of it, or nothing of it is taken any more.
    async fn ended(&self) {
        let Some(state) = &self.0 else { return };
        while self.goes_on() {
            let taken = state.taken.load(Relaxed);
            let is_stuck = timeout(STUCK, state.ended.notified()).await.is_err()
                && state.taken.load(Relaxed) == taken
                && !state.is_awaited.load(Relaxed);
            if is_stuck {
                return;
            }
        }
    }
}

/// Lets the rest of a request leave whose answer has ended: a server may answer and read on. It ends with the client, whose body
/// fails then or when it does not come in time, with the server behind, and with a drain; at once where too many go on so. The place of what
/// is answered is free from here on.
pub(crate) fn send_rest(mut connection: Connection, upload: Upload, mut place: Place) {
    if place.goes_on().is_err() {
        return;
    }
    drop(spawn("rest of an upload", async move {
        connection.start_ended.clone().run_until_cancelled(upload.ended()).await;
        drop(place);
        if !upload.goes_on() {
            let _ = timeout(LAST_BYTES, connection.finished()).await;
        }
    }));
}

struct Watched {
    body: AnyBody,
    state: Arc<State>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.state.is_awaited.store(polled.is_pending(), Relaxed);
        match &polled {
            Poll::Ready(Some(Ok(_))) => drop(self.state.taken.fetch_add(1, Relaxed)),
            Poll::Ready(Some(Err(_))) => self.state.at.store(FAILED, Relaxed),
            Poll::Ready(None) | Poll::Pending => {}
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
        let _ = self.state.at.compare_exchange(COMES, ENDED, Relaxed, Relaxed);
        self.state.ended.notify_one();
    }
}
