//! The plugin `rum`, as browsers and operators see it.

mod forward;
mod page;
mod refused;
mod sdk;
mod start;
mod support;
mod wire;
