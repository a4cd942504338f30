//! Replays recorded traffic of the Node backend against Greenroom.
//!
//! A [`transcript`] is one recorded exchange: what was sent, and what Node answered. A [`scenario`](scenarios) says how the
//! backend of a group of transcripts was configured and in which order they happened. [`replay::run`] starts a backend that
//! way, sends the same bytes and has [`compare`] list every difference that is not due to the passing of time.
//!
//! [`recorded`] does the same for the recorded logs.
//!
//! With the real Node backend installed ([`peer`]), [`both`] tells stories to it and to Greenroom and compares what they say;
//! [`differential`] does so with generated requests and log calls. [`deviation`] names the differences that are meant.
//!
//! [`version`] tells which versions of Node there are, and [`follow`] records a newer one.
//!
//! The backend is any command that takes `--config` arguments and reads `FEATURES` ([`backend::Launch`]), so that the same
//! table drives Greenroom and Node itself. This crate must not know how either is built.

pub mod backend;
pub mod both;
pub mod client;
pub mod compare;
pub mod comparison;
pub mod deviation;
pub mod differential;
pub mod follow;
mod frames;
pub mod log;
pub mod mask;
pub mod peer;
pub mod ports;
pub mod recorded;
pub mod replay;
pub mod reply;
pub mod scenarios;
pub mod score;
pub mod tls;
pub mod transcript;
pub mod version;
pub mod wire;
