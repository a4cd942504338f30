//! What of an error decides on its group.

use std::sync::Arc;

use super::{ErrorGroup, shared::About};
use crate::{
    event::ErrorPart,
    fingerprint::{self, Culprit, ErrorFacts, fingerprint},
    group::Seen,
    stack::Stack,
    text::first_bytes,
};

/// How much of a text is looked at.
const LONGEST: usize = 64 << 10;
/// How long what pages list of it is kept.
const LISTED: usize = 512;

/// An error, until it is known where it was thrown.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    service: Option<Arc<str>>,
    given: Option<String>,
    kind: Option<String>,
    source: String,
    message: String,
    pub(super) stack: Option<String>,
}

impl Trouble {
    pub(super) fn of(part: ErrorPart<'_>, service: Option<Arc<str>>) -> Self {
        let text = |text: Option<&str>| text.map(|text| first_bytes(text, LONGEST).to_owned());
        Self {
            service,
            given: text(part.fingerprint.as_deref()),
            kind: text(part.kind.as_deref()),
            source: text(part.source.as_deref()).unwrap_or_default(),
            message: text(part.message.as_deref()).unwrap_or_default(),
            stack: text(part.stack.as_deref()),
        }
    }

    pub(super) fn parsed(&self) -> Stack<'_> {
        Stack::parse(self.stack.as_deref().unwrap_or_default())
    }

    /// The place in the script that the browser has run.
    pub(super) fn culprit(&self) -> Option<Culprit<'_>> {
        self.parsed().top().map(Culprit::from)
    }

    /// The group, of an error that was thrown there.
    pub(super) fn group(&self, about: &About, culprit: Option<&Culprit<'_>>) -> ErrorGroup {
        let listed = |text: &str| Arc::from(first_bytes(text, LISTED));
        ErrorGroup {
            fingerprint: fingerprint(&ErrorFacts {
                service: self.service.as_deref().unwrap_or_default(),
                fingerprint: self.given.as_deref(),
                kind: self.kind.as_deref(),
                source: &self.source,
                message: &self.message,
                culprit: culprit.copied(),
            }),
            fingerprint_version: fingerprint::VERSION.into(),
            service: self.service.clone(),
            kind: self.kind.as_deref().map(listed),
            message: listed(&self.message),
            culprit: culprit.map(|culprit| listed(&culprit.to_string())),
            seen: Seen::once(about.date_ms),
        }
    }
}
