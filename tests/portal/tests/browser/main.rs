//! What users, and those who look after a portal, can rely on.

#[allow(dead_code, reason = "it is the driver's own tests' too")]
#[path = "../../../../crates/database-postgres/tests/server/cluster.rs"]
mod cluster;
mod consent;
mod direct;
mod forward;
mod hosts;
mod replicas;
mod rules;
mod scene;
mod store;
mod trouble;
