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
use greenroom_traces::Tracer;
use http::{HeaderMap, HeaderName};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    availability::Availability,
    connect::{Connector, NotConnected},
    connection::Connection,
    documents::{Documents, Untouched},
    failure::Failure,
    labels::{Label, Labels},
    latency::Latency,
    live::Live,
    measured::ProxyMetrics,
    occasional::Occasional,
    pool::Pool,
    pulse::Pulse,
    settings::Limits,
    status::{Readiness, Status},
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// One proxy.
pub(crate) struct Shared {
    pub(crate) availability: Availability,
    pub(crate) connector: Arc<Connector>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) live: Arc<Live>,
    pub(crate) pulse: Pulse,
    /// It has become ready or ceased to be, stands still or turns again, or its start has failed.
    pub(crate) news: Arc<Notify>,
    pub(crate) latency: Latency,
    pub(crate) limits: Limits,
    pub(crate) documents: Documents,
    pub(crate) labels: Option<Arc<dyn Labels>>,
    pub(crate) metrics: Option<ProxyMetrics>,
    pub(crate) tracer: Tracer,
    pub(crate) logger: Logger,
    pub(crate) retries: AtomicU64,
    pub(crate) changed: Mutex<Changed>,
    pub(crate) is_transparent: AtomicBool,
    pub(crate) writes_lines: bool,
    pub(crate) is_stopping: AtomicBool,
    pub(crate) failures: Occasional,
    /// That a proxy in front is not trusted was told.
    pub(crate) is_untrusted_told: AtomicBool,
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
        let is_asked = !self.is_stopping() && (is_transparent || self.availability.is_up());
        // Who does not turn its event loop answers nobody: what it has said last is known here.
        let is_silent = !is_transparent && self.pulse.is_stalled();
        let may_be_probed = is_asked && self.live.has_room_for_probes();
        let liveness = may_be_probed && (!is_silent || self.pulse.is_stalled_for_long());
        Reach { owned: is_transparent, readiness: may_be_probed && !is_silent, liveness, is_transparent }
    }

    /// Whether it is to be asked whether its event loop turns.
    pub(crate) fn is_checked(&self) -> bool {
        self.availability.is_up() && !self.is_stopping() && !self.availability.drained().is_cancelled()
    }

    /// A new connection, for a request that has been waiting for one since then; or that does not wait.
    pub(crate) async fn connect(&self, begun: Instant, waits: bool) -> Result<Connection, Failure> {
        loop {
            if !waits && !self.availability.is_up() {
                return Err(Failure::Down);
            }
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

    /// Begins to find out who asks, if that can be found out; then `told` says when it is known, or never will be.
    pub(crate) fn look_who_asks(&self, headers: &HeaderMap, named: Option<&Named>, told: &Arc<Told>) -> bool {
        let Some((labels, named)) = self.labels.as_ref().zip(named.cloned()) else { return false };
        let asker = Asker { named, told: told.clone() };
        labels.look(headers, Box::new(move |label| asker.is(label)));
        true
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

    /// Tells the log once that somebody in front says whom it asks for, and is not believed.
    pub(crate) fn tell_of_untrusted(&self, headers: &HeaderMap, trusts_peer: bool) {
        let is_news = !trusts_peer && !self.is_untrusted_told.load(Relaxed);
        if !is_news || !headers.contains_key(FORWARDED_FOR) || self.is_untrusted_told.swap(true, Relaxed) {
            return;
        }
        warn!(
            self.logger,
            "A request came with X-Forwarded-For, from an address that backend.trustProxy does not trust: what it says is dropped. If \
             a proxy stands in front, Node takes it for the client of all requests: its rate limit counts them as one, and https is \
             http to it. Set backend.trustProxy then, as to 1 for one proxy; else a client has made the header up"
        );
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
        let (stall_count, stalls) = self.pulse.known();
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
            stall_count,
            stalls,
        }
    }
}

/// Who asks, until it is told. Whoever drops it untold will never tell.
struct Asker {
    named: Named,
    told: Arc<Told>,
}

impl Asker {
    fn is(&self, label: Label) {
        self.named.set_principal_type(label.principal_type);
        if let Some(error) = label.error {
            self.told.set_credential_error(error);
        }
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        self.told.settle_asker();
    }
}
