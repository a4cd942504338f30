//! The server alone: what it makes of bytes, before anything of Backstage's stands on it.

mod bodies;
mod ends;
mod kit;
mod places;
