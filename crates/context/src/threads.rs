//! Threads, for what must not share a runtime with the rest.

use std::{io, thread};

use crate::Context;

/// Starts a thread of that name which belongs to what is current. It ends by itself: nobody can end a thread.
pub fn spawn_thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let context = Context::current();
    #[expect(clippy::disallowed_methods, reason = "this is the one place that starts threads")]
    thread::Builder::new().name(name.to_owned()).spawn(move || context.sync_scope(work)).map(drop)
}
