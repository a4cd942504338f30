//! The proxy from both sides: exact bytes over sockets, a gateway between.

mod kit;

mod answers;
mod away;
mod documents;
mod ends;
mod limits;
mod measured;
mod properties;
mod refusals;
mod requests;
mod sent_again;
mod silence;
mod stalls;
mod streams;
mod traced;
mod tunnels;
mod uploads;
