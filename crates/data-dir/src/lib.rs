//! Where Greenroom keeps files of its own, and how it writes those that only their owner reads.

mod made;
mod place;
mod private_file;

pub use crate::{
    made::make,
    place::{DataDirEnvironment, DataDirectory},
    private_file::PrivateFile,
};
