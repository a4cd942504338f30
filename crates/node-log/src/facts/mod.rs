//! What a line tells of the start and of requests, as values.

mod boot;
mod request;

pub use boot::{Boot, StartupFailure};
pub use request::IncomingRequest;
