//! What only shows over many runs.

mod cycles;
mod descriptors;
mod process;
mod program;
mod signals;
