//! Readiness of a backend that is little without the Node backend behind it.
//!
//! While that one answers, probes get its bytes, and this is what the pages and the JSON of operators say; else probes are
//! answered by this. They are anonymous: reasons that name more than a state are for operators.

use greenroom::{
    context::BoxFuture,
    health::{HealthResponse, Probe, RootHealth, RootHealthService},
};
use greenroom_node_log::facts::Outcome;
use greenroom_proxy::State;

use crate::{Gateway, node::Said};

/// What is asked before the backend's own lifecycle and checks.
pub(crate) struct Readiness {
    pub(crate) inner: RootHealth,
    pub(crate) gateway: Gateway,
}

impl Readiness {
    /// Why requests should not be sent here.
    fn why_not(&self) -> Option<String> {
        // It says itself that it stops, in Backstage's words.
        if self.gateway.stopping().has_begun() {
            return None;
        }
        match self.gateway.state() {
            State::Starting { .. } => Some(match self.gateway.boot() {
                Some(boot) if matches!(boot.outcome(), Outcome::Failed(_)) => {
                    "The Node backend's start has failed".to_owned()
                }
                _ => "The Node backend has not listened yet".to_owned(),
            }),
            State::Down { .. } => Some("The Node backend takes no connections".to_owned()),
            State::Failed { .. } => Some("The Node backend does not run".to_owned()),
            State::Up { .. } => match self.gateway.node()?.said {
                Said::Ready => None,
                // Whoever asks it gets the same.
                Said::NotReady(_, message) => {
                    Some(message.unwrap_or_else(|| "The Node backend is not ready".to_owned()))
                }
                Said::Nothing(_) => Some("The Node backend does not answer".to_owned()),
            },
        }
    }
}

impl RootHealthService for Readiness {
    fn readiness<'a>(&'a self, probe: &'a Probe) -> BoxFuture<'a, HealthResponse> {
        Box::pin(async {
            match self.why_not() {
                Some(why) => HealthResponse::unavailable(why),
                None => self.inner.readiness(probe).await,
            }
        })
    }

    fn liveness(&self) -> BoxFuture<'_, HealthResponse> {
        Box::pin(self.inner.liveness())
    }
}
