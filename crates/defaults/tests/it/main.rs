//! What the defaults do beside their services.

#![allow(missing_docs, reason = "tests are named by what they hold")]

mod databases;
mod http_client;
mod left_out;
mod live_certificate;
mod live_config;
mod log_store;
mod odd_certificates;
mod panics;
mod support;
mod waiting;
