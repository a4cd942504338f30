//! What two backends are compared in, by area.

use std::fmt;

/// One part of what a backend says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// What probes read.
    Health,
    /// What is answered where nothing is, or nothing may be had.
    Errors,
    /// Security headers, caching, compression.
    Headers,
    /// Preflights, and requests from other origins.
    Cors,
    /// The index document, its config, and static files.
    App,
    /// Keys, well-known documents, and what providers say to strangers.
    Auth,
    /// Paths that were asked for by name.
    Paths,
    /// Which keys lines of the log have.
    Log,
}

impl Area {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 8] = [
        Self::Health,
        Self::Errors,
        Self::Headers,
        Self::Cors,
        Self::App,
        Self::Auth,
        Self::Paths,
        Self::Log,
    ];

    /// Its name, as in `--area`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Errors => "errors",
            Self::Headers => "headers",
            Self::Cors => "cors",
            Self::App => "app",
            Self::Auth => "auth",
            Self::Paths => "paths",
            Self::Log => "log",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|area| area.name() == name)
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
