//! The access line of a request that is to be logged, its metrics and its span.

use axum::extract::Request;
use greenroom_logging::{Compatibility, Logger};

use super::{OnRequest, Step};
use crate::{access_line::AccessLine, exchange::Exchange, measured::RequestMetrics, traced::RequestTraces};

/// Notes the request; the exchange writes the line, counts and makes the span when it ends.
pub(crate) struct Access {
    pub(crate) logger: Logger,
    pub(crate) compatibility: Compatibility,
    pub(crate) metrics: Option<RequestMetrics>,
    pub(crate) traces: Option<RequestTraces>,
}

impl Step for Access {
    fn on_request<'a>(&'a self, exchange: &'a mut Exchange, _: &'a mut Request) -> OnRequest<'a> {
        let is_dated = self.compatibility < Compatibility::V1_57;
        exchange.line = AccessLine::begin(&self.logger, is_dated);
        exchange.measured = self.metrics.as_ref().map(|metrics| metrics.begin(&exchange.asked.method));
        exchange.traced = self.traces.as_ref().and_then(|traces| traces.begin(&exchange.request));
        OnRequest::On
    }
}
