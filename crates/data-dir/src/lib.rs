//! Where Greenroom keeps files of its own, and how it writes those that only their owner reads.

mod place;
mod private_file;

pub use crate::{
    place::{DataDirEnvironment, DataDirectory},
    private_file::PrivateFile,
};

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
