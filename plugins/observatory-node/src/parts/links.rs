//! Links between pages of one section, and within a list.

use maud::{Markup, html};

/// One page of a section.
#[derive(Clone, Copy, Debug)]
pub struct Tab<'a> {
    /// Where it is.
    pub href: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Whether it is the one that is shown.
    pub current: bool,
}

/// The pages of a section.
pub fn tabs<'a>(section: &str, tabs: impl IntoIterator<Item = Tab<'a>>) -> Markup {
    html! {
        nav.tabs aria-label=(section) {
            @for Tab { href, name, current } in tabs { a href=(href) aria-current=[current.then_some("page")] { (name) } }
        }
    }
}

/// “Newest” and “Older” below a list, by cursor; each is left out where there is nothing.
pub fn pager(newest: Option<&str>, older: Option<&str>) -> Markup {
    html! {
        @if newest.is_some() || older.is_some() {
            nav.pager aria-label="Pages" {
                @if let Some(href) = newest { a href=(href) { "Newest" } }
                @if let Some(href) = older { a href=(href) rel="next" { "Older" } }
            }
        }
    }
}
