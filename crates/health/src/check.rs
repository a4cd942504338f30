//! What a check says.

use greenroom_errors::BoxError;

/// The result of one run of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Whether it passed.
    pub outcome: Outcome,
    /// Why not, for the log and for those who hold the ops token; never for anonymous probes.
    pub message: Option<String>,
    /// What to do about it, for those who are told why.
    pub next_step: Option<String>,
    /// Whom it hits, where that is not the plugin whose check it is.
    pub plugins: Vec<String>,
}

/// Whether a check passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Pass,
    /// Something is off, and requests are served.
    Warn,
    /// What it checks does not work.
    Fail,
}

impl Outcome {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Pass, Self::Warn, Self::Fail].into_iter().find(|one| one.as_str() == name)
    }
}

impl Check {
    /// All is well.
    pub fn pass() -> Self {
        Self { outcome: Outcome::Pass, message: None, next_step: None, plugins: vec![] }
    }

    /// Something is off, and requests are served: does not fail readiness.
    pub fn warn(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Warn, message: Some(message.into()), next_step: None, plugins: vec![] }
    }

    /// What it checks does not work.
    pub fn fail(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Fail, message: Some(message.into()), next_step: None, plugins: vec![] }
    }

    /// Says what an operator can do about it, as the end of “Next: …”.
    ///
    /// ```
    /// use greenroom_health::Check;
    ///
    /// let full = Check::fail("/var/spool/portal has no space left").next_step("delete what is old there");
    /// assert_eq!(full.next_step.as_deref(), Some("delete what is old there"));
    /// ```
    #[must_use]
    pub fn next_step(self, what: impl Into<String>) -> Self {
        Self { next_step: Some(what.into()), ..self }
    }

    /// Says which plugins it hits, where the check is none of theirs.
    #[must_use]
    pub fn plugins(self, ids: impl IntoIterator<Item = String>) -> Self {
        Self { plugins: ids.into_iter().collect(), ..self }
    }

    /// Whether requests can be served.
    pub fn is_ok(&self) -> bool {
        self.outcome != Outcome::Fail
    }
}

impl<E: Into<BoxError>> From<Result<(), E>> for Check {
    fn from(result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self::pass(),
            Err(error) => Self::fail(error.into().to_string()),
        }
    }
}
