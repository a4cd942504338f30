//! A stack with its source.

use maud::{Markup, Render, html};

use crate::{foreign, text::format};

/// One call.
///
/// ```
/// use greenroom_plugin_observatory_node::session::{SourceLine, StackFrame, stack};
///
/// let source = [SourceLine { number: 88, text: "const type = target.spec?.type;", is_place: true }];
/// let frame = StackFrame::new("toNode", "plugins/graph/src/DependencyGraph.tsx:88:31").source(source).open();
/// let page = stack([frame], Some(14)).into_string();
/// assert!(page.contains(r#"<li class="at" aria-current="true">"#));
/// ```
#[must_use = "it is shown by `stack`"]
#[derive(Clone, Debug)]
pub struct StackFrame<'a> {
    function: &'a str,
    place: &'a str,
    source: Vec<SourceLine<'a>>,
    open: bool,
}

/// A line of source.
#[derive(Clone, Copy, Debug)]
pub struct SourceLine<'a> {
    /// Counted from 1.
    pub number: u32,
    /// What it says.
    pub text: &'a str,
    /// Whether it is the one that was called.
    pub is_place: bool,
}

impl<'a> StackFrame<'a> {
    /// The function's name, if it has one, and `file:line:column`.
    pub fn new(function: &'a str, place: &'a str) -> Self {
        Self { function, place, source: vec![], open: false }
    }

    /// The lines around the place, if they are known.
    pub fn source(mut self, lines: impl IntoIterator<Item = SourceLine<'a>>) -> Self {
        self.source = lines.into_iter().collect();
        self
    }

    /// It is open at first.
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }

    fn name(&self) -> Markup {
        let function = if self.function.is_empty() { "(anonymous)" } else { self.function };
        html! { b { (foreign(function)) } " " span."mono quiet" { (foreign(self.place)) } }
    }
}

impl Render for StackFrame<'_> {
    fn render(&self) -> Markup {
        html! {
            @if self.source.is_empty() {
                div.lib { (self.name()) }
            } @else {
                details open[self.open] {
                    summary { (self.name()) }
                    ol.src {
                        @for line in &self.source {
                            li.at[line.is_place] aria-current=[line.is_place.then_some("true")] {
                                span { (line.number) }
                                code { (foreign(line.text).lines()) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Calls, the innermost first; how many of libraries are left out.
pub fn stack<'a>(frames: impl IntoIterator<Item = StackFrame<'a>>, left_out: Option<u64>) -> Markup {
    html! {
        ol."stack panel" {
            @for frame in frames { li { (frame) } }
            @if let Some(number) = left_out.filter(|number| *number > 0) {
                li."lib quiet" { (format::counted(number, "frame", "frames")) " of libraries left out" }
            }
        }
    }
}
