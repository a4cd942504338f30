//! One plugin of a start, or one module that failed, as far as lines tell.

use std::time::{Duration, SystemTime};

/// How much is kept of a text: enough for whoever masks it, and cuts it to what is shown.
const LONGEST_TEXT: usize = 16 * 1024;

/// How much is kept of a name.
const LONGEST_NAME: usize = 128;

/// One plugin of a start, or one module that failed. All plugins of a start begin together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootStep {
    /// The plugin's id.
    pub plugin: String,
    /// The module's id, if it is one.
    pub module: Option<String>,
    /// How far it is.
    pub state: StepState,
    /// When it began; of a module no line tells.
    pub began_at: Option<SystemTime>,
    /// When the line came that told of the state: of a plugin that is ready it was ready by then.
    pub since: SystemTime,
    /// When it was not ready yet, for the last time that is known; the same as `since` where the line came at once.
    pub not_before: SystemTime,
    /// Its place in the order in which lines told of ends, the first one's is 0.
    pub place: Option<usize>,
    /// Why it failed.
    pub error: Option<Excerpt>,
}

/// How far a plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepState {
    /// Node has named it at the beginning, and nothing was seen of it since.
    Waiting,
    /// It has printed a line, or Node has named it again as one that is still at it.
    Initializing,
    /// It is ready.
    Ready,
    /// It threw, and the start fails because of it.
    Failed,
    /// It threw, and config permits that: the start goes on without it.
    FailedPermitted,
    /// There is no such plugin: a module of it is installed, and was not started. Node names it to the end.
    Orphan,
}

impl StepState {
    /// A word for JSON: `waiting`, `initializing`, `ready`, `failed`, `failedPermitted`, `orphan`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Initializing => "initializing",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::FailedPermitted => "failedPermitted",
            Self::Orphan => "orphan",
        }
    }

    /// Whether it is awaited.
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Waiting | Self::Initializing)
    }

    /// Whether it threw.
    pub const fn has_failed(self) -> bool {
        matches!(self, Self::Failed | Self::FailedPermitted)
    }
}

impl BootStep {
    pub(super) fn new(
        plugin: &str,
        module: Option<&str>,
        began_at: Option<SystemTime>,
        at: SystemTime,
    ) -> Self {
        Self {
            plugin: name(plugin).to_owned(),
            module: module.map(|module| name(module).to_owned()),
            state: StepState::Waiting,
            began_at,
            since: at,
            not_before: at,
            place: None,
            error: None,
        }
    }

    /// How long it took, at least and at most; `None` as long as it is awaited, and of what has no beginning.
    pub fn took(&self) -> Option<(Duration, Duration)> {
        let began = self.began_at.filter(|_| self.place.is_some())?;
        let from_began = |at: SystemTime| at.duration_since(began).unwrap_or_default();
        Some((from_began(self.not_before), from_began(self.since)))
    }
}

/// As much of a name as is kept.
pub(super) fn name(text: &str) -> &str {
    cut(text, LONGEST_NAME)
}

fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The beginning of a text that was printed. Nothing is redacted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// At most 16 KiB.
    pub text: String,
    /// Its end is missing: the half of a secret may be left, which nothing finds any more.
    pub is_cut: bool,
}

impl Excerpt {
    pub(super) fn of(text: &str, is_cut: bool) -> Self {
        let kept = cut(text, LONGEST_TEXT);
        Self { text: kept.to_owned(), is_cut: is_cut || kept.len() < text.len() }
    }
}
