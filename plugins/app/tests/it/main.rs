//! The plugin `app`, as browsers, operators and module authors see it.

mod caching;
mod encoding;
mod files;
mod page;
mod support;
mod which;
