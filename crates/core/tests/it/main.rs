//! The plugin system's rules, each named by its number in the specification of Backstage's (P…).

extern crate greenroom_core as greenroom;

mod bad_code;
mod boot;
mod declared;
mod graph;
mod hooks;
mod kit;
mod loaders;
mod modules;
mod multitons;
mod services;
