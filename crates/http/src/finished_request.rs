//! What is known of a request once its answer has left, for whoever observes requests.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use greenroom_context::Request;
use greenroom_redact as redact;
use http::{Method, StatusCode, Uri};

use crate::{exchange::Exchange, observer::Observers};

/// A request whose answer has left to its last byte, or was given up.
///
/// See [`RootHttpRouter::on_finished`](crate::RootHttpRouter::on_finished).
#[derive(Debug)]
#[non_exhaustive]
pub struct FinishedRequest<'a> {
    /// Its id, its trace, its browser session; who sent it, to which plugin, and which route answered it.
    pub request: &'a Request,
    /// By which method it was asked.
    pub method: &'a Method,
    uri: &'a Uri,
    /// What was answered; `None` if it was given up before that.
    pub status: Option<StatusCode>,
    /// How many bytes of the body have left.
    pub bytes: u64,
    /// When its head was there.
    pub began: SystemTime,
    /// How long it took from then on.
    pub duration: Duration,
    /// Not all of the answer has left.
    pub is_aborted: bool,
    /// Where the time went.
    pub spent: Spent,
}

/// Where the time of a request went. `None` stands for what it did not come to; what is not listed is what is left of the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spent {
    /// It waited for the plugin to start.
    pub waiting: Option<Duration>,
    /// Its credentials were verified.
    pub credentials: Option<Duration>,
    /// From the call of the routes to the head of the answer.
    pub handling: Option<Duration>,
    /// From the head of the answer to the end of its body.
    pub sending: Option<Duration>,
}

impl FinishedRequest<'_> {
    /// The path that was asked for, without the query and without the credentials in it.
    pub fn path(&self) -> Cow<'_, str> {
        redact::url(self.uri.path())
    }
}

/// Who is told of requests that are over.
pub(crate) type FinishedObservers = Observers<dyn Fn(&FinishedRequest<'_>) + Send + Sync>;

/// What is noted of a request for those.
pub(crate) struct Watch {
    observers: Arc<FinishedObservers>,
    pub(crate) spent: Spent,
    called: Option<Instant>,
    answered: Option<Instant>,
}

impl Watch {
    pub(crate) fn new(observers: Arc<FinishedObservers>) -> Self {
        Self { observers, spent: Spent::default(), called: None, answered: None }
    }

    /// The routes are called.
    pub(crate) fn call(&mut self) {
        self.called = Some(Instant::now());
    }

    /// The head of the answer is there.
    pub(crate) fn answer(&mut self) {
        let now = Instant::now();
        self.answered = Some(now);
        self.spent.handling = self.called.map(|called| now - called);
    }

    /// Tells of the request. `sent` is how much of the body has left.
    pub(crate) fn tell(self, exchange: &Exchange, sent: u64, is_aborted: bool) {
        let duration = exchange.began.elapsed();
        let now = SystemTime::now();
        let finished = FinishedRequest {
            request: &exchange.request,
            method: &exchange.asked.method,
            uri: &exchange.asked.uri,
            status: exchange.answered.map(|answered| answered.status),
            bytes: sent,
            began: now.checked_sub(duration).unwrap_or(now),
            duration,
            is_aborted,
            spent: Spent { sending: self.answered.map(|answered| answered.elapsed()), ..self.spent },
        };
        self.observers.each(|look| look(&finished));
    }
}
