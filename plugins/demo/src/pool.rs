//! Places of which there are too few: what makes a request slow that does little itself.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use greenroom::prelude::*;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many there are.
pub(crate) const PLACES: usize = 2;
/// For how long other work has its place.
pub(crate) const HELD: Duration = Duration::from_millis(1200);
/// Whoever has waited for so long is refused.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The places.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Semaphore>);

impl Pool {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }

    /// Has other work take all places that are free, and hold them for a while.
    pub(crate) fn fill(&self, logger: &Logger) {
        while let Ok(place) = self.0.clone().try_acquire_owned() {
            debug!(logger, "Other work has taken a place in the pool");
            spawn("hold a place in the demo's pool", async move {
                tokio::time::sleep(HELD).await;
                drop(place);
            });
        }
    }

    /// A place, and how long it was waited for.
    pub(crate) async fn take(&self) -> Result<(OwnedSemaphorePermit, Duration), Error> {
        let began = Instant::now();
        match tokio::time::timeout(LONGEST_WAIT, self.0.clone().acquire_owned()).await {
            Ok(Ok(place)) => Ok((place, began.elapsed())),
            _ => {
                let waited = LONGEST_WAIT.as_secs();
                Err(Error::service_unavailable(format!("No place in the pool was free within {waited} s")))
            }
        }
    }
}
