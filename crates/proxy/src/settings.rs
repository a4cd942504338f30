//! Where the server behind is, and how much goes to it at once.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// Where the server behind is, and how it is asked.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its address.
    pub address: SocketAddr,
    /// From which address of this machine it is asked, if that can be bound: a rate limit that spares 127.0.0.1 would otherwise
    /// spare everybody.
    pub source: Option<IpAddr>,
    /// How long a connection to it may take.
    pub connect_timeout: Duration,
    /// How long a request waits for it to listen: `backend.lifecycle.startupRequestPauseTimeout`.
    pub pause: Duration,
    /// How many lines the head of an answer may have: `backend.server.maxHeadersCount`. More are a 502.
    pub headers: u32,
}

/// What hyper has room for without asking the heap, which takes a twentieth of a request's time.
pub(crate) const HEADERS: u32 = 100;

/// How much goes to it at once; more is answered 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests that are not answered yet: `greenroom.gateway.maxInFlight`.
    pub in_flight: usize,
    /// Event streams and tunnels: `greenroom.gateway.maxStreams`.
    pub streams: usize,
    /// The longest document that is held in memory to be changed: `greenroom.gateway.htmlLimit`.
    pub html: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { in_flight: 2000, streams: 5000, html: 1024 * 1024 }
    }
}
