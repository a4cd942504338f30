//! The rules of the configuration, one test for each check of "core §1" and a few of our own.

#![allow(missing_docs, reason = "tests are named by what they hold")]

mod durations;
mod env;
mod errors;
mod merge;
mod place;
mod print;
mod properties;
mod readers;
mod secrets;
mod sources;
mod support;
mod transforms;
mod watching;
mod yaml;
