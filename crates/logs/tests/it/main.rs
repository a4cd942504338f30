//! What is read, what is asked for and what is shown, by whole logs.

mod asked;
mod followed;
mod passed_over;
mod piped;
mod prefixes;
mod shown;
mod support;
