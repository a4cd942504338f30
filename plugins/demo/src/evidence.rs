//! What a press has brought about, and where it shows. Nothing of it is made up: it is what the backend has answered and logged.

use greenroom::{context::Context, prelude::InstanceMetadata};

use crate::{button::Button, calls::Told};

/// What is shown behind a press.
pub(crate) struct Evidence {
    pub(crate) button: Button,
    pub(crate) told: Told,
    /// In words, what to make of it.
    pub(crate) meaning: String,
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
    pub(crate) page: Option<&'static str>,
    /// What to look for there.
    pub(crate) exact: String,
}

/// Which other plugins run, of which pages can be spoken.
#[derive(Clone, Copy)]
pub(crate) struct Installed {
    pub(crate) tasks: bool,
    pub(crate) observatory: bool,
}

impl Installed {
    pub(crate) fn of(metadata: &InstanceMetadata) -> Self {
        let has = |id: &str| metadata.installed_plugins().iter().any(|plugin| &*plugin.plugin_id == id);
        Self { tasks: has("tasks"), observatory: has("observatory") }
    }

    /// A page of the Observatory, where there is one.
    pub(crate) fn page(self, path: &'static str) -> Option<&'static str> {
        self.observatory.then_some(path)
    }
}

/// The id of the request that presses the button: all lines of what follows have it.
pub(crate) fn request_id() -> String {
    Context::current().request().map(|request| request.id().to_owned()).unwrap_or_default()
}
