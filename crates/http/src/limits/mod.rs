//! How many requests may be in flight at a time: of the backend, of a plugin, of a server behind. More are a 503 with `Retry-After`.
//!
//! In flight is a request from the routes' beginning until the last byte of its answer has left, or it is known that it never will: also
//! one whose client has left, as long as somebody works on it. A stream of events and a connection that has left HTTP stay, and
//! are in flight only until that is known. Health checks, a plugin's public keys and what [stands apart](crate::RootHttpRouter::mount_apart)
//! are never refused, and do not count.

mod episode;
mod overload;
mod settings;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use axum::response::{IntoResponse, Response};
use greenroom_errors::Error;
use greenroom_metrics::{Counter, KeyValue};
use http::{HeaderName, HeaderValue, header};
use tokio::sync::Notify;

pub use self::{
    overload::Overload,
    settings::{Hysteresis, LimitSettings},
};
use crate::{
    exchange::Exchange,
    failure::{AlreadyTold, HttpError},
};

/// When a client may come again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");
/// Says that an answer is the gateway's own, and why.
const GATEWAY_ERROR: HeaderName = HeaderName::from_static("x-greenroom-error");
const OVERLOADED: &str = "overloaded";

/// What has a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limited {
    /// All that the backend answers or passes on.
    Backend,
    /// What is below `/api/<plugin>`.
    Plugin(Arc<str>),
    /// Requests to the server behind.
    Upstream,
    /// Streams of events of the server behind, and connections to it that have left HTTP.
    Streams,
}

impl Limited {
    /// Its name among a metric's labels.
    fn label(&self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::Plugin(_) => "plugin",
            Self::Upstream => "upstream",
            Self::Streams => "streams",
        }
    }

    /// As the beginning of a sentence.
    fn named(&self) -> String {
        match self {
            Self::Backend => "This backend".to_owned(),
            Self::Plugin(id) => format!("The plugin '{id}'"),
            Self::Upstream | Self::Streams => "The Node backend".to_owned(),
        }
    }

    /// What there is too much of.
    fn what(&self) -> &'static str {
        match self {
            Self::Streams => "streams",
            _ => "requests",
        }
    }

    /// Whether little else is served when it is full.
    fn is_all(&self) -> bool {
        matches!(self, Self::Backend | Self::Upstream)
    }
}

/// How much of something may be in flight at a time, and is. Clones are the same one.
///
/// ```
/// use greenroom_http::{Limit, Limited};
///
/// let limit = Limit::new(Limited::Upstream, "greenroom.gateway.maxInFlight", 2);
/// assert_eq!([limit.take(), limit.take(), limit.take()], [true, true, false]);
/// limit.refuse(Some("catalog"));
/// limit.leave();
/// assert_eq!((limit.now(), limit.refused(), limit.take()), (1, 1, true));
/// ```
#[derive(Clone, Debug)]
pub struct Limit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    of: Limited,
    /// The config key that says it.
    key: String,
    most: usize,
    now: AtomicUsize,
    refused: AtomicU64,
    /// How many of them were before this episode.
    refused_before: AtomicU64,
    /// Somebody follows what is refused at the moment.
    is_followed: AtomicBool,
    /// The first of them was.
    begins: Notify,
    /// It has gone on for so long that it is told as overload.
    is_overloaded: AtomicBool,
    counter: OnceLock<Counter>,
}

impl Limit {
    /// So many, by that key of the config.
    pub fn new(of: Limited, key: impl Into<String>, most: usize) -> Self {
        let (now, refused, refused_before, is_followed, begins) = Default::default();
        let (is_overloaded, counter, key) = (AtomicBool::default(), OnceLock::new(), key.into());
        let inner = Inner {
            of,
            key,
            most,
            now,
            refused,
            refused_before,
            is_followed,
            begins,
            is_overloaded,
            counter,
        };
        Self(Arc::new(inner))
    }

    /// Takes a place, which whoever took it [leaves](Self::leave) again; whether there was one.
    pub fn take(&self) -> bool {
        let Inner { now, most, .. } = &*self.0;
        now.fetch_update(Relaxed, Relaxed, |now| (now < *most).then_some(now + 1)).is_ok()
    }

    /// Frees a place that was taken.
    pub fn leave(&self) {
        self.0.now.fetch_sub(1, Relaxed);
    }

    /// Counts what was refused for want of a place: by a plugin that is there, no name that a client has made up.
    pub fn refuse(&self, plugin: Option<&str>) {
        let inner = &*self.0;
        inner.refused.fetch_add(1, Relaxed);
        if let Some(counter) = inner.counter.get() {
            let limit = KeyValue::new("limit", inner.of.label());
            let plugin = plugin.map(|id| KeyValue::new("backstage.plugin.id", id.to_owned()));
            counter.add(1u64, &[limit].into_iter().chain(plugin).collect::<Vec<_>>());
        }
        if !inner.is_followed.load(Relaxed) && !inner.is_followed.swap(true, Relaxed) {
            inner.begins.notify_one();
        }
    }

    /// How many there are.
    pub fn now(&self) -> usize {
        self.0.now.load(Relaxed)
    }

    /// How many there may be.
    pub fn most(&self) -> usize {
        self.0.most
    }

    /// How many were refused since the start.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Relaxed)
    }

    /// How many were refused since this episode has begun.
    pub(crate) fn refused_of_episode(&self) -> u64 {
        self.refused().saturating_sub(self.0.refused_before.load(Relaxed))
    }

    /// Whether more than there is room for has come for so long that it is no burst any more.
    pub fn is_overloaded(&self) -> bool {
        self.0.is_overloaded.load(Relaxed)
    }

    /// The plugin whose it is, if it is of one.
    pub(crate) fn plugin(&self) -> Option<&str> {
        match &self.0.of {
            Limited::Plugin(id) => Some(id),
            _ => None,
        }
    }

    /// Gives the exchange a place until its answer has left; without one, this is its answer. `plugin` is the one that it is for, if there
    /// is one.
    pub(crate) fn admit<P: AsRef<str>>(
        &self,
        exchange: &mut Exchange,
        plugin: impl FnOnce() -> Option<P>,
    ) -> Option<Response> {
        if self.take() {
            exchange.places.push(Place(self.clone()));
            return None;
        }
        self.refuse(plugin().as_ref().map(AsRef::as_ref));
        let text =
            format!("{} has too much to do at the moment; try again in a few seconds", self.0.of.named());
        let mut response = HttpError::from(Error::service_unavailable(text)).into_response();
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        // The episode has its lines.
        response.extensions_mut().insert(AlreadyTold);
        if let Some(told) = &exchange.told {
            told.set_gateway_error(OVERLOADED);
            response.headers_mut().insert(GATEWAY_ERROR, HeaderValue::from_static(OVERLOADED));
        }
        Some(response)
    }
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub(crate) struct Place(Limit);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_at_once_no_more_get_in_than_there_is_room_for() {
        let limit = Limit::new(Limited::Backend, "greenroom.limits.inFlight", 3);
        let got_in = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        if limit.take() {
                            got_in.fetch_add(1, Relaxed);
                            assert!(limit.now() <= 3);
                            limit.leave();
                        } else {
                            limit.refuse(None);
                        }
                    }
                });
            }
        });
        assert_eq!((limit.now(), got_in.load(Relaxed) + limit.refused()), (0, 80_000));
    }
}
