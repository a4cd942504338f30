//! How it ended last: a restart, of its own or of all, must not make that unseen.

use greenroom::config::Masks;
use greenroom_plugin_observatory_node::{foreign, time};
use maud::{Markup, html};

use super::Seen;
use crate::words;

/// A sentence, unless it is said already of what is wrong now.
pub(super) fn sentence(seen: &Seen, masks: &Masks) -> Markup {
    let is_now = words::why(&seen.status.state).is_some_and(|why| words::of_process(why).is_some());
    let is_before = seen.problem.is_some() && seen.last_end.is_some();
    let exit = seen.gateway.child_facts().last_exit().filter(|_| !is_now && !is_before);
    html! {
        @if let Some(exit) = exit {
            p."small quiet" {
                "The end before this start, at " (time::time(exit.time.into(), seen.now)) " UTC (" code { (exit.cause.as_str()) } "): "
                (foreign(&masks.all(&exit.sentence))) "."
            }
        }
    }
}
