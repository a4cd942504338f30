//! Sign-ins, as a front end and other plugins see them.

mod cookies;
mod keys;
mod kit;
mod providers;
mod routes;
mod sign_in;
mod start;
mod static_keys;
