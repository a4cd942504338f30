//! What schemas do to config, held against recordings of Backstage's config loader.

#![allow(missing_docs, reason = "tests are named by what they hold")]

mod built_in;
mod discover;
mod find;
mod keys;
mod properties;
mod recorded;
mod support;
mod visibility;
