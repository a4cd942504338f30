//! Accepting connections: how many, and what happens when there are too many.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use greenroom_logging::{Logger, warn};
use tokio::time::{Instant, timeout};

use crate::{Listener, Peer, Serve, connection::serve, listener::Plain, places::Place, server::Shared};

/// How long to wait before the next try when there is no descriptor.
const RETRY_DELAY: Duration = Duration::from_millis(50);

/// The least time between two lines about the same trouble.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// Accepts until the server drains.
pub(crate) async fn accept<S: Serve>(shared: Arc<Shared<S>>, listener: Listener) {
    let draining = shared.draining.clone();
    let mut trouble = Trouble::default();
    while let Some(accepted) = draining.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, address)) => {
                // Once the server drains, what was accepted has to be served all the same.
                let place = draining.run_until_cancelled(shared.places.take()).await;
                let place = place.unwrap_or_else(|| shared.places.take_anyway());
                if place.beyond().is_some() {
                    trouble.too_many(&shared.logger, shared.places.most);
                }
                begin(&shared, stream, address, place);
            }
            Err(error) => {
                trouble.failed(&shared.logger, &error);
                // Others may have the descriptors that are wanted: then none of ours comes free.
                let _ = timeout(RETRY_DELAY, shared.places.freed()).await;
            }
        }
    }
    for (stream, address) in listener.close() {
        begin(&shared, stream, address, shared.places.take_anyway());
    }
}

fn begin<S: Serve>(shared: &Arc<Shared<S>>, stream: Plain, address: Option<IpAddr>, place: Place) {
    let is_encrypted = shared.tls.is_some();
    let peer = Peer { address, is_encrypted, is_beyond_limit: place.beyond().is_some() };
    let own = shared.clone();
    // Tasks of several kinds: a plain connection within the limit needs no room for what the others do.
    match (place.beyond().cloned(), is_encrypted) {
        (None, false) => spawn_connection(shared, serve(own, stream, peer, place)),
        (None, true) => spawn_connection(shared, encrypted(own, stream, peer, place)),
        (Some(beyond), _) => {
            let connection = Box::pin(async move {
                match is_encrypted {
                    false => serve(own, stream, peer, place).await,
                    true => encrypted(own, stream, peer, place).await,
                }
            });
            spawn_connection(shared, async move { beyond.until_evicted(connection).await });
        }
    }
}

fn spawn_connection<S>(shared: &Shared<S>, connection: impl Future<Output = ()> + Send + 'static) {
    drop(greenroom_context::spawn("connection", shared.open.track_future(connection)));
}

async fn encrypted<S: Serve>(shared: Arc<Shared<S>>, stream: Plain, peer: Peer, place: Place) {
    let Some(tls) = &shared.tls else { return };
    let until_header = shared.settings.timeouts.until_header();
    if let Some(stream) = tls.accept(stream, until_header, &shared.draining).await {
        serve(shared, stream, peer, place).await;
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
                "Too many connections are open, or their requests at work: few further ones are taken, each for one request. The limit is greenroom.server.maxConnections, or what the process has descriptors for"
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
