//! How the start of the Node backend goes or went, as its own lines tell it to who reads them.

use std::{fmt, sync::OnceLock, time::SystemTime};

use greenroom_boot_document::{BootDocument, Cause};
use greenroom_node_log::facts::{BootStep, NodeBoot, Outcome};

type Look<T> = Box<dyn Fn() -> Option<T> + Send + Sync>;

/// A start that has failed, or seems to have, and whose process stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// When the process is ended.
    pub at: SystemTime,
    /// Whether it has failed for certain; else it is ended if it does not listen by then.
    pub is_certain: bool,
    /// Whether it is started again; else this process ends with it.
    pub starts_again: bool,
}

/// So many plugins are named in a sentence.
const MOST_NAMES: usize = 5;

/// Who tells of something, if somebody reads what Node prints.
pub(crate) struct Known<T>(OnceLock<Look<T>>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> fmt::Debug for Known<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("is_told", &self.0.get().is_some()).finish()
    }
}

impl<T> Known<T> {
    /// The first one stays.
    pub(crate) fn set(&self, look: impl Fn() -> Option<T> + Send + Sync + 'static) {
        let _ = self.0.set(Box::new(look));
    }

    pub(crate) fn get(&self) -> Option<T> {
        self.0.get()?()
    }
}

/// What keeps a start from its end, for the end of a sentence; nothing of one that went well, or of which nothing is known.
fn trouble(boot: &NodeBoot) -> Option<String> {
    match boot.outcome() {
        Outcome::Started(_) => None,
        Outcome::Failed(_) => failure(boot).map(|how| format!("its start has failed: {how}")),
        Outcome::Starting => {
            let pending: Vec<_> = boot.pending().collect();
            match pending.len() {
                0 => boot.rejection.as_ref().map(|why| format!("nobody took care of an error: {}", why.text)),
                _ => Some(format!("its start waits for {}", names(&pending))),
            }
        }
    }
}

/// Why a start has failed: each cause once.
pub(crate) fn failure(boot: &NodeBoot) -> Option<String> {
    has_failed(Some(boot)).then(|| BootDocument::of_node(boot).why_failed()).flatten()
}

/// Whether it does not become ready any more.
pub(crate) fn has_failed(boot: Option<&NodeBoot>) -> bool {
    boot.is_some_and(|boot| matches!(boot.outcome(), Outcome::Failed(_)))
}

/// The same behind a sentence.
pub(crate) fn behind(boot: Option<&NodeBoot>) -> String {
    boot.and_then(trouble).map(|trouble| format!("; {trouble}")).unwrap_or_default()
}

/// Without whom the config has let it start, and why: `plugin 'catalog': no database`. Nothing of one that lacks nobody.
pub(crate) fn lacks(boot: &NodeBoot) -> Option<String> {
    boot.failed().next()?;
    let document = BootDocument::of_node(boot);
    let causes: Vec<_> = document.causes().into_iter().filter(Cause::is_permitted).collect();
    let first = causes.first()?;
    Some(format!("{}: {}{}", first.whom(), first.text, Cause::others(causes.len())))
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
