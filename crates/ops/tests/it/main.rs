//! The surface of operators, as its clients see it.

mod apart;
mod api;
mod changes;
mod failed;
mod kit;
mod leaks;
mod live;
mod metrics;
mod mounting;
mod own_listener;
mod refused;
mod signing_in;
mod token;
