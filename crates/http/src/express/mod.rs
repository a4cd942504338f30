//! What npm's packages do in a Node backend, to the byte: one file for each of them.

pub(crate) mod body_parser;
pub(crate) mod compression;
pub(crate) mod cors;
pub(crate) mod etag;
pub(crate) mod headers;
pub(crate) mod helmet;
pub(crate) mod json_syntax;
pub(crate) mod matching;
pub(crate) mod rate_limit;
pub(crate) mod send;
pub(crate) mod trust_proxy;

pub use self::{cors::Cors, helmet::SecurityHeaders, rate_limit::RateLimits, trust_proxy::TrustProxy};
