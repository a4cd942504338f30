//! Connections that lie idle until the next request.
//!
//! Decision: 0028.

use std::{
    future::poll_fn,
    task::{Context, Poll, Waker},
    time::Duration,
};

use parking_lot::Mutex;

use crate::connection::Connection;

/// How long one lies at most, whatever the server says.
pub(crate) const LONGEST: Duration = Duration::from_secs(30);

/// How many there are at most.
const MOST: usize = 64;

/// The connections, and to which start of the server behind they lead.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Idle>);

#[derive(Default)]
struct Idle {
    generation: u64,
    /// Those that rested last stand last.
    connections: Vec<Connection>,
}

impl Pool {
    /// One that has been idle for less than that, the one that rested last first.
    pub(crate) async fn take(&self, longest: Duration) -> Option<Connection> {
        while let Some(mut connection) = self.pop(longest) {
            if poll_fn(|cx| Poll::Ready(connection.is_alive(cx))).await {
                return Some(connection);
            }
        }
        None
    }

    fn pop(&self, longest: Duration) -> Option<Connection> {
        let mut idle = self.0.lock();
        // All others have been idle for longer.
        idle.connections.last().filter(|last| last.is_fresh(longest))?;
        idle.connections.pop()
    }

    /// Keeps one for later, if it leads to the server that is asked now.
    pub(crate) fn give(&self, mut connection: Connection) {
        if !connection.is_idle() {
            return;
        }
        connection.rest();
        let mut idle = self.0.lock();
        if idle.generation == connection.generation {
            if idle.connections.len() >= MOST {
                idle.connections.remove(0);
            }
            idle.connections.push(connection);
        }
    }

    /// Closes those that nobody should use any more.
    pub(crate) fn tidy(&self) {
        let mut cx = Context::from_waker(Waker::noop());
        self.0.lock().connections.retain_mut(|one| one.is_fresh(LONGEST) && one.is_alive(&mut cx));
    }

    /// Closes all of them, and keeps none that was made before.
    pub(crate) fn empty(&self) {
        let mut idle = self.0.lock();
        idle.generation += 1;
        idle.connections.clear();
    }

    /// What [`give`](Self::give) is told of a connection that is made from now on.
    pub(crate) fn generation(&self) -> u64 {
        self.0.lock().generation
    }

    /// How many lie idle.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().connections.len()
    }
}
