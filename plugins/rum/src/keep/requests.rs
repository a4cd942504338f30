//! Requests with a trace of a browser, on their way to the store: a few are lost rather than that anybody waits.

use std::{
    mem,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use greenroom::{http::FinishedRequest, prelude::*};
use greenroom_plugin_rum_store::BackendRequest;
use parking_lot::Mutex;
use tokio::{sync::Notify, time::timeout};

use super::Keeper;
use crate::{
    scrub::{Look, Parameters},
    troubles::Troubles,
};

/// How many wait at most.
const MOST: usize = 4_096;
/// With so many it does not wait for more.
const MANY: usize = 200;
/// How long it waits for more.
const EACH: Duration = Duration::from_millis(250);

/// What is being kept. If that is given up, as by a stop, it waits again, for whoever flushes last.
struct Taken<'q> {
    of: &'q RequestQueue,
    requests: Vec<BackendRequest>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.of.waiting.lock().append(&mut self.requests);
    }
}

/// What waits to be kept.
pub(crate) struct RequestQueue {
    waiting: Mutex<Vec<BackendRequest>>,
    many: Notify,
    keeper: Arc<Keeper>,
    troubles: Arc<Troubles>,
    replica: String,
    kept: Parameters,
}

impl RequestQueue {
    /// Keeps what is pushed, four times a second, until the backend's tasks end.
    pub(crate) fn start(keeper: Arc<Keeper>, troubles: Arc<Troubles>, replica: &str) -> Arc<Self> {
        let (waiting, many) = Default::default();
        let queue = Arc::new(Self {
            waiting,
            many,
            keeper,
            troubles,
            replica: replica.to_owned(),
            kept: Parameters::with([]),
        });
        let keeping = queue.clone();
        drop(spawn("keep requests with a trace of a browser", async move {
            loop {
                let _ = timeout(EACH, keeping.many.notified()).await;
                keeping.flush().await;
            }
        }));
        queue
    }

    /// A request is over; only one with a trace of a browser is noted.
    pub(crate) fn note(&self, finished: &FinishedRequest<'_>) {
        if finished.request.is_of_rum() {
            self.push(self.of(finished));
        }
    }

    fn push(&self, request: BackendRequest) {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= MOST {
            drop(waiting);
            self.troubles.requests_lost(1, "too many waited to be kept");
            return;
        }
        waiting.push(request);
        if waiting.len() >= MANY {
            self.many.notify_one();
        }
    }

    /// Keeps all that waits.
    pub(crate) async fn flush(&self) {
        let mut taken = Taken { of: self, requests: mem::take(&mut *self.waiting.lock()) };
        if taken.requests.is_empty() {
            return;
        }
        let kept = match self.keeper.store() {
            Some(store) => {
                store.keep_requests(taken.requests.clone()).await.map_err(|error| error.to_string())
            }
            None => Err("the database is not there yet".to_owned()),
        };
        let count = mem::take(&mut taken.requests).len();
        if let Err(why) = kept {
            self.troubles.requests_lost(count, &why);
        }
    }

    fn of(&self, finished: &FinishedRequest<'_>) -> BackendRequest {
        let request = finished.request;
        let trace = request.trace();
        let ns = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        let spent = finished.spent;
        let stages = [
            ("waiting", spent.waiting),
            ("credentials", spent.credentials),
            ("handling", spent.handling),
            ("sending", spent.sending),
        ];
        let start = finished.began.duration_since(UNIX_EPOCH).unwrap_or_default();
        BackendRequest {
            request_id: request.id().to_owned(),
            trace_id: trace.trace_id().as_str().to_owned(),
            span_id: Some(trace.span_id().as_str().to_owned()),
            parent_span_id: trace.parent_span_id().map(|id| id.as_str().to_owned()),
            session_id: request.session().map(str::to_owned),
            replica: self.replica.clone(),
            plugin: request.target_plugin().map(str::to_owned),
            method: finished.method.to_string(),
            route: request.route().map(str::to_owned),
            path: Look::new(&self.kept).masked(&finished.path()),
            status: finished.status.map_or(0, |status| status.as_u16()),
            start_ms: i64::try_from(start.as_millis()).unwrap_or(i64::MAX),
            duration_ns: ns(finished.duration),
            bytes: i64::try_from(finished.bytes).unwrap_or(i64::MAX),
            is_aborted: finished.is_aborted,
            stages: stages.into_iter().filter_map(|(stage, spent)| Some((stage, ns(spent?)))).collect(),
        }
    }
}
