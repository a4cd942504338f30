//! What took its time, one after the other and beside each other.

use maud::{Markup, html};

use super::small::bar;
use crate::Mark;

/// One part of what took time.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What it is.
    pub name: Markup,
    /// When it began, from 0 to 1.
    pub from: f64,
    /// When it ended, from 0 to 1.
    pub to: f64,
    /// Whether the whole would have been shorter without it.
    pub critical: bool,
    /// What is wrong with it, if anything.
    pub mark: Option<Mark>,
    /// How long it took, with its unit.
    pub took: String,
}

/// Stages in their order; what is on the critical path is strong.
pub fn waterfall(stages: impl IntoIterator<Item = Stage>) -> Markup {
    html! {
        ol.wf {
            @for Stage { name, from, to, critical, mark, took } in stages {
                @let class = match mark {
                    Some(mark) => format!("c-{}", mark.class()),
                    None if critical => "c-data".to_owned(),
                    None => "c-bar".to_owned(),
                };
                li {
                    span { (name) @if critical { span.vh { ", on the critical path" } } }
                    (bar(from, to, &class, 12))
                    span.n { (took) }
                }
            }
        }
    }
}
