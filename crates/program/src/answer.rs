//! What comes of a command.

use std::fmt;

/// What a command has to say, and how the process ends then.
///
/// ```
/// use greenroom_program::Answer;
///
/// // A text alone ends with 0.
/// let fine = Answer::from("all is well");
/// let found = Answer::from("the disk is full").exit_code(1);
/// # assert_ne!(fine, found);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(crate) text: String,
    pub(crate) code: u8,
}

impl Answer {
    /// What the command's help says that this code means.
    #[must_use]
    pub fn exit_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self { text, code: 0 }
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// What a command was given and cannot use, beside what clap finds: the process says it, and ends with 2.
///
/// ```
/// use greenroom::prelude::*;
/// use greenroom_program::UsageError;
///
/// fn token(variable: Option<String>) -> Result<String> {
///     Ok(variable.ok_or_else(|| UsageError::new("MY_TOKEN is not set"))?)
/// }
///
/// assert_eq!(token(None).unwrap_err().to_string(), "MY_TOKEN is not set");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError(pub(crate) String);

impl UsageError {
    /// A sentence, without a full stop.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}
