//! Connections that lie idle until the next request.
//!
//! Decision: 0028.

use std::{
    task::{Context, Waker},
    time::Duration,
};

use parking_lot::Mutex;

use crate::connection::Connection;

/// How long one lies at most, whatever the server says.
const LONGEST: Duration = Duration::from_secs(30);

/// A connection that was used so short a time ago is not about to be closed by a server that has time for it.
const MOMENT: Duration = Duration::from_secs(1);

/// How many there are at most.
const MOST: usize = 64;

/// What a connection is to carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// A request that may be sent twice.
    Repeatable,
    /// One that may not: it must not meet a connection that the server is about to close. A Node server that has been busy closes
    /// what was idle for too long before it reads from it, so that only one that it keeps for long will do.
    Once,
}

impl Load {
    fn goes_on(self, connection: &Connection) -> bool {
        match self {
            Self::Repeatable => connection.is_fresh(LONGEST),
            Self::Once => connection.is_fresh(MOMENT) && connection.is_kept_long(),
        }
    }
}

/// The connections. Those that rested last stand last.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Vec<Connection>>);

impl Pool {
    /// One that may carry this, the one that rested last first. Whether the server has closed it meanwhile turns out as it is
    /// used, before anything is sent.
    pub(crate) fn take(&self, load: Load) -> Option<Connection> {
        let mut idle = self.0.lock();
        // Each is kept as long as the server said of it.
        let at = idle.iter().rposition(|one| load.goes_on(one) && one.is_idle())?;
        Some(idle.remove(at))
    }

    /// Keeps one for later, if it can be used then.
    pub(crate) fn give(&self, mut connection: Connection) {
        if !connection.rest() {
            // The server keeps it no longer than a request is on its way.
            return;
        }
        let mut idle = self.0.lock();
        // Asked here, so that none stays behind when its start ends and the pool is emptied.
        if connection.is_idle() {
            if idle.len() >= MOST {
                idle.remove(0);
            }
            idle.push(connection);
        }
    }

    /// Closes those that nobody should use any more.
    pub(crate) fn tidy(&self) {
        let mut cx = Context::from_waker(Waker::noop());
        self.0.lock().retain_mut(|one| one.is_fresh(LONGEST) && one.is_alive(&mut cx));
    }

    /// Closes all of them.
    pub(crate) fn empty(&self) {
        self.0.lock().clear();
    }

    /// How many lie idle.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().len()
    }
}
