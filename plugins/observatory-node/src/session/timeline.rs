//! A session from its first event to its last.

use maud::{Markup, Render, html};

use crate::{Mark, charts::track};

/// One row: when, what, how long, and what is to be seen inside.
///
/// ```
/// use greenroom_plugin_observatory_node::{Mark, session::{Entry, timeline}};
/// use maud::html;
///
/// let page = timeline([
///     Entry::view(html! { "23:08:52" }, "/catalog", html! { span.quiet { "first load" } }).took("56 s"),
///     Entry::new(html! { "+0.48 s" }, Mark::Dot, html! { span.kind { "GET" } span.mono { "/api/catalog" } })
///         .bar(0.06, 0.1, None)
///         .took("112 ms")
///         .inside(html! { p { "Its backend request." } })
///         .slow(),
/// ]);
/// assert!(page.into_string().contains(r#"<li class="slow"><details open><summary class="row">"#));
/// ```
#[must_use = "it is shown by `timeline`"]
#[derive(Clone, Debug)]
pub struct Entry {
    at: Markup,
    mark: Mark,
    what: Markup,
    bar: Option<(f64, f64, Option<Mark>)>,
    took: String,
    inside: Option<Markup>,
    is_view: bool,
    open: bool,
    slow: bool,
}

impl Entry {
    /// When it was, what it is, and what it says.
    pub fn new(at: Markup, mark: Mark, what: impl Render) -> Self {
        let (bar, took, inside) = (None, String::new(), None);
        Self { at, mark, what: what.render(), bar, took, inside, is_view: false, open: false, slow: false }
    }

    /// A view, which opens the rows of its own: its route, and how it was loaded with its vitals.
    pub fn view(at: Markup, route: &str, vitals: impl Render) -> Self {
        let what = html! { h3.mono { (crate::foreign(route)) } span.vit { (vitals) } };
        Self { is_view: true, ..Self::new(at, Mark::View, what) }
    }

    /// From when to when within its view, from 0 to 1.
    pub fn bar(mut self, from: f64, to: f64, mark: Option<Mark>) -> Self {
        self.bar = Some((from, to, mark));
        self
    }

    /// How long it took, with its unit.
    pub fn took(mut self, took: impl Into<String>) -> Self {
        self.took = took.into();
        self
    }

    /// What is there for whoever opens it.
    pub fn inside(mut self, inside: impl Render) -> Self {
        self.inside = Some(inside.render());
        self
    }

    /// It is open at first.
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// It is the slowest: tinted, and open at first.
    pub fn slow(mut self) -> Self {
        (self.slow, self.open) = (true, true);
        self
    }

    fn cells(&self) -> Markup {
        html! {
            span.at { (self.at) }
            span class={ "pin " (self.mark.class()) } { (self.mark) }
            span.what { (self.what) }
            @if !self.is_view {
                @match self.bar {
                    Some((from, to, mark)) => (track(from, to, mark)),
                    None => span {},
                }
            }
            span.dur { (self.took) }
        }
    }
}

impl Render for Entry {
    fn render(&self) -> Markup {
        html! {
            li.slow[self.slow] {
                @match &self.inside {
                    Some(inside) => details open[self.open] {
                        summary.row.view[self.is_view] { (self.cells()) }
                        div.inside { (inside) }
                    },
                    None => div.row.view[self.is_view] { (self.cells()) },
                }
            }
        }
    }
}

/// Rows in their order.
pub fn timeline(entries: impl IntoIterator<Item = Entry>) -> Markup {
    html! { ol."tl panel" { @for entry in entries { (entry) } } }
}
