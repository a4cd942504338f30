//! One page: the sentence that is its answer, then why, then the evidence.

use maud::{Markup, Render, html};

/// What stands in the frame.
///
/// ```
/// use greenroom_plugin_observatory_node::{Page, parts::{Part, panel}};
/// use maud::html;
///
/// let page = Page::new("browser", "Browser: sessions", "1,085 sessions in 24 hours; 41 are open now.")
///     .detail("Newest first. Identities are not stored.")
///     .body(Part::new("list", "Sessions").body(panel(html! { "…" })));
/// ```
#[must_use = "it is shown by `Frame::show`"]
#[derive(Clone, Debug)]
pub struct Page {
    pub(crate) section: &'static str,
    pub(crate) title: String,
    pub(crate) sentence: Markup,
    pub(crate) crumb: Option<(String, String)>,
    pub(crate) details: Vec<Markup>,
    pub(crate) top: Markup,
    pub(crate) body: Markup,
    pub(crate) events: Option<String>,
    pub(crate) csrf_token: Option<String>,
}

impl Page {
    /// The id of the [`Section`](crate::Section) it belongs to, what the browser's tab says, and the sentence.
    pub fn new(section: &'static str, title: impl Into<String>, sentence: impl Render) -> Self {
        Self {
            section,
            title: title.into(),
            sentence: sentence.render(),
            crumb: None,
            details: vec![],
            top: html! {},
            body: html! {},
            events: None,
            csrf_token: None,
        }
    }

    /// The page above this one: its name and where it is.
    pub fn crumb(mut self, name: impl Into<String>, href: impl Into<String>) -> Self {
        self.crumb = Some((name.into(), href.into()));
        self
    }

    /// A line below the sentence: since when, how much, where. One or two of them.
    pub fn detail(mut self, line: impl Render) -> Self {
        self.details.push(html! { p { (line) } });
        self
    }

    /// A line below the sentence that the event stream replaces under this name.
    pub fn live_detail(mut self, name: &str, line: impl Render) -> Self {
        self.details.push(html! { p data-live=(name) { (line) } });
        self
    }

    /// Tabs and filters.
    pub fn top(mut self, top: impl Render) -> Self {
        self.top = top.render();
        self
    }

    /// What stands below. It may be called again: later parts stand behind earlier ones.
    pub fn body(mut self, body: impl Render) -> Self {
        self.body = html! { (self.body) (body) };
        self
    }

    /// The stream of events that keeps it up to date: it replaces what has a `data-live` with its name. Such a page has a clock
    /// that goes; any other one says when it was made.
    pub fn live(mut self, events: impl Into<String>) -> Self {
        self.events = Some(events.into());
        self
    }

    /// The token that changes need, for pages with a form that the script sends.
    pub fn csrf_token(mut self, token: Option<&str>) -> Self {
        self.csrf_token = token.map(str::to_owned);
        self
    }

    pub(crate) fn head(&self) -> Markup {
        html! {
            div.top {
                div.head {
                    @if let Some((name, href)) = &self.crumb { p.crumb { a href=(href) { (name) } } }
                    h1 aria-live="polite" { (self.sentence) }
                    @for line in &self.details { (line) }
                }
                (self.top)
            }
        }
    }
}
