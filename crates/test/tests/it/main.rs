//! The kit itself, as plugin authors use it.

mod backend;
mod credentials;
mod declared_config;
mod extension_points;
mod logs;
