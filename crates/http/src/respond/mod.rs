//! From what a route answered to what a client reads: envelope, ETag, freshness, compression, headers.

mod compression;
mod envelope;
mod etag;
mod finish;
mod headers;

pub(crate) use envelope::{Envelope, json_text};
pub(crate) use finish::{Asked, Finish, empty, finish, json};
pub(crate) use headers::joined;
