//! What holds on both databases: this is compiled once for each, with an engine of its own.

mod captures;
mod kept;
mod numbers;
mod questions;
pub(crate) mod support;
mod swept;
mod views;
