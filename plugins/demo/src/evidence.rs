//! What a press has brought about, and where it shows. Nothing of it is made up: it is what the backend has answered and logged.

use greenroom::{
    context::Context,
    log_store::{Line, LineQuery, LogStore},
    prelude::InstanceMetadata,
};

use crate::{button::Button, calls::Told};

/// So many lines are enough to see how they look.
const MOST_LINES: usize = 12;

/// What is shown behind a press.
pub(crate) struct Evidence {
    pub(crate) button: Button,
    /// In words, what to make of it.
    pub(crate) meaning: String,
    /// The call, where there was one.
    pub(crate) told: Option<Told>,
    pub(crate) lines: Vec<Line>,
    pub(crate) places: Vec<Place>,
    /// The same for a terminal.
    pub(crate) command: Option<String>,
    /// Where it goes on: a path and what one sees there.
    pub(crate) next: Option<(String, &'static str)>,
}

/// Where to look.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    /// A page of the Observatory; `None` where there is none for it.
    pub(crate) page: Option<String>,
    /// What to look for there.
    pub(crate) exact: String,
}

/// Which other plugins run, of which pages can be spoken.
#[derive(Clone, Copy)]
pub(crate) struct Installed {
    pub(crate) tasks: bool,
    pub(crate) rum: bool,
    pub(crate) observatory: bool,
}

impl Installed {
    pub(crate) fn of(metadata: &InstanceMetadata) -> Self {
        let has = |id: &str| metadata.installed_plugins().iter().any(|plugin| &*plugin.plugin_id == id);
        Self { tasks: has("tasks"), rum: has("rum"), observatory: has("observatory") }
    }

    /// A page of the Observatory, where there is one.
    pub(crate) fn page(self, path: impl Into<String>) -> Option<String> {
        self.observatory.then(|| path.into())
    }
}

/// The lines that follow a press. Those before it are nobody's business here, whatever id the request has given itself.
pub(crate) struct Trail<'a> {
    store: &'a LogStore,
    request_id: String,
    after: u64,
}

impl<'a> Trail<'a> {
    /// Begins with the request that is answered here.
    pub(crate) fn begin(store: &'a LogStore) -> Self {
        let last = store.lines(&LineQuery { limit: 1, ..LineQuery::default() });
        let after = last.lines.last().map_or(0, |line| line.sequence);
        Self { store, request_id: request_id(), after }
    }

    /// All lines that have the id of the press.
    pub(crate) fn of_the_press(&self) -> Vec<Line> {
        self.find(LineQuery { request_id: Some(self.request_id.clone()), ..LineQuery::default() })
    }

    /// Those of a check, which runs for nobody in particular.
    pub(crate) fn of_check(&self, name: &str) -> Vec<Line> {
        self.find(LineQuery {
            text: Some(name.to_owned()),
            plugin: Some("demo".to_owned()),
            ..LineQuery::default()
        })
    }

    fn find(&self, query: LineQuery) -> Vec<Line> {
        self.store.lines(&LineQuery { after: Some(self.after), limit: MOST_LINES, ..query }).lines
    }
}

/// The id of the request that presses the button: all lines of what follows have it.
pub(crate) fn request_id() -> String {
    Context::current().request().map(|request| request.id().to_owned()).unwrap_or_default()
}
