//! The log store, through a root logger.

mod context;
mod follow;
mod found;
mod kept;
mod kit;
mod masked;
mod properties;
