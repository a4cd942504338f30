//! What users, and those who look after a portal, can rely on.

mod consent;
mod direct;
mod forward;
mod hosts;
mod rules;
mod scene;
mod store;
mod trouble;
