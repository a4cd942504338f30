//! How the start of the Node backend goes or went, as its own lines tell it to who reads them.

mod shown;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use greenroom_node_log::facts::{BootStep, NodeBoot, Outcome, StepState};

pub(crate) use shown::Shown;

type Look = Box<dyn Fn() -> Option<NodeBoot> + Send + Sync>;

/// So many plugins are named in a sentence.
const MOST_NAMES: usize = 5;

/// Who tells of it, if somebody reads what Node prints. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Known(Arc<OnceLock<Look>>);

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("is_told", &self.0.get().is_some()).finish()
    }
}

impl Known {
    /// The first one stays.
    pub(crate) fn set(&self, look: impl Fn() -> Option<NodeBoot> + Send + Sync + 'static) {
        let _ = self.0.set(Box::new(look));
    }

    pub(crate) fn get(&self) -> Option<NodeBoot> {
        self.0.get()?()
    }
}

/// What keeps a start from its end, for the end of a sentence; nothing of one that went well, or of which nothing is known.
fn trouble(boot: &NodeBoot) -> Option<String> {
    match boot.outcome() {
        Outcome::Started(_) => None,
        Outcome::Failed(failure) => {
            let failed = boot.steps().iter().find(|step| step.state == StepState::Failed);
            let how = failed.map_or_else(|| failure.text.clone(), error_of);
            Some(format!("its start has failed: {how}"))
        }
        Outcome::Starting => {
            let pending: Vec<_> = boot.pending().collect();
            match pending.len() {
                0 => boot.rejection.as_ref().map(|why| format!("nobody took care of an error: {}", why.text)),
                _ => Some(format!("its start waits for {}", names(&pending))),
            }
        }
    }
}

/// The same behind a sentence.
pub(crate) fn behind(boot: Option<&NodeBoot>) -> String {
    boot.and_then(trouble).map(|trouble| format!("; {trouble}")).unwrap_or_default()
}

/// `plugin 'catalog': no database`.
pub(crate) fn error_of(step: &BootStep) -> String {
    let error = step.error.as_ref().map_or("it says not why", |error| &*error.text);
    match &step.module {
        None => format!("plugin '{}': {error}", step.plugin),
        Some(module) => format!("module '{module}' of plugin '{}': {error}", step.plugin),
    }
}

/// Those that failed and without which the config lets it start.
pub(crate) fn lacks(boot: &NodeBoot) -> impl Iterator<Item = &BootStep> {
    boot.failed().filter(|step| step.state == StepState::FailedPermitted)
}

/// The first of them by their names, and how many more there are.
pub(crate) fn names(steps: &[&BootStep]) -> String {
    let named = steps.iter().take(MOST_NAMES).map(|step| format!("'{}'", step.plugin));
    let named = named.collect::<Vec<_>>().join(", ");
    match steps.len().saturating_sub(MOST_NAMES) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
