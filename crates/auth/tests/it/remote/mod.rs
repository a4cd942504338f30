//! Tokens of a backend elsewhere.

mod flood;
mod keys;
mod kit;
mod labels;
mod users;
