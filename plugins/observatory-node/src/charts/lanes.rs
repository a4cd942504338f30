//! The course of a session: what happened when, kind by kind.

use maud::{Markup, html};

use super::place::{percent, within};
use crate::{Mark, text::foreign::foreign_plain};

/// One kind of thing.
#[derive(Clone, Debug)]
pub struct Lane<'a> {
    /// What they are: “Views”.
    pub name: &'a str,
    /// When they were.
    pub spans: Vec<Span>,
}

/// One thing: from when to when, each from 0 to 1.
#[derive(Clone, Debug)]
pub struct Span {
    /// Its beginning.
    pub from: f64,
    /// Its end; the same as its beginning for what has no duration.
    pub to: f64,
    /// `None` is the colour of data.
    pub mark: Option<Mark>,
    /// What is written behind it, for the one that is to be seen first.
    pub label: Option<String>,
}

/// Lanes above each other, with times below, each at a place from 0 to 1.
pub fn lanes(sentence: &str, lanes: &[Lane<'_>], times: &[(f64, String)]) -> Markup {
    let height = lanes.len() * 24 + 20;
    html! {
        figure.chart { div."plot lanes" {
            svg height=(height) aria-hidden="true" {
                @for (index, lane) in lanes.iter().enumerate() { text x="0" y=(index * 24 + 15) { (lane.name) } }
            }
            svg height=(height) role="img" aria-label=(sentence) {
                @for (index, lane) in lanes.iter().enumerate() {
                    @let y = index * 24 + 6;
                    line.c-grid x1="0" x2="100%" y1=(y + 5) y2=(y + 5) {}
                    @for span in &lane.spans { (drawn(span, y)) }
                }
                @for (at, label) in times {
                    @let anchor = if *at <= 0.0 { "start" } else if *at >= 1.0 { "end" } else { "middle" };
                    text x=(percent(*at)) y=(height - 3) text-anchor=(anchor) { (label) }
                }
            }
        } }
    }
}

fn drawn(span: &Span, y: usize) -> Markup {
    let (from, to) = (within(span.from).min(0.995), within(span.to));
    let class = span.mark.map_or("c-bar", |mark| match mark {
        Mark::Fail | Mark::Poor => "c-fail",
        Mark::Warn | Mark::Needs => "c-needs",
        _ => "c-mute",
    });
    // What is wrong is taller.
    let (top, height) =
        if span.mark.is_some_and(|mark| mark.severity() == 2) { (y - 2, 14) } else { (y, 10) };
    let width = if to - from < 0.005 { "4".to_owned() } else { percent(to - from) };
    html! {
        rect class=(class) x=(percent(from)) width=(width) y=(top) height=(height) rx="1" {}
        @if let Some(label) = &span.label {
            @if to > 0.7 {
                text x=(percent(from)) dx="-5" y=(y + 9) text-anchor="end" { (foreign_plain(label)) }
            } @else {
                text x=(percent(to)) dx="6" y=(y + 9) { (foreign_plain(label)) }
            }
        }
    }
}
