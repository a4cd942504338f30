//! The gateway in front of a real Node backend. Needs the Node backends, `sh tests/conformance/peer/install.sh` and
//! `sh tests/portal/node/install.sh`, and PostgreSQL.

mod answers;
mod autobahn;
mod bodies;
mod boot;
mod clients;
mod compared;
mod credentials;
mod drain;
mod generated;
mod hand_over;
mod harms;
mod labels;
mod last_words;
mod leaving;
mod life;
mod log;
mod ours;
mod outside;
mod recorded;
mod runners;
mod sign_in;
mod smuggling;
mod sockets;
mod transit;
mod trouble;
mod upstream;
