//! Answers whose body is there before anybody asks: files, pages that are made at start.
//!
//! What Express finds out for each answer, its ETag and its encoded form, is found out once and kept. A handler then says
//! what it has by the rules that hold for all other answers, and hands it out as [`Finished`].
//!
//! ```
//! use axum::{body::Body, response::{IntoResponse, Response}};
//! use greenroom_http::finished::{Coding, Finished, etag, is_fresh};
//! use http::{HeaderMap, StatusCode, header};
//!
//! async fn page(asked: HeaderMap) -> Response {
//!     let (page, kind) = ("<h1>At home</h1>", "text/html; charset=utf-8");
//!     let mut headers = HeaderMap::new();
//!     headers.insert(header::ETAG, etag(page.as_bytes()));
//!     if is_fresh(&asked, &headers) {
//!         return Finished((StatusCode::NOT_MODIFIED, headers)).into_response();
//!     }
//!     // A short page goes out as it is.
//!     assert_eq!(Coding::negotiate(asked.get(header::ACCEPT_ENCODING), kind, page.len() as u64), None);
//!     Finished((headers, [(header::CONTENT_TYPE, kind)], Body::from(page))).into_response()
//! }
//! # let rt = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # assert!(rt.block_on(page(HeaderMap::new())).headers()["etag"].to_str().unwrap().starts_with("W/\"10-"));
//! ```

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{HeaderMap, Method, header, request::Parts};

use crate::express::{etag::is_held, headers::joined};
pub use crate::{
    express::{compression::Coding, etag::weak as etag},
    unchanged::Finished,
};

/// The method that the client asked by: a GET route answers HEAD too, and sees GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalMethod(pub Method);

impl<S: Sync> FromRequestParts<S> for OriginalMethod {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let original = parts.extensions.get::<Self>().cloned();
        Ok(original.unwrap_or_else(|| Self(parts.method.clone())))
    }
}

/// Whether a client that asks by GET or HEAD with these headers holds the answer with those already: a 304 then.
pub fn is_fresh(asked: &HeaderMap, answer: &HeaderMap) -> bool {
    let value = |name| joined(asked, &name);
    let (none_match, since) = (value(header::IF_NONE_MATCH), value(header::IF_MODIFIED_SINCE));
    is_held(none_match.as_ref(), since.as_ref(), value(header::CACHE_CONTROL).as_ref(), answer)
}
