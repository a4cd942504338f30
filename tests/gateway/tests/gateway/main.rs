//! The gateway in front of a real Node backend. Needs the Node backends, `sh tests/conformance/peer/install.sh` and
//! `sh tests/portal/node/install.sh`, and PostgreSQL.

mod answers;
mod autobahn;
mod bodies;
mod boot;
mod clients;
mod drain;
mod generated;
mod hand_over;
mod harms;
mod labels;
mod last_words;
mod leaving;
mod log;
mod ours;
mod outside;
mod recorded;
mod sign_in;
mod smuggling;
mod sockets;
mod transit;
mod trouble;
mod upstream;
