//! Greenroom in front of a whole Node backend, as its users see it in a browser. Needs `sh tests/portal/node/install.sh`.

#[allow(dead_code, reason = "it is the driver's own tests' too")]
#[path = "../../../../crates/database-postgres/tests/server/cluster.rs"]
mod cluster;
mod document;
mod measured;
mod scene;
mod stop;
mod visit;
