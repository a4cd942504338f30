//! What of a body has come, until it is known what becomes of it.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::Untouched;

/// Room for what is held.
pub(super) type Room = OwnedSemaphorePermit;

type Polled = Result<Frame<Bytes>, axum::Error>;

/// A body, or its beginning.
pub(super) enum Held {
    /// All of it, and its room.
    Whole(Bytes, Room),
    /// All of it as a body again, and why it is not held; nothing, where it broke, or ends with more than bytes.
    Passing(Body, Option<Untouched>),
}

/// Waits for the whole body, as long as it is no longer than that and takes no more time. What is held of it has its room until
/// it is taken.
pub(super) async fn hold(mut body: Body, most: usize, longest: Duration, room: Room) -> Held {
    let mut begun = Begun::default();
    if http_body::Body::size_hint(&body).lower() > most as u64 {
        return Held::Passing(body, Some(Untouched::TooLarge));
    }
    let (rest, why) = match timeout(longest, begun.fill(&mut body, most)).await {
        Err(_) => (Some(body), Some(Untouched::TooSlow)),
        Ok(false) => (Some(body), Some(Untouched::TooLarge)),
        Ok(true) if begun.last.is_some() => (None, None),
        Ok(true) => return Held::Whole(begun.bytes.freeze(), room),
    };
    Held::Passing(Body::new(Resumed { begun, room: Some(room), rest }), why)
}

#[derive(Default)]
struct Begun {
    bytes: BytesMut,
    /// Trailers, or what broke it.
    last: Option<Polled>,
}

impl Begun {
    /// Whether it came to an end. Who stops waiting has lost nothing.
    async fn fill(&mut self, body: &mut Body, most: usize) -> bool {
        while let Some(polled) = body.frame().await {
            match polled.map(Frame::into_data) {
                Ok(Ok(data)) => self.bytes.extend_from_slice(&data),
                Ok(Err(trailers)) => self.last = Some(Ok(trailers)),
                Err(error) => self.last = Some(Err(error)),
            }
            if self.last.is_some() {
                break;
            }
            if self.bytes.len() > most {
                return false;
            }
        }
        true
    }
}

/// What has come, and then what comes.
struct Resumed {
    begun: Begun,
    /// That of what has come.
    room: Option<Room>,
    rest: Option<Body>,
}

impl http_body::Body for Resumed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Polled>> {
        if !self.begun.bytes.is_empty() {
            let data = self.begun.bytes.split().freeze();
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        // Who asks for more has sent what there was.
        self.room = None;
        if let Some(last) = self.begun.last.take() {
            return Poll::Ready(Some(last));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        let Begun { bytes, last } = &self.begun;
        bytes.is_empty() && last.is_none() && self.rest.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.begun.bytes.len() as u64;
        let rest = self.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint);
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(held));
        if self.begun.last.is_some() {
            // Of no known length: what broke must not go out as whole, and trailers have no place behind a length.
            return hint;
        }
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(held)) {
            hint.set_upper(upper);
        }
        hint
    }
}
