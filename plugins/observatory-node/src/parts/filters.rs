//! Filters: a form whose state is in the URL. What is filtered by is shown as chips, which are links without it.

use maud::{Markup, Render, html};

use crate::text::foreign::foreign_plain;

/// The form, and the chips below it.
///
/// ```
/// use greenroom_plugin_observatory_node::parts::{Filters, Select};
/// use maud::Render;
///
/// let time = Select::new("t", "Time", "24h").option("1h", "Last hour").option("24h", "Last 24 hours");
/// let filters = Filters::new("/.greenroom/browser").select(time).chip("env: staging", "/.greenroom/browser?t=24h");
/// let page = filters.render().into_string();
/// assert!(page.contains(r#"<option value="24h" selected>Last 24 hours</option>"#));
/// assert!(page.contains(r#"<a href="/.greenroom/browser?t=24h" aria-label="Remove filter env: staging">env: staging ×</a>"#));
/// ```
#[must_use = "it is shown by maud"]
#[derive(Clone, Debug)]
pub struct Filters {
    action: String,
    selects: Vec<Select>,
    kept: Vec<(String, String)>,
    chips: Vec<(String, String)>,
}

/// One thing to choose.
#[must_use = "it is shown by `Filters`"]
#[derive(Clone, Debug)]
pub struct Select {
    name: &'static str,
    label: &'static str,
    chosen: String,
    options: Vec<(String, String)>,
}

impl Select {
    /// With its parameter's name, its label, and the value that is chosen.
    pub fn new(name: &'static str, label: &'static str, chosen: impl Into<String>) -> Self {
        Self { name, label, chosen: chosen.into(), options: vec![] }
    }

    /// One more value, and what it is called. An empty value is “all of them”.
    pub fn option(mut self, value: impl Into<String>, label: impl Into<String>) -> Self {
        self.options.push((value.into(), label.into()));
        self
    }
}

impl Filters {
    /// The page that answers.
    pub fn new(action: impl Into<String>) -> Self {
        Self { action: action.into(), selects: vec![], kept: vec![], chips: vec![] }
    }

    /// One more thing to choose.
    pub fn select(mut self, select: Select) -> Self {
        self.selects.push(select);
        self
    }

    /// A parameter of the page that stays as it is.
    pub fn keep(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.kept.push((name.into(), value.into()));
        self
    }

    /// What is filtered by, and the page without that.
    pub fn chip(mut self, text: impl Into<String>, without: impl Into<String>) -> Self {
        self.chips.push((text.into(), without.into()));
        self
    }
}

impl Render for Filters {
    fn render(&self) -> Markup {
        html! {
            div.sec {
                form.filters method="get" action=(self.action) aria-label="Filters" {
                    @for (name, value) in &self.kept { input type="hidden" name=(name) value=(value); }
                    @for select in &self.selects {
                        label { (select.label) select name=(select.name) {
                            @for (value, label) in &select.options {
                                option value=(value) selected[*value == select.chosen] { (foreign_plain(label)) }
                            }
                        } }
                    }
                    button { "Apply" }
                }
                @if !self.chips.is_empty() {
                    nav.chips aria-label="Active filters" {
                        @for (text, without) in &self.chips {
                            @let text = foreign_plain(text);
                            a href=(without) aria-label={ "Remove filter " (text) } { (text) " ×" }
                        }
                    }
                }
            }
        }
    }
}
