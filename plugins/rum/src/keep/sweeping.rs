//! Deletes what is kept no longer, from time to time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use greenroom::prelude::*;
use greenroom_plugin_rum_store::{Limits, Store};
use tokio::time::sleep;

/// How often.
const EACH: Duration = Duration::from_secs(600);
/// How soon after what was too much to be done at once.
const SOON: Duration = Duration::from_secs(5);

/// Sweeps until the backend's tasks end.
pub(crate) fn sweep(store: Store, limits: Limits, logger: Logger) {
    drop(spawn("delete old browser events", async move {
        let mut wait = EACH / 10;
        loop {
            // Replicas do not sweep at the same moments.
            sleep(wait.mul_f64(0.5 + fastrand::f64())).await;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
            wait = match store.sweep(limits, now_ms).await {
                Ok(swept) if swept.is_unfinished => SOON,
                Ok(_) => EACH,
                Err(error) => {
                    warn!(logger, error = &error, "Old browser events cannot be deleted");
                    EACH
                }
            };
        }
    }));
}
