//! The plugin `app`, as browsers, operators and module authors see it.

mod caching;
mod checked;
mod encoding;
mod files;
mod page;
mod recorded;
mod support;
mod which;
