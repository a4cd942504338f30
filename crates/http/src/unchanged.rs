//! Answers that are not made Express's.

use axum::response::{IntoResponse, Response};

/// An answer that goes out as it is: no ETag, no compression, no indentation is added to it. For files and what comes
/// from another server.
///
/// ```
/// use axum::response::{IntoResponse, Response};
/// use greenroom_http::Unchanged;
///
/// async fn logo() -> Unchanged<impl IntoResponse> {
///     Unchanged(([("content-type", "image/png"), ("etag", "\"7\"")], b"..".as_slice()))
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Unchanged<R>(pub R);

/// Marks the response of an [`Unchanged`].
#[derive(Clone)]
struct IsUnchanged;

impl<R: IntoResponse> IntoResponse for Unchanged<R> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(IsUnchanged);
        response
    }
}

/// Whether it came as an [`Unchanged`].
pub(crate) fn is_unchanged(response: &Response) -> bool {
    response.extensions().get::<IsUnchanged>().is_some()
}
