//! How many calls there are to a host at once.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::target::Target;

/// To one host and port; more wait until one has ended.
pub(crate) const AT_ONCE: usize = 64;

/// Lets a host that hangs hold up its own calls only, and no more connections than there is room for.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<String, Weak<Semaphore>>>);

impl Turns {
    /// A turn, as long as it is held.
    pub(crate) async fn take(&self, target: &Target) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        self.of(target.name()).acquire_owned().await.ok()
    }

    fn of(&self, target: String) -> Arc<Semaphore> {
        let mut all = self.0.lock();
        if let Some(known) = all.get(&target).and_then(Weak::upgrade) {
            return known;
        }
        all.retain(|_, turns| turns.strong_count() > 0);
        let new = Arc::new(Semaphore::new(AT_ONCE));
        all.insert(target, Arc::downgrade(&new));
        new
    }
}
