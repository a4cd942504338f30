//! Who observes requests: code of a plugin that is called within them, and must do them no harm.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use arc_swap::ArcSwap;
use greenroom_context::catch_panic_in;
use greenroom_logging::{Logger, error};

/// One that observes. If it panics, its plugin's log tells it, and it is asked no more.
pub(crate) struct Observer<F: ?Sized> {
    logger: Logger,
    has_panicked: AtomicBool,
    look: F,
}

impl<F> Observer<F> {
    pub(crate) fn new(logger: Logger, look: F) -> Self {
        Self { logger, has_panicked: AtomicBool::default(), look }
    }
}

impl<F: ?Sized> Observer<F> {
    fn ask(&self, call: impl FnOnce(&F)) {
        if self.has_panicked.load(Relaxed) {
            return;
        }
        if let Err(panic) = catch_panic_in(|| call(&self.look))
            && !self.has_panicked.swap(true, Relaxed)
        {
            let stack = format!("Error: panicked: {}", panic.stack());
            let text = &panic.text;
            error!(self.logger, stack, "What observes requests panicked, and is asked no more: {text}");
        }
    }
}

/// All that observe the same.
pub(crate) struct Observers<F: ?Sized>(ArcSwap<Vec<Arc<Observer<F>>>>);

impl<F: ?Sized> Default for Observers<F> {
    fn default() -> Self {
        Self(ArcSwap::default())
    }
}

impl<F: ?Sized> Observers<F> {
    pub(crate) fn add(&self, observer: Arc<Observer<F>>) {
        self.0.rcu(|observers| {
            let mut observers = Vec::clone(observers);
            observers.push(observer.clone());
            observers
        });
    }

    /// Asks each of them, in their order.
    pub(crate) fn each(&self, call: impl Fn(&F)) {
        self.0.load().iter().for_each(|observer| observer.ask(&call));
    }
}
