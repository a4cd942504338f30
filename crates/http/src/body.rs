//! The body of every answer: read in the request's context, and followed to its end.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use greenroom_context::catch_panic;
use greenroom_errors::Error;
use http::{Method, StatusCode, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::{
    exchange::{Answered, Exchange},
    measured::LongLived,
};

/// A large piece goes out in pieces of this size, so that the line of a client that leaves says what it has taken.
const MOST_PIECE_BYTES: usize = 64 * 1024;

/// A body that tells its exchange how it ended.
pub(crate) struct AnswerBody {
    body: Body,
    /// What is left of a large piece.
    rest: Bytes,
    exchange: Box<Exchange>,
    sent: u64,
    has_ended: bool,
    /// What it has failed with, until what came before that has been written.
    broken: Option<axum::Error>,
    /// A stream of events ends with the server: it has no end of its own, and its client comes again, elsewhere.
    until: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl AnswerBody {
    /// The response, whose body now belongs to the exchange.
    pub(crate) fn attach(
        mut exchange: Box<Exchange>,
        response: Response,
        draining: &CancellationToken,
    ) -> Response<Self> {
        let (status, headers) = (response.status(), response.headers());
        let said = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
        let is_bodiless = exchange.asked.method == Method::HEAD || status == StatusCode::NOT_MODIFIED;
        // Of a body that is whole, the server says how long it is where nobody has.
        let whole =
            || HttpBody::size_hint(response.body()).exact().filter(|length| !is_bodiless && *length > 0);
        let length = said.or_else(whole);
        exchange.answer(Answered { status, length, is_bodiless });
        let streams_events =
            headers.get(header::CONTENT_TYPE).is_some_and(|kind| is_event_stream(kind.as_bytes()));
        if streams_events {
            exchange.lasts(LongLived::Events);
        }
        let until = streams_events.then(|| Box::pin(draining.clone().cancelled_owned()));
        response.map(|body| Self {
            body,
            rest: Bytes::new(),
            exchange,
            sent: 0,
            has_ended: false,
            broken: None,
            until,
        })
    }

    fn end(&mut self, aborted: bool) {
        if !self.has_ended {
            self.has_ended = true;
            self.exchange.end(self.sent, aborted);
        }
    }

    /// What the header promised, if the body is sent.
    fn promised(&self) -> Option<u64> {
        self.exchange.answered.filter(|answered| !answered.is_bodiless)?.length
    }

    /// The body is over. One that is shorter than it said breaks its connection, as one that fails does.
    fn over(&mut self) -> Option<axum::Error> {
        match self.promised().filter(|promised| *promised != self.sent) {
            None => {
                self.end(false);
                None
            }
            Some(promised) => {
                let text = format!("The body ended after {} of {promised} bytes", self.sent);
                Some(self.broke(axum::Error::new(Error::new(text))))
            }
        }
    }

    /// A piece that goes out now.
    fn piece(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        let frame = match frame.into_data() {
            // Nothing comes after them, and nobody asks for more.
            Err(trailers) => {
                self.end(self.promised().is_some_and(|promised| promised != self.sent));
                return trailers;
            }
            Ok(mut data) => {
                if data.len() > MOST_PIECE_BYTES {
                    self.rest = data.split_off(MOST_PIECE_BYTES);
                }
                self.sent += data.len() as u64;
                Frame::data(data)
            }
        };
        if self.is_end_stream() && self.promised().is_none_or(|promised| promised == self.sent) {
            self.end(false);
        }
        frame
    }

    fn broke(&mut self, why: axum::Error) -> axum::Error {
        if let Some(envelope) = self.exchange.envelope.clone() {
            let tell = || envelope.tell_broken(&why, &self.exchange.asked);
            self.exchange.work.clone().sync_scope(tell);
        }
        self.end(true);
        why
    }
}

/// The hint of a body that has so many bytes in front of what this one is of.
pub(crate) fn longer(hint: &SizeHint, bytes: u64) -> SizeHint {
    let mut longer = SizeHint::new();
    longer.set_lower(hint.lower() + bytes);
    if let Some(upper) = hint.upper() {
        longer.set_upper(upper + bytes);
    }
    longer
}

/// Whether a media type, as `Content-Type` says it or one item of `Accept`, is that of a stream of events.
pub fn is_event_stream(media_type: &[u8]) -> bool {
    const EVENTS: &[u8] = b"text/event-stream";
    let (kind, rest) = media_type.split_at(media_type.len().min(EVENTS.len()));
    kind.eq_ignore_ascii_case(EVENTS) && matches!(rest.first(), None | Some(b';' | b' ' | b'\t'))
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if let Some(why) = this.broken.take() {
            return Poll::Ready(Some(Err(why)));
        }
        if this.until.as_mut().is_some_and(|until| until.as_mut().poll(cx).is_ready()) {
            this.end(false);
            return Poll::Ready(None);
        }
        if !this.rest.is_empty() {
            let rest = Frame::data(std::mem::take(&mut this.rest));
            return Poll::Ready(Some(Ok(this.piece(rest))));
        }
        let work = this.exchange.work.clone();
        let frame = pin!(catch_panic(poll_fn(|cx| Pin::new(&mut this.body).poll_frame(cx))));
        let polled = ready!(work.sync_scope(|| frame.poll(cx)));
        let broken = match polled.unwrap_or_else(|panic| Some(Err(axum::Error::new(panic)))) {
            None => match this.over() {
                None => return Poll::Ready(None),
                Some(broken) => broken,
            },
            Some(Err(why)) => this.broke(why),
            Some(Ok(frame)) => return Poll::Ready(Some(Ok(this.piece(frame)))),
        };
        // Hyper drops the connection with all that it has not written, as soon as it is told: first it gets to write.
        this.broken = Some(broken);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.broken.is_none() && self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        longer(&self.body.size_hint(), self.rest.len() as u64)
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        // Nothing is asked of a body that is not sent, nor of one whose promised bytes have left.
        let is_whole = self.exchange.answered.is_some_and(|answered| answered.is_bodiless)
            || self.is_end_stream()
            || self.promised() == Some(self.sent);
        self.end(!is_whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_of_events_is_told_by_its_media_type_whatever_its_parameters() {
        for kind in [
            "text/event-stream",
            "Text/Event-Stream; charset=utf-8",
            "text/event-stream;q=0.5",
            "text/event-stream ;v=1",
        ] {
            assert!(is_event_stream(kind.as_bytes()), "{kind}");
        }
        for kind in ["", "text/event", "text/event-streams", "text/event-stream+json", "application/json"] {
            assert!(!is_event_stream(kind.as_bytes()), "{kind}");
        }
    }
}
