//! Accepting connections: how many, and what happens when there are too many.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use greenroom_logging::{Logger, warn};
use tokio::{sync::Notify, time::Instant};

use crate::{
    ConnectionLimits, Listener, Peer, Serve, Timeouts, connection::serve, listener::Plain, server::Shared,
};

/// How long to wait before the next try when there is no descriptor.
const RETRY_DELAY: Duration = Duration::from_millis(50);

/// How long a TLS handshake, and then a header, may take beyond the limit of connections. A probe sends both at once, and must
/// not wait for a place that others keep.
const PROBE_HEADER_TIMEOUT: Duration = Duration::from_millis(250);

/// The least time between two lines about the same trouble.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// The places for connections of one server.
#[derive(Debug)]
pub(crate) struct Places {
    most: u32,
    /// So many more are taken for probes.
    for_probes: u32,
    taken: AtomicU32,
    freed: Notify,
}

/// A place that a connection has taken. It is free once the connection has ended and the last of its requests is answered:
/// a client that leaves does not make room for more work.
#[derive(Debug)]
pub(crate) struct Place(Arc<Places>);

impl Places {
    pub(crate) fn new(limits: &ConnectionLimits) -> Self {
        let (most, for_probes) = (limits.connections, limits.for_probes());
        Self { most, for_probes, taken: AtomicU32::new(0), freed: Notify::new() }
    }

    /// Waits until there is a place, those for probes included.
    async fn free(&self) {
        while self.taken.load(Relaxed) >= self.most.saturating_add(self.for_probes) {
            self.freed.notified().await;
        }
    }

    /// A place, and whether it is beyond the limit.
    fn take(self: &Arc<Self>) -> (Place, bool) {
        let before = self.taken.fetch_add(1, Relaxed);
        (Place(self.clone()), before >= self.most)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Relaxed);
        self.0.freed.notify_one();
    }
}

/// Accepts until the server drains.
pub(crate) async fn accept<S: Serve>(shared: Arc<Shared<S>>, listener: Listener) {
    let draining = shared.draining.clone();
    let mut trouble = Trouble::default();
    let next = async || {
        shared.places.free().await;
        listener.accept().await
    };
    while let Some(accepted) = draining.run_until_cancelled(next()).await {
        match accepted {
            Ok((stream, address)) => {
                if begin(&shared, stream, address) {
                    trouble.too_many(&shared.logger, shared.places.most);
                }
            }
            Err(error) => {
                trouble.failed(&shared.logger, &error);
                tokio::time::sleep(RETRY_DELAY).await;
            }
        }
    }
    for (stream, address) in listener.close() {
        begin(&shared, stream, address);
    }
}

/// Begins a connection; whether it is beyond the limit.
fn begin<S: Serve>(shared: &Arc<Shared<S>>, stream: Plain, address: Option<IpAddr>) -> bool {
    let (place, is_beyond_limit) = shared.places.take();
    let peer = Peer { address, is_encrypted: shared.tls.is_some(), is_beyond_limit };
    let mut timeouts = shared.settings.timeouts;
    if is_beyond_limit {
        timeouts.headers = PROBE_HEADER_TIMEOUT;
    }
    let own = shared.clone();
    // Tasks of two kinds: a plain connection needs no room for what TLS does.
    match shared.tls {
        None => spawn_connection(shared, serve(own, stream, peer, timeouts, place)),
        Some(_) => spawn_connection(shared, encrypted(own, stream, peer, timeouts, place)),
    }
    is_beyond_limit
}

fn spawn_connection<S>(shared: &Shared<S>, connection: impl Future<Output = ()> + Send + 'static) {
    drop(greenroom_context::spawn("connection", shared.open.track_future(connection)));
}

async fn encrypted<S: Serve>(
    shared: Arc<Shared<S>>,
    stream: Plain,
    peer: Peer,
    timeouts: Timeouts,
    place: Place,
) {
    let Some(tls) = &shared.tls else { return };
    if let Some(stream) = tls.accept(stream, timeouts.until_header(), &shared.draining).await {
        serve(shared, stream, peer, timeouts, place).await;
    }
}

/// Says what is wrong with accepting, now and then.
#[derive(Default)]
struct Trouble {
    told: Option<Instant>,
    untold: u64,
}

impl Trouble {
    fn too_many(&mut self, logger: &Logger, most: u32) {
        if let Some(count) = self.is_due() {
            warn!(
                logger,
                connections = most,
                count = count,
                "Too many connections are open, or their requests at work: only probes are answered on further ones. The limit is greenroom.server.maxConnections, or what the process has descriptors for"
            );
        }
    }

    fn failed(&mut self, logger: &Logger, error: &io::Error) {
        if let Some(count) = self.is_due() {
            let text = error.to_string();
            warn!(logger, reason = &*text, count = count, "A connection could not be accepted");
        }
    }

    /// How often it happened since the last line, once a line is due.
    fn is_due(&mut self) -> Option<u64> {
        self.untold += 1;
        if self.told.is_some_and(|told| told.elapsed() < LOG_INTERVAL) {
            return None;
        }
        self.told = Some(Instant::now());
        Some(std::mem::take(&mut self.untold))
    }
}
