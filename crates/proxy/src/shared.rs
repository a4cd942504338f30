//! What all requests of a proxy have in common.

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use greenroom_context::Request as Named;
use greenroom_http::{Reach, Told};
use greenroom_logging::{Logger, warn};
use http::HeaderMap;
use parking_lot::Mutex;

use crate::{
    availability::Availability,
    connect::{Connector, NotConnected},
    connection::Connection,
    documents::{Documents, Untouched},
    failure::Failure,
    labels::Labels,
    latency::Latency,
    live::Live,
    occasional::Occasional,
    pool::Pool,
    settings::Limits,
    status::{Readiness, Status},
};

/// One proxy.
pub(crate) struct Shared {
    pub(crate) availability: Availability,
    pub(crate) connector: Connector,
    pub(crate) pool: Arc<Pool>,
    pub(crate) live: Arc<Live>,
    pub(crate) latency: Latency,
    pub(crate) limits: Limits,
    pub(crate) documents: Documents,
    pub(crate) labels: Option<Arc<dyn Labels>>,
    pub(crate) logger: Logger,
    pub(crate) retries: AtomicU64,
    pub(crate) changed: Mutex<Changed>,
    pub(crate) is_transparent: AtomicBool,
    pub(crate) writes_lines: bool,
    pub(crate) is_stopping: AtomicBool,
    pub(crate) failures: Occasional,
}

/// What became of documents.
#[derive(Default)]
pub(crate) struct Changed {
    pub(crate) documents: u64,
    pub(crate) untouched: BTreeMap<Untouched, u64>,
}

impl Shared {
    /// What is forwarded at the moment.
    pub(crate) fn reach(&self) -> Reach {
        let is_transparent = self.is_transparent.load(Relaxed);
        // That this server stops is for it to say, and is all that changes by that.
        let health = !self.is_stopping() && (is_transparent || self.availability.is_up());
        Reach { owned: is_transparent, health, is_transparent }
    }

    /// A new connection, for a request that has been waiting for one since then.
    pub(crate) async fn connect(&self, begun: Instant) -> Result<Connection, Failure> {
        loop {
            let start = self.availability.wait(begun).await?;
            match self.connector.connect(start.address).await {
                Ok(mut connection) => {
                    connection.start_ended = start.ended.clone();
                    return Ok(connection);
                }
                Err(NotConnected::Refused(why)) => self.availability.refuses(&start, &why),
                Err(NotConnected::Unable(why)) => {
                    self.tell(Failure::Unreachable, why);
                    return Err(Failure::Unreachable);
                }
            }
        }
    }

    /// Ends what would keep the server behind from ending, for good: what is of that kind and comes later ends at once.
    pub(crate) fn drain(&self) {
        self.availability.drained().cancel();
        self.pool.empty();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Relaxed)
    }

    /// Begins to find out who asks.
    pub(crate) fn look_who_asks(&self, headers: &HeaderMap, named: Option<&Named>, told: &Arc<Told>) {
        let Some((labels, named)) = self.labels.as_ref().zip(named.cloned()) else { return };
        let told = told.clone();
        labels.look(
            headers,
            Box::new(move |label| {
                named.set_principal_type(label.principal_type);
                if let Some(error) = label.error {
                    told.set_credential_error(error);
                }
            }),
        );
    }

    /// Tells the log why requests fail: now and then, because there may be many.
    pub(crate) fn tell(&self, failure: Failure, why: impl Display) {
        if failure == Failure::Upload {
            return;
        }
        if let Some(left_out) = self.failures.passes() {
            let code = failure.code();
            warn!(
                self.logger,
                code = code,
                "leftOut" = left_out,
                "A request got no answer of the Node backend: {why}"
            );
        }
    }

    pub(crate) fn note_document(&self, outcome: Result<bool, Untouched>) {
        let mut changed = self.changed.lock();
        match outcome {
            Ok(true) => changed.documents += 1,
            Ok(false) => {}
            Err(why) => *changed.untouched.entry(why).or_default() += 1,
        }
    }

    /// What the server behind has said last of its readiness.
    pub(crate) fn readiness(&self) -> Option<Arc<Readiness>> {
        self.availability.start()?.readiness()
    }

    pub(crate) fn status(&self) -> Status {
        let changed = self.changed.lock();
        Status {
            address: self.availability.address(),
            state: self.availability.state(),
            is_transparent: self.is_transparent.load(Relaxed),
            is_stopping: self.is_stopping(),
            no_source: self.connector.has_no_source(),
            readiness: self.readiness(),
            latency: self.latency.look(),
            limits: self.limits,
            plugins: self.live.status(),
            retries: self.retries.load(Relaxed),
            connects: self.connector.opened(),
            open_connections: self.connector.open(),
            idle_connections: self.pool.len(),
            documents: changed.documents,
            untouched: changed.untouched.clone(),
        }
    }
}
