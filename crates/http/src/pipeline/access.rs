//! The access line of a request that is to be logged.

use axum::extract::Request;
use greenroom_logging::{Compatibility, Logger};

use super::{OnRequest, Step};
use crate::{access_line::AccessLine, exchange::Exchange};

/// Notes the request; the exchange writes the line when it ends.
pub(crate) struct Access {
    pub(crate) logger: Logger,
    pub(crate) compatibility: Compatibility,
}

impl Step for Access {
    fn on_request<'a>(&'a self, exchange: &'a mut Exchange, _: &'a mut Request) -> OnRequest<'a> {
        let is_dated = self.compatibility < Compatibility::V1_57;
        exchange.line = AccessLine::begin(&self.logger, is_dated);
        OnRequest::On
    }
}
