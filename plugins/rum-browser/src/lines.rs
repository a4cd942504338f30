//! The log lines of a request, as far as this replica still has them.

use greenroom_plugin_observatory_node::foreign;
use greenroom_plugin_rum_store::queries::Request;
use maud::{Markup, html};

use crate::browser::Browser;

pub(crate) async fn lines(_browser: &Browser, request: &Request) -> Markup {
    html! {
        p.quiet { "Its log lines are not in the memory of this replica: replica " (foreign(&request.replica)) " has answered it." }
    }
}
