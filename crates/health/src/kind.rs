//! What a check is for, and how bad its failure is.

/// What a check is for: who asks for it, and what happens when it fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Whether the backend has begun to work. It is run until it has passed once, and fails no probe of Backstage's.
    Startup,
    /// Whether requests should be sent here: readiness fails with it.
    Readiness,
    /// Whether the process works as it should. Backstage's liveness never depends on it: only operators are told.
    Liveness,
    /// What operators want to know, and no probe fails with.
    #[default]
    Information,
}

impl Kind {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Readiness => "readiness",
            Self::Liveness => "liveness",
            Self::Information => "information",
        }
    }
}

/// What a failure means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Severity {
    /// What it checks does not work: a failure fails whatever depends on the check.
    #[default]
    Fail,
    /// Requests are served all the same: a failure is a warning.
    Degrade,
}

impl Severity {
    /// Its name in JSON and in the config.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Degrade => "degrade",
        }
    }
}
