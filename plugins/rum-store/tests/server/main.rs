//! What the store promises, on PostgreSQL. The rules are those of `tests/rules`, which hold on SQLite, too.

#[path = "../../../../crates/database-postgres/tests/server/cluster.rs"]
mod cluster;
mod engine;
#[path = "../rules/mod.rs"]
mod rules;
