//! The page “Now”, and the lines of the log behind it, as an operator sees them.

mod answers;
mod assets;
mod hostile;
mod lines;
mod live;
mod parts;
mod support;
