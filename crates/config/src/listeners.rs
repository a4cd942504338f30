//! Who is asked before a change of the config, and who is told after it.
//!
//! Must not know what changes, nor when.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use greenroom_errors::Error;

use crate::{RootConfig, live::lock};

pub(crate) enum Listener {
    /// What speaks against a config that is about to come into force.
    Before(Box<dyn Fn(&RootConfig) -> Vec<Error> + Send + Sync>),
    After(Box<dyn Fn() + Send + Sync>),
}

type Listening = Vec<(u64, Arc<Listener>)>;

#[derive(Default)]
pub(crate) struct Listeners {
    all: Arc<Mutex<Listening>>,
    next: AtomicU64,
}

impl Listeners {
    pub(crate) fn add(&self, listener: Listener) -> Subscription {
        let id = self.next.fetch_add(1, Relaxed);
        lock(&self.all).push((id, Arc::new(listener)));
        Subscription { all: Arc::downgrade(&self.all), id }
    }

    /// Called without the lock: a listener may add listeners, or end a subscription.
    fn listening(&self) -> Vec<Arc<Listener>> {
        lock(&self.all).iter().map(|(_, listener)| listener.clone()).collect()
    }

    /// All that speaks against the next config. Who panics cannot read it, which speaks against it too.
    pub(crate) fn objections(&self, next: &RootConfig) -> Vec<Error> {
        let ask = |listener: Arc<Listener>| match &*listener {
            Listener::Before(ask) => catch_unwind(AssertUnwindSafe(|| ask(next)))
                .unwrap_or_else(|panic| vec![Error::new(text_of(&*panic))]),
            Listener::After(_) => vec![],
        };
        self.listening().into_iter().flat_map(ask).collect()
    }

    /// Tells of a change; the messages of those that panicked are returned.
    pub(crate) fn tell(&self) -> Vec<String> {
        let call = |listener: Arc<Listener>| match &*listener {
            Listener::Before(_) => None,
            Listener::After(tell) => catch_unwind(AssertUnwindSafe(tell)).err().map(|panic| text_of(&*panic)),
        };
        self.listening().into_iter().filter_map(call).collect()
    }
}

/// Ends the subscription when dropped. A call that has begun is not waited for.
#[must_use = "the subscription ends when this is dropped"]
pub struct Subscription {
    all: Weak<Mutex<Listening>>,
    id: u64,
}

impl Subscription {
    /// Keeps it for as long as the config lives.
    pub fn forever(mut self) {
        self.all = Weak::new();
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription({})", self.id)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(all) = self.all.upgrade() {
            // What the listener holds is dropped after the lock is given back: it may be a subscription itself.
            let ended: Vec<_> = {
                let mut all = lock(&all);
                let at = all.iter().position(|(id, _)| *id == self.id);
                at.map(|at| all.remove(at)).into_iter().collect()
            };
            drop(ended);
        }
    }
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}
