//! From what a route answered to what a client reads: envelope, ETag, freshness, compression, headers.

mod broken;
mod compression;
mod envelope;
mod etag;
mod finish;
mod headers;
mod security;

pub(crate) use envelope::Envelope;
pub(crate) use finish::{Asked, Finish, JSON, empty, finish, finish_preflight, json, json_response};
pub(crate) use greenroom_js::stringify as json_text;
pub(crate) use headers::{add_vary, joined};
pub use security::SecurityHeaders;
