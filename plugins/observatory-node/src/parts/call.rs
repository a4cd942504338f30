//! What has to be said first: something fails, or will.

use maud::{Markup, Render, html};

use crate::Mark;

/// A call upon the reader. A failure says whom it affects, what is known, and the next step; see [`Call::failure`].
///
/// ```
/// use greenroom_plugin_observatory_node::parts::{Call, command};
/// use maud::{Render, html};
///
/// let call = Call::failure()
///     .row("Whom it affects", html! { b { "tasks" } ": 1 of 4 plugins." })
///     .row("What we know", "connection refused, since 23:03:11")
///     .row("Next step", html! { span { "See whether the server runs:" } (command("pg_isready -h db")) });
/// assert!(call.render().into_string().contains(r#"<dt>Next step</dt>"#));
/// ```
#[must_use = "it is shown by maud"]
#[derive(Clone, Debug)]
pub struct Call {
    mark: Mark,
    title: Option<Markup>,
    rows: Vec<(&'static str, Markup)>,
    body: Option<Markup>,
}

impl Call {
    /// Something does not work; the sentence of the page has said what.
    pub fn failure() -> Self {
        Self { mark: Mark::Fail, title: None, rows: vec![], body: None }
    }

    /// Something will not work, or works badly.
    pub fn warning(title: impl Render) -> Self {
        Self { mark: Mark::Warn, title: Some(title.render()), ..Self::failure() }
    }

    /// One answer: “Whom it affects”, “What we know”, “Next step”.
    pub fn row(mut self, question: &'static str, answer: impl Render) -> Self {
        self.rows.push((question, answer.render()));
        self
    }

    /// What else is to be said, below.
    pub fn body(mut self, body: impl Render) -> Self {
        self.body = Some(body.render());
        self
    }
}

impl Render for Call {
    fn render(&self) -> Markup {
        html! {
            div class={ "call " (self.mark.class()) } {
                (self.mark)
                div {
                    @if let Some(title) = &self.title { strong { (title) } }
                    @if !self.rows.is_empty() {
                        dl.why { @for (question, answer) in &self.rows { dt { (question) } dd { (answer) } } }
                    }
                    @if let Some(body) = &self.body { (body) }
                }
            }
        }
    }
}
