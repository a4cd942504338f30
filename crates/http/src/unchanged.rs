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

/// An answer of which all is decided, its encoding too: as [`Unchanged`], and where its type could be encoded for another
/// client, `Vary` says so. For [bodies that are there before anybody asks](crate::finished).
#[derive(Clone, Copy, Debug)]
pub struct Finished<R>(pub R);

/// Marks the response of an [`Unchanged`] and of a [`Finished`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum IsUnchanged {
    Unchanged,
    Finished,
}

impl<R: IntoResponse> IntoResponse for Unchanged<R> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(IsUnchanged::Unchanged);
        response
    }
}

impl<R: IntoResponse> IntoResponse for Finished<R> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(IsUnchanged::Finished);
        response
    }
}

/// Whether it came as an [`Unchanged`] or a [`Finished`].
pub(crate) fn is_unchanged(response: &Response) -> bool {
    response.extensions().get::<IsUnchanged>().is_some()
}

/// Whether it came as a [`Finished`].
pub(crate) fn is_finished(response: &Response) -> bool {
    response.extensions().get() == Some(&IsUnchanged::Finished)
}
