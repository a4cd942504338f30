//! Errors on their way out of a handler.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use greenroom_auth::Refused;
use greenroom_context::CaughtPanic;
use greenroom_errors::{BoxError, Error};
use http::StatusCode;

/// What a handler returns: `?` works on every error.
pub type HandlerResult<T> = std::result::Result<T, HttpError>;

/// Any error, as the response that the error envelope will make of it.
///
/// ```
/// use greenroom_errors::Error;
/// use greenroom_http::{HandlerResult, Json};
///
/// async fn number() -> HandlerResult<Json<u32>> {
///     let number = "seven".parse::<u32>().map_err(|_| Error::input("Not a number"))?;
///     Ok(Json(number))
/// }
/// ```
pub struct HttpError(Error);

impl<E: Into<BoxError>> From<E> for HttpError {
    #[track_caller]
    fn from(error: E) -> Self {
        Self(Error::from_any(error))
    }
}

/// A response that stands for an error; the envelope replaces it by the body, which needs the request.
#[derive(Clone)]
pub(crate) struct Failed(pub(crate) Failure);

impl Failed {
    /// What a response stands for, if it stands for a failure.
    pub(crate) fn taken(response: &mut Response) -> Option<Failure> {
        let extensions = response.extensions_mut();
        let refused = |refused: Refused| Failure::Exposed(refused.error().clone());
        extensions.remove().map(|Self(failure)| failure).or_else(|| extensions.remove().map(refused))
    }
}

#[derive(Clone)]
pub(crate) enum Failure {
    /// The client may see it.
    Exposed(Arc<Error>),
    /// It was a panic: only the log may see its text.
    Panic(Arc<CaughtPanic>),
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        failed(Failure::Exposed(Arc::new(self.0)))
    }
}

pub(crate) fn failed(failure: Failure) -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Failed(failure));
    response
}

type Answering = dyn Fn(&ToldError<'_>) -> Option<Response> + Send + Sync;

/// Who says an error in place of Backstage's error body: an extension of the response that stands for it. It is for routes that
/// [stand apart](crate::RootHttpRouter::mount_apart), whose clients want a page, or may see more.
///
/// ```
/// use axum::response::{Html, IntoResponse, Response};
/// use greenroom_errors::Error;
/// use greenroom_http::{ErrorAnswer, HttpError};
///
/// async fn page() -> Response {
///     let mut response = HttpError::from(Error::not_found("No such queue")).into_response();
///     let as_page = ErrorAnswer::new(|told| Some((told.status, Html("<h1>Not here.</h1>")).into_response()));
///     response.extensions_mut().insert(as_page);
///     response
/// }
/// ```
#[derive(Clone)]
pub struct ErrorAnswer(Arc<Answering>);

impl ErrorAnswer {
    /// `answer` yields `None` where Backstage's body is the right one.
    pub fn new(answer: impl Fn(&ToldError<'_>) -> Option<Response> + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }

    pub(crate) fn answer(&self, told: &ToldError<'_>) -> Option<Response> {
        (self.0)(told)
    }
}

/// The log knows of the error already: an extension of the response that stands for it. It gets no line of its own, because many
/// requests fail for the one reason.
///
/// ```
/// use axum::response::{IntoResponse, Response};
/// use greenroom_errors::Error;
/// use greenroom_http::{AlreadyTold, HttpError};
///
/// async fn queue() -> Response {
///     let mut response = HttpError::from(Error::service_unavailable("The queue is away")).into_response();
///     response.extensions_mut().insert(AlreadyTold);
///     response
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AlreadyTold;

/// An error that a client is told.
pub struct ToldError<'a> {
    /// As clients may see it.
    pub shown: &'a Error,
    /// All of it, which is in the log. `None` for a panic, of which only the log may know.
    pub whole: Option<&'a Error>,
    /// By which the log has what is not shown; `None` where all is.
    pub log_id: Option<&'a str>,
    /// The status of the answer.
    pub status: StatusCode,
}

/// The status of the answer that a failure becomes; an informational one is no answer.
pub(crate) fn answer_status(status: Option<StatusCode>) -> StatusCode {
    status.filter(|status| !status.is_informational()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The status that the client of a response gets. A response that stands for an error has another one of its own, until the
/// error body takes its place on the way out.
///
/// ```
/// use axum::response::IntoResponse;
/// use greenroom_errors::Error;
/// use greenroom_http::{HttpError, told_status};
///
/// let response = HttpError::from(Error::service_unavailable("Try again later")).into_response();
/// assert_eq!(told_status(&response), 503);
/// ```
pub fn told_status(response: &Response) -> StatusCode {
    let extensions = response.extensions();
    let error = match (extensions.get::<Failed>(), extensions.get::<Refused>()) {
        (Some(Failed(Failure::Panic(_))), _) => return StatusCode::INTERNAL_SERVER_ERROR,
        (Some(Failed(Failure::Exposed(error))), _) => error,
        (None, Some(refused)) => refused.error(),
        (None, None) => return answer_status(Some(response.status())),
    };
    let shown = error.without_internals(&Error::new(""));
    let status = shown.map_or_else(|| error.status(), |shown| shown.status());
    answer_status(StatusCode::from_u16(status).ok())
}

/// The failure that a caught panic is: an error body that tells nothing of it, and a line that tells all.
pub fn panicked(panic: CaughtPanic) -> Response {
    failed(Failure::Panic(Arc::new(panic)))
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        error.0
    }
}
