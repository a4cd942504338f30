//! Keeps what browsers send in the plugin's database, where `greenroom.rum.mode` says so.
//!
//! A database that is away must not keep the portal from its users: it is asked again until it is there, and browsers are told to send
//! again what cannot be kept meanwhile.

mod arrival;
mod keeper;
mod opening;
mod requests;
mod sweeping;

pub(crate) use arrival::arrival;
pub(crate) use keeper::{KeepTurn, Keeper};
pub(crate) use opening::open;
pub(crate) use requests::RequestQueue;
pub(crate) use sweeping::sweep;
