//! What is known of one thing.

use maud::{Markup, html};

/// Names and values of one thing, in a panel; `about` is heard, such as “About this session”.
pub fn facts<'a>(about: &str, facts: impl IntoIterator<Item = (&'a str, Markup)>) -> Markup {
    html! {
        section."panel pad" aria-label=(about) {
            dl.facts { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
        }
    }
}
