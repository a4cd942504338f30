//! `greenroom look` at real portals: a whole Node backend as create-app makes one, a hardened one behind a real nginx, the same with one
//! fault at a time, Greenroom itself, and what is no Backstage. Needs nginx, PostgreSQL, the stock front end (`cargo xtask app`),
//! and the Node backends, `sh tests/conformance/peer/install.sh` and `sh tests/portal/node/install.sh`.

#[allow(dead_code, reason = "it is the driver's own tests' too")]
#[path = "../../../../crates/database-postgres/tests/server/cluster.rs"]
mod cluster;
mod elsewhere;
mod hardened;
mod ingress;
mod look;
mod plants;
mod stock;
