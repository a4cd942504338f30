//! What is refused, in a sentence that says what to do: a page for a browser, JSON for a program.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use greenroom_errors::Error;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::json;

use crate::sign_in;

/// Why a request goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is for a name that is not ours.
    ForeignHost,
    /// A page of another origin sends it.
    ForeignOrigin,
    /// Nobody, or whoever it is has said something wrong: what of it is wrong is not told.
    Unauthenticated,
    /// Its client was wrong too often.
    TooManyGuesses { wait: Duration, is_first: bool },
    /// A change that brings no JSON.
    NotJson,
    /// A change that no page of the session wants.
    NoCsrf,
    /// A cookie that no browser would keep.
    NotEncrypted,
    /// There is no such page.
    NotFound,
    /// There is one, for other methods.
    NoSuchMethod,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::ForeignHost => StatusCode::MISDIRECTED_REQUEST,
            Self::ForeignOrigin | Self::NoCsrf | Self::NotEncrypted => StatusCode::FORBIDDEN,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::TooManyGuesses { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Unauthenticated => "AuthenticationError",
            Self::ForeignOrigin | Self::NoCsrf | Self::NotEncrypted => "NotAllowedError",
            Self::NotFound => "NotFoundError",
            Self::TooManyGuesses { .. } => "TooManyRequestsError",
            Self::ForeignHost => "MisdirectedRequestError",
            Self::NotJson => "UnsupportedMediaTypeError",
            Self::NoSuchMethod => "MethodNotAllowedError",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::ForeignHost => {
                "These pages are not served under this host name; ask under the one of backend.baseUrl, or add this one to \
                 greenroom.ops.hosts"
            }
            Self::ForeignOrigin => {
                "A page of another origin has sent this, which only the pages of the surface itself may do"
            }
            Self::Unauthenticated => {
                "Operators only: send the ops token as `Authorization: Bearer <token>`, or open the link that `greenroom ops \
                 link` prints"
            }
            Self::TooManyGuesses { .. } => {
                "There were too many wrong credentials from this address; wait a minute"
            }
            Self::NotJson => "A change is sent as JSON, with the header `Content-Type: application/json`",
            Self::NoCsrf => {
                "A change needs the token of this session in the header `x-csrf-token`; load the page again, and try once more"
            }
            Self::NotEncrypted => {
                "Nobody signs in over an unencrypted connection from another machine; use https, or open the page on the machine \
                 itself, such as through `ssh -L`"
            }
            Self::NotFound => "There is no such page; /.greenroom/ leads to those that there are",
            Self::NoSuchMethod => "This is asked for by another method, which the header `Allow` names",
        }
    }

    /// The answer. A browser that nobody has signed in with gets the page to do so.
    pub(crate) fn answer(self, method: &Method, path: &str, headers: &HeaderMap) -> Response {
        let mut response = match (wants_page(method, headers), self) {
            (true, Self::Unauthenticated) => sign_in::page(),
            (true, _) => sign_in::told_page("Refused", self.sentence(), ""),
            (false, _) => self.json(method, path),
        };
        *response.status_mut() = self.status();
        match self {
            Self::Unauthenticated => {
                let challenge = HeaderValue::from_static("Bearer realm=\"greenroom\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            Self::TooManyGuesses { wait, .. } => {
                response.headers_mut().insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
            }
            _ => {}
        }
        response
    }

    fn json(self, method: &Method, path: &str) -> Response {
        let body = json!({
            "error": {"name": self.name(), "message": self.sentence()},
            // Its query may hold what is nobody's business.
            "request": {"method": method.as_str(), "url": path},
            "response": {"statusCode": self.status().as_u16()},
        });
        axum::Json(body).into_response()
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::named(refusal.name(), refusal.sentence()).with_status(refusal.status().as_u16())
    }
}

/// Whether a browser wants to show the answer.
pub(crate) fn wants_page(method: &Method, headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    matches!(*method, Method::GET | Method::HEAD) && accepts.contains("text/html")
}
