//! What is slow, and what has failed: one rule for the sentence of a page, its drawings and its rows.

use std::collections::HashMap;

use greenroom_plugin_observatory_node::Mark;
use greenroom_plugin_rum_store::queries::{Event, View};

/// From how long on a request is slow, in milliseconds.
pub(crate) const SLOW_MS: f64 = 1000.0;

/// How it is with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// Nobody needs to look at it.
    Fine,
    /// A request that took long.
    Slow,
    /// An error, or a request without an answer or with one that says that it failed.
    Failed,
}

impl Judged {
    pub(crate) fn of(event: &Event) -> Self {
        match &*event.kind {
            "error" => Self::Failed,
            _ if is_failed_request(event) => Self::Failed,
            _ if is_slow_request(event) => Self::Slow,
            _ => Self::Fine,
        }
    }

    /// What is drawn of it: what is fine has no mark.
    pub(crate) fn mark(self) -> Option<Mark> {
        match self {
            Self::Fine => None,
            Self::Slow => Some(Mark::Poor),
            Self::Failed => Some(Mark::Fail),
        }
    }
}

/// A view that took longer than its route's pace, by which `paces` are known.
pub(crate) fn is_slow_view(view: &View, paces: &HashMap<String, f64>) -> bool {
    view.loading_ms.zip(paces.get(&view.route)).is_some_and(|(took, pace)| took > *pace)
}

/// A request that took long; whether it failed besides does not matter.
pub(crate) fn is_slow_request(event: &Event) -> bool {
    event.kind == "resource" && event.duration_ms >= Some(SLOW_MS)
}

pub(crate) fn is_failed_request(event: &Event) -> bool {
    event.kind == "resource" && event.has_failed()
}
