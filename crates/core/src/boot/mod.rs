//! How a backend starts: policy in, events out, a timed report.

mod collector;
mod critical_path;
mod observer;
mod policy;
mod report;
mod result;
mod start;
mod step;

pub(crate) use collector::Collector;
pub use critical_path::Link;
pub use observer::{BootEvent, BootObserver, Silent};
pub use policy::{Boot, BootPolicy, Deadlines, OnFailure, OnStartFailure, PluginPolicy};
pub use report::BootReport;
pub use result::{BootResult, Failure, ModuleResult, Outcome, PluginResult, PluginState};
pub(crate) use start::{Plan, start};
pub use step::{Step, StepId, StepKind};
