//! The rules of `docs/contract/plugin-system.md`, each test named by the numbers that it holds.

extern crate greenroom_core as greenroom;

mod bad_code;
mod boot;
mod boot_report;
mod declarations;
mod graph;
mod hooks;
mod kit;
mod loaders;
mod modules;
mod multitons;
mod services;
