//! A page without data says why there is none, and the one thing to do.

use maud::{Markup, Render, html};

use crate::{Mark, parts::command};

/// One thing that was looked at, as the doctor tells it: title, verdict, evidence.
///
/// ```
/// use greenroom_plugin_observatory_node::{Mark, parts::{Finding, findings}};
///
/// let page = findings([
///     Finding::new(Mark::Ok, "Ok", "The intake answers").evidence("POST /api/rum/v1/input answered 202 in 2 ms."),
///     Finding::new(Mark::Fail, "To do", "The SDK is not laid out").to_do("Fetch the pinned version:", "greenroom rum sdk"),
/// ]);
/// assert!(page.into_string().contains(r#"<strong><span class="vh">To do: </span>The SDK is not laid out</strong>"#));
/// ```
#[must_use = "it is shown by `findings`"]
#[derive(Clone, Debug)]
pub struct Finding {
    mark: Mark,
    verdict: &'static str,
    title: Markup,
    to_do: Option<(Markup, String)>,
    evidence: Vec<Markup>,
}

impl Finding {
    /// With its verdict in a word: “Ok”, “To do”, “Waits”.
    pub fn new(mark: Mark, verdict: &'static str, title: impl Render) -> Self {
        Self { mark, verdict, title: title.render(), to_do: None, evidence: vec![] }
    }

    /// What was seen, or what else helps.
    pub fn evidence(mut self, evidence: impl Render) -> Self {
        self.evidence.push(evidence.render());
        self
    }

    /// What to do, and by which command. One finding of a page has it: the first that needs it.
    pub fn to_do(mut self, what: impl Render, command: impl Into<String>) -> Self {
        self.to_do = Some((what.render(), command.into()));
        self
    }
}

/// Findings in their order.
pub fn findings(findings: impl IntoIterator<Item = Finding>) -> Markup {
    html! {
        ol."doc panel" {
            @for Finding { mark, verdict, title, to_do, evidence } in findings {
                li {
                    (mark)
                    div {
                        strong { span.vh { (verdict) ": " } (title) }
                        @if let Some((what, text)) = to_do { p { (what) } (command(&text)) }
                        @for evidence in evidence { p.quiet { (evidence) } }
                    }
                }
            }
        }
    }
}

/// What the page will show: each with its name and a sentence.
pub fn will_be_here<'a>(things: impl IntoIterator<Item = (&'a str, &'a str)>) -> Markup {
    html! {
        ul."doc panel" {
            @for (name, sentence) in things { li { (Mark::Live) div { p { b { (name) } ": " (sentence) } } } }
        }
    }
}
