//! What is wrong with a start, whoever tells of it.

use greenroom_boot_document::{BootDocument, Cause, Outcome};
use jiff::{SignedDuration, Timestamp};

use super::who;
use crate::{
    answer::Finding,
    database::DatabaseFault,
    words::{plugins, said},
};

/// So many paths are named of those that it hits.
const MOST_PATHS: usize = 4;

/// What is wrong with it; nothing with one that went well, and with one that does not say what it waits for.
pub(crate) fn wrong(boot: &BootDocument) -> Option<Finding> {
    match boot.outcome {
        Some(Outcome::Failure) => Some(failed(boot)),
        Some(Outcome::Success) => without(boot),
        None => waits(boot),
    }
}

/// The backend's port is another process's.
pub(crate) fn port_taken(text: &str) -> Option<Finding> {
    let what = format!("The backend cannot start because its port is taken ({})", said(text));
    let next = "end the process that listens there, or change backend.listen";
    text.contains("EADDRINUSE").then(|| Finding::new("portTaken", what, next))
}

fn failed(boot: &BootDocument) -> Finding {
    let causes: Vec<_> = boot.causes().into_iter().filter(|cause| !cause.is_permitted()).collect();
    let Some(first) = causes.first() else {
        let text = boot.failure.as_deref().unwrap_or("it does not say why");
        let found = port_taken(text).unwrap_or_else(|| {
            let what = format!("{}'s start has failed: {}", who(boot), said(text));
            let (cause, next) = match DatabaseFault::of(text) {
                Some(fault) => (fault.cause, fault.next),
                None => ("startFailed", "mend that, and start it again; the log has the lines before it"),
            };
            Finding::new(cause, what, next)
        });
        return found.since(ended(boot)).hits("everybody");
    };
    let others = Cause::others(causes.len());
    let what = format!(
        "{}'s start has failed because of {}: {}{others}",
        who(boot),
        said(&first.whom()),
        said(first.text)
    );
    let (cause, next) = match fault(first) {
        Some(fault) => (fault.cause, fault.next.to_owned()),
        None if boot.is_nodes() => {
            let plugin = match &*first.failed {
                [one] => one.plugin.as_deref().map_or_else(|| "<id>".to_owned(), said),
                _ => "<id>".to_owned(),
            };
            let text = format!(
                "mend that, or let the backend start without it: backend.startup.plugins.{plugin}.onPluginBootFailure: continue"
            );
            ("startFailed", text)
        }
        None => ("startFailed", "mend that, and start it again; `greenroom boot` shows all of it".to_owned()),
    };
    Finding::new(cause, what, next).since(first.since().or_else(|| ended(boot))).hits("everybody")
}

/// It has started without a plugin that may fail.
fn without(boot: &BootDocument) -> Option<Finding> {
    let causes = boot.causes();
    let first = causes.first()?;
    let others = Cause::others(causes.len());
    let what =
        format!("{} has started without {}: {}{others}", who(boot), said(&first.whom()), said(first.text));
    let (cause, next) = match fault(first) {
        Some(fault) => (fault.cause, fault.next),
        None => ("pluginFailed", "mend that, and start the backend again"),
    };
    let mut ids: Vec<_> =
        first.failed.iter().filter_map(|failed| failed.plugin.as_deref()).map(said).collect();
    ids.dedup();
    let hits = match ids.len() {
        0 => None,
        1..=MOST_PATHS => {
            let paths: Vec<_> = ids.iter().map(|id| format!("/api/{id}")).collect();
            Some(format!("requests below {}", paths.join(", ")))
        }
        _ => Some(plugins(&ids)),
    };
    let found = Finding::new(cause, what, next).since(first.since());
    Some(match hits {
        Some(hits) => found.hits(hits),
        None => found,
    })
}

fn waits(boot: &BootDocument) -> Option<Finding> {
    let pending = boot.pending();
    (!pending.is_empty()).then(|| {
        let what = format!("{}'s start waits for {}", who(boot), plugins(&pending));
        let next = "see what it waits for itself: most often its database, or another server that it calls";
        let plugins_ms = boot.node.as_ref().and_then(|node| node.plugins_ms);
        Finding::new("startWaits", what, next)
            .since(after(boot, plugins_ms.unwrap_or_default()))
            .hits("everybody")
    })
}

/// A database that fails: the innermost error says so, or else what wraps it.
fn fault(cause: &Cause<'_>) -> Option<DatabaseFault> {
    DatabaseFault::of(cause.text).or_else(|| cause.outer().iter().find_map(|text| DatabaseFault::of(text)))
}

/// When it was over.
fn ended(boot: &BootDocument) -> Option<Timestamp> {
    after(boot, boot.took_ms.unwrap_or_default())
}

fn after(boot: &BootDocument, ms: f64) -> Option<Timestamp> {
    boot.began_at?.checked_add(SignedDuration::from_millis(ms as i64)).ok()
}
