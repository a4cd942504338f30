//! The few numbers that a page is about.

use maud::{Markup, Render, html};

/// One number: what it is, its value, and what belongs to it.
///
/// ```
/// use greenroom_plugin_observatory_node::{Mark, parts::{Figure, figures}};
///
/// let lcp = Figure::new("LCP", "2.81", "s").href("?vital=lcp").current(true).body(Mark::Needs.word("needs improvement"));
/// let page = figures(5, [lcp]).into_string();
/// assert!(page.starts_with(r#"<div class="panel figs vitals"><a class="fig" href="?vital=lcp" aria-current="true">"#));
/// ```
#[must_use = "it is shown by `figures`"]
#[derive(Clone, Debug)]
pub struct Figure {
    label: String,
    value: String,
    unit: String,
    href: Option<String>,
    current: bool,
    thin: bool,
    live: Option<String>,
    body: Markup,
}

impl Figure {
    /// The value without its unit, which is written smaller; `–` for one that is unknown.
    pub fn new(label: impl Into<String>, value: impl Into<String>, unit: impl Into<String>) -> Self {
        let (label, value, unit) = (label.into(), value.into(), unit.into());
        Self { label, value, unit, href: None, current: false, thin: false, live: None, body: html! {} }
    }

    /// Where it leads.
    pub fn href(mut self, href: impl Into<String>) -> Self {
        self.href = Some(href.into());
        self
    }

    /// Whether the page below is about it.
    pub fn current(mut self, current: bool) -> Self {
        self.current = current;
        self
    }

    /// Whether there are too few samples to judge it.
    pub fn thin(mut self, thin: bool) -> Self {
        self.thin = thin;
        self
    }

    /// The name under which the event stream replaces the value with its unit.
    pub fn live(mut self, name: impl Into<String>) -> Self {
        self.live = Some(name.into());
        self
    }

    /// What stands below: a rating, a sparkline, the number of samples.
    pub fn body(mut self, body: impl Render) -> Self {
        self.body = body.render();
        self
    }

    /// The value with its unit: what the event stream sends under its live name.
    pub fn value(&self) -> Markup {
        html! { (self.value) @if !self.unit.is_empty() { small { "\u{a0}" (self.unit) } } }
    }

    fn inner(&self) -> Markup {
        html! {
            span.lab { (self.label) }
            span.val.thin[self.thin] data-live=[self.live.as_deref()] { (self.value()) }
            (self.body)
        }
    }
}

/// Figures beside each other: five of them are those of the vitals, else four or six.
pub fn figures(columns: usize, figures: impl IntoIterator<Item = Figure>) -> Markup {
    html! {
        div."panel figs".vitals[columns == 5].four[columns == 4] {
            @for figure in figures {
                @match &figure.href {
                    Some(href) => a.fig href=(href) aria-current=[figure.current.then_some("true")] { (figure.inner()) }
                    None => div.fig { (figure.inner()) }
                }
            }
        }
    }
}
