//! The plugin `tasks`, as callers, operators and module authors see it.

mod bounds;
mod kinds;
mod logs;
mod routes;
mod shutdown;
mod support;
