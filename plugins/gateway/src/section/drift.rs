//! Files that have changed since Node has read them.

use greenroom_plugin_observatory_node::{Mark, foreign, time};
use maud::{Markup, html};

use super::Seen;

/// A sentence for each.
pub(super) fn sentences(seen: &Seen) -> Markup {
    let drifted = seen.gateway.child_facts().drift().unwrap_or_default();
    html! {
        @for drifted in drifted {
            p {
                (Mark::Warn) " " code { (foreign(&drifted.file.display().to_string())) } " has changed at "
                (time::time(drifted.since, seen.now)) " UTC, after the start of Node, which may still run with what it was: "
                "restart it to be sure."
            }
        }
    }
}
