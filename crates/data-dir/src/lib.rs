//! Where Greenroom keeps files of its own, and how it writes those that only their owner reads.

mod place;
mod private_file;

pub use crate::{
    place::{DataDirEnvironment, DataDirectory},
    private_file::PrivateFile,
};
