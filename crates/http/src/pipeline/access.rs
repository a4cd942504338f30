//! The access line of a request that is to be logged.

use axum::extract::Request;
use greenroom_logging::Logger;

use super::{Arrive, Step};
use crate::{access_line::AccessLine, exchange::Exchange};

/// Notes the request; the exchange writes the line when it ends.
pub(crate) struct Access(pub(crate) Logger);

impl Step for Access {
    fn arrive<'a>(&'a self, exchange: &'a mut Exchange, request: &'a mut Request) -> Arrive<'a> {
        exchange.line = AccessLine::begin(&self.0, request.headers());
        Arrive::On
    }
}
