//! The source maps of the bundle that is served.

use std::{
    fmt, io,
    sync::{Arc, OnceLock},
};

use greenroom::core::{Service, ServiceFactory, scope, service};

/// See [`SourceMaps::provide`].
type Find = dyn Fn(&str) -> Option<SourceMapFile> + Send + Sync;

/// Finds the source map of a script of the app, by the path that the script is served at.
///
/// Maps are for those who may read the sources: no route serves them. What is found was found at start, so that no path
/// that somebody asks for meets the disk.
#[derive(Clone, Default)]
pub struct SourceMaps(Arc<OnceLock<Box<Find>>>);

impl Service for SourceMaps {
    const ID: &'static str = "app.sourceMaps";
    type Scope = scope::Root;

    fn default_factory() -> Option<ServiceFactory> {
        Some(service(async || Ok(Self::default())))
    }
}

impl SourceMaps {
    /// Says how maps are found: for the plugin that serves the bundle, at its start. The first one counts.
    pub fn provide(&self, find: impl Fn(&str) -> Option<SourceMapFile> + Send + Sync + 'static) {
        let _ = self.0.set(Box::new(find));
    }

    /// The map of the script at this path, such as `/static/main.js`, without the base path of the app. Nothing before the
    /// bundle was looked through, and where there is none.
    pub fn find(&self, path: &str) -> Option<SourceMapFile> {
        self.0.get()?(path)
    }
}

impl fmt::Debug for SourceMaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SourceMaps")
    }
}

/// A source map that is there.
#[derive(Clone)]
pub struct SourceMapFile {
    name: Arc<str>,
    read: Arc<dyn Fn() -> io::Result<Vec<u8>> + Send + Sync>,
}

impl SourceMapFile {
    /// A file of the bundle, by its path within, and how it is read.
    pub fn new(
        name: impl Into<Arc<str>>,
        read: impl Fn() -> io::Result<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), read: Arc::new(read) }
    }

    /// Its path within the bundle, which no other has.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its bytes. This blocks.
    ///
    /// # Errors
    /// When it cannot be read, or has changed since the start.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        (self.read)()
    }
}

impl fmt::Debug for SourceMapFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceMapFile").field(&self.name).finish()
    }
}
