//! The rules of the configuration, one test for each rule of `docs/contract/config.md` and a few more.

#![allow(missing_docs, reason = "tests are named by what they hold")]

mod durations;
mod env;
mod errors;
mod judging;
mod merge;
mod pipes;
mod place;
mod print;
mod properties;
mod readers;
mod secrets;
mod sources;
mod support;
mod told;
mod transforms;
mod watching;
mod yaml;
