//! What modules of the plugin `app` use, and those who read the sources of its bundle.
//!
//! ```
//! use greenroom::prelude::*;
//! use greenroom_plugin_app_node::IndexDocument;
//!
//! let greeting = module("app", "greeting", |env| {
//!     env.register_init(async |document: IndexDocument| {
//!         document.head_start(|page| Ok(format!("<script src=\"{}/greeting.js\"></script>", page.public_path)));
//!         document.allow("script-src", "https://cdn.example.com");
//!         Ok(())
//!     });
//! });
//! # let _: Module = greeting;
//! ```

mod source_maps;

use std::{fmt, sync::Arc};

use greenroom::{
    config::RootConfig,
    core::{Service, scope},
    errors::Result,
};
use parking_lot::Mutex;

pub use crate::source_maps::{SourceMapFile, SourceMaps};

/// What a page is made of, for whoever adds to it.
pub struct Page<'a> {
    /// What the browser gets to see of the config.
    pub config: &'a RootConfig,
    /// The path of `app.baseUrl` without a slash at its end: empty where the app is at the root of its host.
    pub public_path: &'a str,
    /// The page so far.
    pub html: &'a str,
}

/// See [`IndexDocument::rewrite_template`].
pub type Rewrite = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;
/// See [`IndexDocument::head_start`].
pub type HeadStart = Arc<dyn Fn(&Page<'_>) -> Result<String> + Send + Sync>;
/// See [`IndexDocument::head_of_each`].
pub type HeadOfEach = Arc<dyn Fn() -> String + Send + Sync>;

/// Adds to the page of the app, which is made at start: an extension point of the plugin `app`. See the
/// [crate's example](crate).
#[derive(Clone, Default)]
pub struct IndexDocument(Arc<Mutex<Additions>>);

/// All that modules have added, in the order in which they did.
#[derive(Clone, Default)]
pub struct Additions {
    /// What changes the template.
    pub rewrites: Vec<Rewrite>,
    /// What is put in front of the first script in `<head>`.
    pub head_start: Vec<HeadStart>,
    /// What is put in front of that, for each answer anew.
    pub head_of_each: Vec<HeadOfEach>,
    /// Directives of the page's `Content-Security-Policy`, each with one more source.
    pub allowed: Vec<(&'static str, String)>,
}

impl Service for IndexDocument {
    const ID: &'static str = "app.indexDocument";
    type Scope = scope::Extension;
}

impl IndexDocument {
    /// Changes the template of the page before it is understood; `None` leaves it as it is. It is called once, at start, and
    /// sees what was changed before.
    pub fn rewrite_template(&self, rewrite: impl Fn(&str) -> Option<String> + Send + Sync + 'static) {
        self.0.lock().rewrites.push(Arc::new(rewrite));
    }

    /// Puts HTML in front of the first script in `<head>`, behind what was added before. It is called once, at start; it
    /// escapes what it prints, and its error fails the start of the plugin.
    pub fn head_start(&self, html: impl Fn(&Page<'_>) -> Result<String> + Send + Sync + 'static) {
        self.0.lock().head_start.push(Arc::new(html));
    }

    /// Puts HTML in front of what [`head_start`](Self::head_start) adds, made anew for each answer: it is called in the
    /// context of the request, and should be quick. Such a page is compressed for each answer, and its ETag is that of the
    /// page without it.
    pub fn head_of_each(&self, html: impl Fn() -> String + Send + Sync + 'static) {
        self.0.lock().head_of_each.push(Arc::new(html));
    }

    /// Lets the page load something: one more source for a directive of its `Content-Security-Policy`. A directive that is not
    /// there, because Backstage has none or `backend.csp` takes it out, becomes `default-src` and this source, as browsers
    /// go by `default-src` in its place. Without a policy all is let, and nothing is added.
    pub fn allow(&self, directive: &'static str, source: impl Into<String>) {
        self.0.lock().allowed.push((directive, source.into()));
    }

    /// What was added so far: for the plugin that makes the page.
    pub fn additions(&self) -> Additions {
        self.0.lock().clone()
    }
}

impl Additions {
    /// Whether nothing is to be added or changed.
    pub fn is_empty(&self) -> bool {
        let Self { rewrites, head_start, head_of_each, allowed } = self;
        rewrites.is_empty() && head_start.is_empty() && head_of_each.is_empty() && allowed.is_empty()
    }
}

impl fmt::Debug for IndexDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexDocument")
    }
}
