//! The gateway as it is run: the `greenroom` command in front of a real Node backend.
//!
//! [`setup`] starts both, in each way that there is; [`connection`] speaks bytes to either; [`saw`] reads what Node's parser has
//! made of them, [`line`] what the gateway's access lines tell, and [`process`] what the system knows of a process.
//! [`alike`] compares two answers to the same bytes, and [`named`] lists what may differ between them. The tests are in
//! `tests/gateway`.

pub mod alike;
pub mod connection;
pub mod line;
pub mod named;
pub mod process;
pub mod saw;
pub mod setup;

use std::{future::Future, time::Duration};

pub use connection::Connection;
use greenroom_conformance::backend::Backend;
pub use setup::{Pair, Setup};

/// How long anything may take that is waited for, on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// What comes of it, unless that takes too long.
///
/// # Panics
/// When it takes longer than [`DEADLINE`].
#[track_caller]
pub fn in_time<T>(what: &str, done: impl Future<Output = T>) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(DEADLINE, done).await {
            Ok(done) => done,
            Err(_) => panic!("waited in vain for {what} at {caller}"),
        }
    }
}

/// Waits until what a process has printed is as it should be, and says what was found in it.
///
/// # Panics
/// When that never is.
#[track_caller]
pub fn printed<T>(by: &Backend, what: &str, found: impl Fn(&str) -> Option<T>) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let waiting = async {
            loop {
                let count = by.lines();
                if let Some(found) = found(&by.output()) {
                    return found;
                }
                by.more_lines_than(count).await;
            }
        };
        match tokio::time::timeout(DEADLINE, waiting).await {
            Ok(found) => found,
            Err(_) => panic!("never printed: {what} ({caller})\n{}", by.output()),
        }
    }
}

/// Waits until it has printed this.
#[track_caller]
pub fn says(by: &Backend, text: &str) -> impl Future<Output = ()> {
    printed(by, text, move |output| output.contains(text).then_some(()))
}
