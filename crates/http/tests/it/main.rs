//! The HTTP line from the outside: a backend in this process, exact bytes over a socket.
//!
//! A test that holds a numbered rule is named by it: `health_6_…` holds health-6 of `docs/contract/health.md`.

mod kit;

mod abandoned;
mod access;
mod apart;
mod barrier;
mod bodies;
mod client;
mod cors;
mod crowded;
mod drain;
mod errors;
mod finished;
mod forward;
mod framing;
mod gate;
mod health;
mod https;
mod limits;
mod listen;
mod measured;
mod mounts;
mod old_backend;
mod one_request;
mod properties;
mod queries;
mod rate_limit;
mod responses;
mod security;
mod self_signed;
mod slow;
mod streams;
mod tls;
mod traced;
mod unix;
mod unread;
mod websocket;
mod websocket_admission;
mod websocket_end;
mod websocket_handshake;
mod wire;
