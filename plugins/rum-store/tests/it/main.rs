//! What the store promises, on SQLite and on PostgreSQL.

mod errors;
mod questions;
mod support;
