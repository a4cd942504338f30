//! Runs against servers of this machine that answer by a script: what is asked, what is not, and what comes of it.

mod bounds;
mod kit;
mod portal;
