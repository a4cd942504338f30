//! Whether the server behind can be asked.

use std::{net::SocketAddr, time::Instant};

/// Whether the server behind can be asked, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It has not listened yet.
    Starting {
        /// When this was begun.
        since: Instant,
    },
    /// It takes connections.
    Up {
        /// When the first one was taken.
        since: Instant,
        /// Where.
        address: SocketAddr,
    },
    /// It has taken connections before, and takes none now; or it has ended, and is started again.
    Down {
        /// When the first one was not taken.
        since: Instant,
        /// Why.
        why: Why,
    },
    /// It has ended and does not come again, or could not be started: nobody waits for it.
    Failed {
        /// When.
        since: Instant,
        /// Why.
        why: Why,
    },
}

/// Why a server cannot be asked, in a sentence for operators.
pub type Why = std::sync::Arc<str>;
