//! The gateway in front of a real Node backend. Needs the Node backend: `sh tests/conformance/peer/install.sh`.

mod answers;
mod bodies;
mod clients;
mod drain;
mod generated;
mod hand_over;
mod labels;
mod leaving;
mod ours;
mod recorded;
mod smuggling;
mod sockets;
mod trouble;
mod upstream;
