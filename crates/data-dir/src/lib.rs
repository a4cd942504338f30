//! Where Greenroom keeps files of its own, and how it writes those that only their owner reads.

mod made;
mod place;
mod private_file;
mod recent;

pub use crate::{
    made::make_dir,
    place::{DataDirEnvironment, DataDirectory},
    private_file::PrivateFile,
    recent::RecentLines,
};

/// The file with the demo's header line, `Authorization: Bearer …`: there while `greenroom.demo` is on.
pub const DEMO_HEADER: &str = "demo.header";

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
