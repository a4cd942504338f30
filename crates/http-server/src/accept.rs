//! Accepting connections: how many, and what happens when there are too many.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use greenroom_logging::{Logger, warn};
use tokio::time::Instant;

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
                if place.guest().is_some() {
                    trouble.too_many(&shared.logger, shared.places.most);
                }
                begin(&shared, stream, address, place);
            }
            Err(error) => {
                trouble.failed(&shared.logger, &error);
                tokio::time::sleep(RETRY_DELAY).await;
            }
        }
    }
    for (stream, address) in listener.close() {
        begin(&shared, stream, address, shared.places.take_anyway());
    }
}

fn begin<S: Serve>(shared: &Arc<Shared<S>>, stream: Plain, address: Option<IpAddr>, place: Place) {
    let guest = place.guest().cloned();
    let peer = Peer { address, is_encrypted: shared.tls.is_some(), is_beyond_limit: guest.is_some() };
    let own = shared.clone();
    let connection = async move {
        match own.tls {
            None => serve(own, stream, peer, place).await,
            // In a box: a plain connection needs no room for what TLS does.
            Some(_) => Box::pin(encrypted(own, stream, peer, place)).await,
        }
    };
    let connection = shared.open.track_future(connection);
    drop(match guest {
        None => greenroom_context::spawn("connection", connection),
        Some(guest) => {
            let connection = Box::pin(connection);
            greenroom_context::spawn("connection", async move { guest.until_evicted(connection).await })
        }
    });
}

async fn encrypted<S: Serve>(shared: Arc<Shared<S>>, stream: Plain, peer: Peer, place: Place) {
    let Some(tls) = &shared.tls else { return };
    let patience = shared.settings.timeouts.until_header();
    if let Some(stream) = tls.accept(stream, patience, &shared.draining).await {
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
