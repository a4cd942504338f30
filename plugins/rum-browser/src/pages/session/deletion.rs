//! How a session is deleted by hand: why is asked first, and is sent with it.

use greenroom_plugin_observatory_node::foreign;
use maud::{Markup, html};

use super::SESSIONS;
use crate::asked::{Asked, MOST_OF_A_REASON, segment};

/// Whether why is to be asked.
pub(super) const DELETE: &str = "delete";
/// Why, once that was said.
pub(super) const REASON: &str = "reason";

/// The link that begins it, or the form that asks why, or what deletes it. From each step one gets back by a link.
pub(super) fn deletion(session: &str, asked: &Asked, path: &str) -> Markup {
    let reason = asked.get(REASON).map(str::trim).filter(|reason| !reason.is_empty());
    html! {
        @match (reason, asked.get(DELETE)) {
            (Some(reason), _) => {
                @let to = format!("/.greenroom/v1/rum/sessions/{}/delete?{REASON}={}", segment(session), segment(reason));
                p { "To be deleted at once, for this reason: " (foreign(reason)) }
                button type="button" data-post=(to) data-then=(SESSIONS) { "Delete now" }
                " " a href=(path) { "Cancel" }
            },
            (None, Some(_)) => form.filters method="get" action=(path) {
                input type="hidden" name=(DELETE) value="yes";
                label {
                    "Why it is deleted, for the log"
                    input name=(REASON) required maxlength=(MOST_OF_A_REASON) autocomplete="off";
                }
                button { "Go on" }
                a href=(path) { "Cancel" }
            },
            (None, None) => {
                span.quiet { " · " }
                a href=(asked.link(path, DELETE, Some("yes"))) { "Delete it now" }
            },
        }
    }
}
