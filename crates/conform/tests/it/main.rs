//! Two servers in one process, compared: what is planted is told, and nothing else.

mod kit;
mod planted;
mod reports;
