//! Where lines come from.

mod follow;
mod lines;
mod live;
mod origins;
mod pieces;
mod prefix;

pub use follow::follow;
pub use live::read_live;

pub(crate) use lines::Lines;
pub(crate) use origins::Origin;
