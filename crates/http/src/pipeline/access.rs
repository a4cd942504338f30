//! The access line of a request that is to be logged, and its metrics.

use axum::extract::Request;
use greenroom_logging::{Compatibility, Logger};

use super::{OnRequest, Step};
use crate::{access_line::AccessLine, exchange::Exchange, measured::RequestMetrics};

/// Notes the request; the exchange writes the line, and counts, when it ends.
pub(crate) struct Access {
    pub(crate) logger: Logger,
    pub(crate) compatibility: Compatibility,
    pub(crate) metrics: Option<RequestMetrics>,
}

impl Step for Access {
    fn on_request<'a>(&'a self, exchange: &'a mut Exchange, _: &'a mut Request) -> OnRequest<'a> {
        let is_dated = self.compatibility < Compatibility::V1_57;
        exchange.line = AccessLine::begin(&self.logger, is_dated);
        exchange.measured = self.metrics.as_ref().map(|metrics| metrics.begin(&exchange.asked.method));
        OnRequest::On
    }
}
