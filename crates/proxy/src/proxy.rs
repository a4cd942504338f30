//! The proxy: what is asked, by which connection, and what becomes of the answer.

use std::sync::Arc;

use greenroom_http::Forwarding;
use greenroom_logging::Logger;
use tokio::sync::watch;

use crate::{
    documents::Documents,
    labels::Labels,
    settings::{Limits, Upstream},
    state::{State, Why},
    status::Status,
};

/// A handle to it; clones are the same one.
#[derive(Clone)]
pub struct Proxy(Arc<Shared>);

struct Shared;

/// Puts one together.
pub struct ProxyBuilder {
    upstream: Upstream,
    limits: Limits,
    documents: Documents,
    labels: Option<Arc<dyn Labels>>,
    logger: Logger,
}

impl Proxy {
    /// One for this server.
    pub fn builder(upstream: Upstream, logger: Logger) -> ProxyBuilder {
        todo!()
    }
    /// What a backend installs to be a gateway.
    pub fn forwarding(&self) -> Forwarding {
        todo!()
    }
    /// Each change of its state.
    pub fn state(&self) -> watch::Receiver<State> {
        todo!()
    }
    /// A look at what is going on.
    pub fn status(&self) -> Status {
        todo!()
    }
    /// Asks it at another address from now on: it was started anew.
    pub fn moved_to(&self, address: std::net::SocketAddr) {
        todo!()
    }
    /// It has ended, or begins anew (`None`): who waits is told.
    pub fn failed(&self, why: Option<Why>) {
        todo!()
    }
    /// Lets bytes pass as they come, or no longer.
    pub fn set_transparent(&self, is_transparent: bool) {
        todo!()
    }
    /// Answers health checks here from now on.
    pub fn stops(&self) {
        todo!()
    }
    /// Closes connections that are kept for later, and ends event streams and tunnels.
    pub fn drain(&self) {
        todo!()
    }
}
