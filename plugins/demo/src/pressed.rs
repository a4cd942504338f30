//! The last presses, each with what is shown of it: a form leads to the page that shows it, which may be opened again, and
//! nothing is pressed again.

use std::collections::VecDeque;

use greenroom::context::Context;
use maud::Markup;
use parking_lot::Mutex;

use crate::{button::Button, evidence::Evidence, shown::shown};

/// How many are kept.
pub(crate) const MOST: usize = 16;

/// A press, and what the page shows of it.
#[derive(Clone)]
pub(crate) struct Press {
    pub(crate) button: Button,
    pub(crate) shown: Markup,
}

/// What the page is asked to show.
pub(crate) enum Asked {
    Nothing,
    This(Press),
    /// A press that is kept no more.
    Forgotten,
}

/// See the module.
#[derive(Default)]
pub(crate) struct LastPresses(Mutex<VecDeque<(String, Press)>>);

impl Press {
    pub(crate) fn of(evidence: &Evidence) -> Self {
        Self { button: evidence.button, shown: shown(evidence) }
    }
}

impl LastPresses {
    /// Keeps the press that the current request is; where it is shown.
    pub(crate) fn keep(&self, press: Press) -> String {
        // A client chooses the id of a request, and not that of its span.
        let span = Context::current().request().map(|request| request.trace().span_id().as_str().to_owned());
        let id = span.unwrap_or_default();
        let place = format!("/demo?pressed={id}#{}", press.button.id());
        let mut presses = self.0.lock();
        if presses.len() == MOST {
            presses.pop_front();
        }
        presses.push_back((id, press));
        place
    }

    /// What the query of the page asks for.
    pub(crate) fn asked(&self, query: Option<&str>) -> Asked {
        let Some(wanted) = query.and_then(|query| query.strip_prefix("pressed=")) else {
            return Asked::Nothing;
        };
        let presses = self.0.lock();
        let found = presses.iter().find(|(id, _)| id == wanted);
        found.map_or(Asked::Forgotten, |(_, press)| Asked::This(press.clone()))
    }
}
