//! The plugin `rum`, as browsers and operators see it.

mod doctor;
mod forward;
mod forwarded;
mod load;
mod metrics;
mod page;
mod refused;
mod sdk;
mod shown;
mod start;
mod store;
mod support;
mod wire;
