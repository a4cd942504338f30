//! The request's id on every answer, by which its log lines are found.

use axum::response::Response;
use greenroom_context::Request;
use http::{HeaderName, HeaderValue};

use super::Step;
use crate::exchange::Exchange;

const REQUEST_ID: HeaderName = HeaderName::from_static(Request::ID_HEADER);

/// Says `x-request-id`: the client's own if it was taken, else the one that was made.
pub(crate) struct RequestId;

impl Step for RequestId {
    fn on_response(&self, exchange: &mut Exchange, response: &mut Response) {
        // An id holds letters, digits and a few signs: it always is a header's value.
        if let Ok(id) = HeaderValue::from_str(exchange.request.id()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
    }
}
