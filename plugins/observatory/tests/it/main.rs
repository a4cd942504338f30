//! The page “Now” as an operator sees it.

mod answers;
mod assets;
mod hostile;
mod live;
mod support;
