//! How a backend starts: policy in, events out, a timed report.

mod collector;
mod observer;
mod policy;
mod recorder;
mod report;
mod start;

pub(crate) use collector::Collector;
pub use observer::{BootEvent, BootObserver, Silent};
pub use policy::{Boot, BootPolicy, Deadlines, OnFailure, OnStartFailure, PluginPolicy};
pub(crate) use recorder::Recorder;
pub use report::{BootReport, Failure, ModuleResult, Outcome, PluginResult, Step, StepKind};
pub(crate) use start::{Plan, start};
