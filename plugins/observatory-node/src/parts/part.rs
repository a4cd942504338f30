//! Parts of a page, and panels.

use maud::{Markup, Render, html};

/// A part of a page with its heading: the answer to one question.
///
/// ```
/// use greenroom_plugin_observatory_node::parts::{Part, panel};
/// use maud::{Render, html};
///
/// let part = Part::new("checks", "Checks").note(html! { "Every 10 s" }).body(panel(html! { p { "All pass." } }));
/// assert!(part.render().into_string().starts_with(r#"<section class="sec" aria-labelledby="checks">"#));
/// ```
#[must_use = "it is shown by maud"]
#[derive(Clone, Debug)]
pub struct Part<'a> {
    id: &'a str,
    title: Markup,
    note: Option<Markup>,
    body: Markup,
}

impl<'a> Part<'a> {
    /// With an id that is unique on the page.
    pub fn new(id: &'a str, title: impl Render) -> Self {
        Self { id, title: title.render(), note: None, body: html! {} }
    }

    /// One quiet sentence or link at the right.
    pub fn note(mut self, note: impl Render) -> Self {
        self.note = Some(note.render());
        self
    }

    /// What it holds.
    pub fn body(mut self, body: impl Render) -> Self {
        self.body = body.render();
        self
    }
}

impl Render for Part<'_> {
    fn render(&self) -> Markup {
        html! {
            section.sec aria-labelledby=(self.id) {
                header {
                    h2 id=(self.id) { (self.title) }
                    @if let Some(note) = &self.note { p { (note) } }
                }
                (self.body)
            }
        }
    }
}

/// A panel with room at its edges: for charts, facts, text. Tables and findings bring their own.
pub fn panel(body: impl Render) -> Markup {
    html! { div."panel pad sec" { (body) } }
}

/// Parts beside each other where there is room.
pub fn columns(parts: impl Render) -> Markup {
    html! { div.cols { (parts) } }
}

/// What is there for whoever opens it.
pub fn details(summary: impl Render, body: impl Render) -> Markup {
    html! { details { summary { (summary) } (body) } }
}

/// Small print.
pub fn quiet(text: impl Render) -> Markup {
    html! { p."small quiet" { (text) } }
}
