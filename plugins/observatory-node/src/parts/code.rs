//! Commands, names from code, and stacks.

use maud::{Markup, html};

use super::part::details;
use crate::foreign;

/// A command to copy: one click selects it, and with script there is a button that copies it.
pub fn command(text: &str) -> Markup {
    html! { code.cmd data-copy="" { (foreign(text).lines().limit(2000)) } }
}

/// A name from config or code: an id, a route, a key.
pub fn inline(text: &str) -> Markup {
    html! { span.mono { (foreign(text)) } }
}

/// The stack of an error as it was logged, for whoever opens it.
pub fn trace(stack: &str) -> Markup {
    details(html! { span.small { "Stack" } }, html! { pre.trace { (foreign(stack).lines().limit(4000)) } })
}
