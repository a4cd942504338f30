//! Log lines, each at its offset.

use maud::{Markup, html};

use crate::foreign;

/// One line.
#[derive(Clone, Debug)]
pub struct LogLine<'a> {
    /// When it was: `+1,006 ms`, or a time.
    pub at: Markup,
    /// `info`, `warn`.
    pub level: &'a str,
    /// Whose it is.
    pub plugin: &'a str,
    /// What it says.
    pub text: &'a str,
}

/// Lines in their order; those that warn are tinted.
pub fn log_lines<'a>(lines: impl IntoIterator<Item = LogLine<'a>>) -> Markup {
    html! {
        ol.log {
            @for LogLine { at, level, plugin, text } in lines {
                @let class = match level { "error" => "fail", "warn" => "warn", _ => "quiet" };
                li class=[(class != "quiet").then_some(if class == "fail" { "hot bad" } else { "hot" })] {
                    span.nw { (at) }
                    span class=(class) { (foreign(level).limit(12)) }
                    span.quiet { (foreign(plugin).limit(60)) }
                    span { (foreign(text)) }
                }
            }
        }
    }
}
