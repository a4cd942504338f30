//! What the store promises, on PostgreSQL. The rules are those of `tests/rules`, which hold on SQLite, too.

#[allow(dead_code, reason = "it is the driver's own tests' too")]
#[path = "../../../../crates/database-postgres/tests/server/cluster.rs"]
mod cluster;
mod engine;
mod replicas;
#[path = "../rules/mod.rs"]
mod rules;
