//! Browser sessions as pages, `/.greenroom/browser`, and as JSON, `/.greenroom/v1/rum`: what `greenroom-plugin-rum-store` keeps, for
//! people and for programs.
//!
//! ```
//! use greenroom::{log_store::LogStore, prelude::*};
//! use greenroom_plugin_observatory_node::{Frame, Sections};
//! use greenroom_plugin_rum_browser::Browser;
//! use greenroom_plugin_rum_store::Store;
//!
//! plugin("rum", |env| {
//!     env.register_init(async |database: Database, ops: Ops, frame: Frame, sections: Sections, logs: LogStore| {
//!         let store = Store::open(&database.client().await?).await?;
//!         Browser::new(move || Some(store.clone()), frame, ops).logs(logs).kept_days(7).mount(&sections)
//!     });
//! });
//! ```
//!
//! Each page begins with the sentence that is its answer: `answer/` computes them. What a page or a list is asked is in its URL, which
//! `asked.rs` reads.

mod answer;
mod api;
mod asked;
mod browser;
mod doctor;
mod frames;
mod judged;
mod lines;
mod pages;
mod words;

pub use crate::{
    browser::Browser,
    doctor::{Diagnosis, Finding, Verdict},
};
