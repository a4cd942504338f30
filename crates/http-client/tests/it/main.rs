//! What a call does, against real servers and proxies on this machine.

mod addresses;
mod bounds;
mod calls;
mod certificates;
mod context;
mod kit;
mod line;
mod measured;
mod proxy;
mod tls;
