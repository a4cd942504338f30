//! Whether there is a place for a plugin's request: as many may be in flight as the config says.

use axum::extract::Request;

use super::{OnRequest, Step};
use crate::{exchange::Exchange, limits::Limit};

/// Refuses what there is no place for; who has one leaves it when its answer has left.
pub(crate) struct PluginInFlight(pub(crate) Limit);

impl Step for PluginInFlight {
    fn on_request<'a>(&'a self, exchange: &'a mut Exchange, _: &'a mut Request) -> OnRequest<'a> {
        self.0.admit(exchange, || self.0.plugin()).map_or(OnRequest::On, OnRequest::Answer)
    }
}
