//! A backend in front of a Node backend, as operators and probes see it.

mod api;
mod boot;
mod labels;
mod metrics;
mod node;
mod outside;
mod readiness;
mod section;
mod stop;
mod support;
