//! What only shows over many runs.

mod cycles;
mod descriptors;
mod process;
mod signals;
mod telemetry;
