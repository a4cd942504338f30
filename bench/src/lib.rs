//! Figures: Greenroom beside the Node backend and beside floors made of the same crates. `cargo xtask bench` runs it.
//!
//! [`FIGURES`] says what is measured and how, once. A [`Subject`] is what it is measured on. [`measure`] takes turns
//! (A B A B) with server and load on a core each, [`Samples`] sums up, [`report`] prints. Nothing here is a test of speed:
//! figures are taken by hand, on a quiet machine.

pub mod callgrind;
pub mod figures;
pub mod gateway;
pub mod instructions;
pub mod lines;
pub mod log;
pub mod machine;
pub mod measure;
pub mod portal;
pub mod proc;
pub mod process;
pub mod report;
pub mod requests;
pub mod sample;
pub mod server;
pub mod statistics;
pub mod subject;
pub mod wrk;

pub use figures::{FIGURES, Figure, Kind};
pub use statistics::Samples;
pub use subject::Subject;
