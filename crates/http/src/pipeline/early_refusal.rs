//! Requests that Node's HTTP server refuses before Express sees them and hyper lets through, and those for which there is no
//! place.

use axum::{extract::Request, response::Response};
use http::{HeaderValue, Method, StatusCode, Version, header};

use super::{OnRequest, Step};
use crate::{exchange::Exchange, express::send::empty};

/// Refuses by a status alone, and closes the connection.
pub(crate) struct EarlyRefusal;

impl Step for EarlyRefusal {
    fn on_request<'a>(&'a self, exchange: &'a mut Exchange, request: &'a mut Request) -> OnRequest<'a> {
        if let Some(status) = refused(request) {
            return OnRequest::Answer(refusal(status));
        }
        if exchange.caller.has_no_place(request.uri().path()) {
            let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            return OnRequest::Answer(response);
        }
        OnRequest::On
    }
}

fn refused(request: &Request) -> Option<StatusCode> {
    let headers = request.headers();
    // A host alone is what CONNECT asks for.
    let names_host_only = request.uri().authority().is_some() && request.uri().scheme().is_none();
    if *request.method() == Method::CONNECT || names_host_only {
        return Some(StatusCode::BAD_REQUEST);
    }
    if request.version() == Version::HTTP_11 && !headers.contains_key(header::HOST) {
        return Some(StatusCode::BAD_REQUEST);
    }
    let expect = headers.get(header::EXPECT)?;
    let known = expect.to_str().is_ok_and(|expect| expect.eq_ignore_ascii_case("100-continue"));
    // HTTP/1.0 has no expectations.
    (!known && request.version() != Version::HTTP_10).then_some(StatusCode::EXPECTATION_FAILED)
}

fn refusal(status: StatusCode) -> Response {
    let mut response = empty(status);
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
