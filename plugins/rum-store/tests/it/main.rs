//! What the store promises, on SQLite. The rules are those of `tests/rules`, which hold on PostgreSQL, too.

mod engine;
mod errors;
mod file;
mod located;
mod processes;
#[path = "../rules/mod.rs"]
mod rules;
mod source_maps;
