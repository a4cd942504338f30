//! What is wrong with a Backstage, in one sentence; how its start went; and which probes fit it.
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use greenroom_why::Why;
//!
//! let answer = Why::at("https://portal.example.com".parse().unwrap()).run().await;
//! println!("{}", answer.sentence());
//! # }
//! ```
//!
//! A run makes at most 15 requests of GET, within 5 s, to one origin. [`Why`] asks, and rules in files of their own make findings
//! of what came: `reach.rs` why there is nobody, `outside.rs` what anybody sees of a backend, `operators.rs` what Greenroom's
//! surface tells, `log.rs` what a log tells, `data_dir.rs` what was left in a data directory. The first finding is the sentence.
//!
//! It must not know of command lines, nor change anything anywhere.

mod answer;
mod ask;
mod boot;
mod checks;
mod data_dir;
mod database;
mod ended;
mod in_time;
mod log;
mod operators;
mod outside;
mod probes;
mod reach;
mod why;
mod words;
mod wrapped;

pub use crate::{
    answer::{Answer, Finding, Untold, Verdict},
    ask::{Request, USER_AGENT},
    boot::Boots,
    data_dir::DataDir,
    in_time::in_time,
    log::Log,
    probes::Probes,
    why::Why,
};
