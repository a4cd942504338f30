//! What a line tells of the start and of requests, as values; and what the lines of a start tell together.

mod boot;
mod node_boot;
mod request;
mod step;

pub use boot::{Boot, StartupFailure};
pub use node_boot::{NodeBoot, Outcome};
pub use request::IncomingRequest;
pub use step::{BootStep, Excerpt, StepState};
