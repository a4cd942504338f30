//! Answers of ours, where the server behind has none.

use axum::response::{Html, IntoResponse, Response};
use greenroom_errors::Error;
use greenroom_http::{AlreadyTold, ErrorAnswer, HttpError};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// Says that an answer is ours, and why there is none of the server behind.
const ERROR: HeaderName = HeaderName::from_static("x-greenroom-error");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Why there is no answer of the server behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It does not listen yet.
    Starting,
    /// It takes no connections any more.
    Down,
    /// It has ended, and does not come again by itself.
    Failed,
    /// This machine cannot make a connection to it.
    Unreachable,
    /// Too much is on its way already.
    Overloaded,
    /// It ends, and this would be a stream that ends with it.
    Stopping,
    /// It closed the connection without an answer.
    Broke,
    /// It answered what is no answer.
    Malformed,
    /// The client's body did not come to its end.
    Upload,
}

impl Failure {
    /// The value of `X-Greenroom-Error`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Starting => "upstream_starting",
            Self::Down => "upstream_down",
            Self::Failed => "upstream_failed",
            Self::Unreachable => "upstream_unreachable",
            Self::Overloaded => "overloaded",
            Self::Stopping => "stopping",
            Self::Broke => "upstream_broke",
            Self::Malformed => "upstream_malformed",
            Self::Upload => "request_incomplete",
        }
    }

    /// What people are told, in a sentence.
    fn text(self) -> &'static str {
        match self {
            Self::Starting => "The backend is starting; try again in a few seconds",
            Self::Down => "The backend takes no requests at the moment; try again in a few seconds",
            Self::Failed => "The backend has stopped; whoever runs it finds the reason in its log",
            Self::Unreachable => "The backend cannot be reached at the moment; try again in a few seconds",
            Self::Overloaded => "The backend has too much to do at the moment; try again in a few seconds",
            Self::Stopping => "This backend is about to stop; try again in a few seconds",
            Self::Broke => {
                "The backend ended the connection before it had answered; whether it did what was asked is not known"
            }
            Self::Malformed => "The backend answered something that is no valid HTTP answer",
            Self::Upload => "The request's body did not arrive in full",
        }
    }

    fn error(self) -> Error {
        match self {
            // Backstage's name for a call to another server that failed.
            Self::Broke | Self::Malformed => Error::named("ResponseError", self.text()).with_status(502),
            Self::Upload => Error::input(self.text()),
            _ => Error::service_unavailable(self.text()),
        }
    }

    /// The answer, as a page for people who went to one.
    pub(crate) fn response(self, wants_page: bool) -> Response {
        let error = self.error();
        let may_come_again = error.status() == StatusCode::SERVICE_UNAVAILABLE && self != Self::Failed;
        let mut response = HttpError::from(error).into_response();
        let headers = response.headers_mut();
        headers.insert(ERROR, HeaderValue::from_static(self.code()));
        if may_come_again {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        let extensions = response.extensions_mut();
        extensions.insert(AlreadyTold);
        if wants_page {
            extensions.insert(ErrorAnswer::new(move |told| Some((told.status, self.page()).into_response())));
        }
        response
    }

    fn page(self) -> Html<String> {
        let text = self.text();
        Html(format!("<!doctype html>\n<meta charset=\"utf-8\">\n<title>Backstage</title>\n<p>{text}.</p>\n"))
    }
}

/// Whether a person waits for a page, not a script for data.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    if let Some(mode) = headers.get(FETCH_MODE) {
        return mode.as_bytes() == b"navigate";
    }
    let accept = headers.get(header::ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
    accept.trim_ascii_start().get(..9).is_some_and(|first| first.eq_ignore_ascii_case(b"text/html"))
}
