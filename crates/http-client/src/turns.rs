//! How many calls there are to a host at once.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::target::Target;

/// How many calls to one host and port are under way at a time; more wait until one has ended, within their deadline.
///
/// Who has many calls for one host starts no more than these, so that none is given up before it is sent.
///
/// ```
/// use greenroom_http_client::CALLS_AT_ONCE;
///
/// let urls = vec!["https://idp.example/keys"; CALLS_AT_ONCE + 1];
/// let rounds = urls.chunks(CALLS_AT_ONCE);
/// assert_eq!(rounds.count(), 2);
/// ```
pub const CALLS_AT_ONCE: usize = 64;

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
        let new = Arc::new(Semaphore::new(CALLS_AT_ONCE));
        all.insert(target, Arc::downgrade(&new));
        new
    }
}
