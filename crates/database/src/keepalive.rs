//! Asks a database for `select 1` each minute, and tells an outage once.

use std::time::Duration;

use greenroom_logging::{Logger, info, warn};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::client::Client;

const EVERY: Duration = Duration::from_secs(60);

/// Never ends.
pub(crate) async fn keep_alive(plugin: String, client: Client, logger: Logger) {
    let mut ticks = interval_at(Instant::now() + EVERY, EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut away_since: Option<Instant> = None;
    loop {
        ticks.tick().await;
        match (client.ping().await, away_since) {
            (Ok(()), None) => {}
            (Ok(()), Some(since)) => {
                let minutes = (Instant::now() - since).as_secs() / 60;
                info!(logger, minutes, "Database of plugin {plugin} answers again");
                away_since = None;
            }
            (Err(error), None) => {
                warn!(logger, ..&error, "Database keepalive failed for plugin {plugin},");
                away_since = Some(Instant::now());
            }
            (Err(_), Some(_)) => {}
        }
    }
}
