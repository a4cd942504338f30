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
use tokio_util::sync::CancellationToken;

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
    pub(crate) readiness: Mutex<Option<Readiness>>,
    pub(crate) changed: Mutex<Changed>,
    pub(crate) is_transparent: AtomicBool,
    pub(crate) writes_lines: bool,
    pub(crate) is_stopping: AtomicBool,
    pub(crate) streams_end: Mutex<CancellationToken>,
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
        match () {
            () if self.is_stopping() => Reach::Unowned,
            () if self.is_transparent.load(Relaxed) => Reach::Everything,
            () if self.availability.is_up() => Reach::UnownedAndHealth,
            () => Reach::Unowned,
        }
    }

    /// A new connection, for a request that has been waiting for one since then.
    pub(crate) async fn connect(&self, begun: Instant) -> Result<Connection, Failure> {
        loop {
            let target = self.availability.wait(begun).await?;
            let generation = self.pool.generation();
            if self.availability.target() != target {
                // It was started anew meanwhile.
                continue;
            }
            match self.connector.connect(target.address).await {
                Ok(mut connection) => {
                    connection.generation = generation;
                    self.availability.takes(target);
                    return Ok(connection);
                }
                Err(NotConnected::Refused(why)) => self.availability.refuses(target, &why),
                Err(NotConnected::Unable(why)) => {
                    self.tell(Failure::Unreachable, why);
                    return Err(Failure::Unreachable);
                }
            }
        }
    }

    /// Ends what would keep the server behind from ending, and keeps nothing for later that was there before. What is of that kind
    /// and comes once this server stops ends at once.
    pub(crate) fn drain(&self) {
        self.pool.empty();
        let mut end = self.streams_end.lock();
        end.cancel();
        if !self.is_stopping() {
            *end = CancellationToken::new();
        }
    }

    /// What ends event streams and tunnels.
    pub(crate) fn streams_end(&self) -> CancellationToken {
        self.streams_end.lock().clone()
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

    pub(crate) fn status(&self) -> Status {
        let changed = self.changed.lock();
        Status {
            address: self.availability.target().address,
            state: self.availability.state(),
            is_transparent: self.is_transparent.load(Relaxed),
            is_stopping: self.is_stopping(),
            no_source: self.connector.has_no_source(),
            readiness: self.readiness.lock().clone(),
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
