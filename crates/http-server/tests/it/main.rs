//! The server alone: what it makes of bytes, before anything of Backstage's stands on it.

mod bodies;
mod early;
mod ends;
mod heads;
mod kit;
mod places;
mod takeover;
mod targets;
