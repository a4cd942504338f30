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
                    // Above all bars: the next one would hide them.
                    @for index in 0..lane.spans.len() { (label(&lane.spans, index, y)) }
                }
                @for (at, label) in times {
                    @let anchor = if *at <= 0.0 { "start" } else if *at >= 1.0 { "end" } else { "middle" };
                    text x=(percent(*at)) y=(height - 3) text-anchor=(anchor) { (label) }
                }
            }
        } }
    }
}

/// From where to where it is drawn.
fn placed(span: &Span) -> (f64, f64) {
    (within(span.from).min(0.995), within(span.to))
}

fn drawn(span: &Span, y: usize) -> Markup {
    let (from, to) = placed(span);
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
    }
}

/// How much of the width a label has room enough in.
const ENOUGH: f64 = 0.3;
/// How much it needs at least.
const LEAST: f64 = 0.06;

/// What is written beside a bar: behind it, unless others leave more room in front of it; within it, where they leave none.
fn label(spans: &[Span], index: usize, y: usize) -> Markup {
    let Some(label) = &spans[index].label else { return html! {} };
    let (from, to) = placed(&spans[index]);
    let others: Vec<_> = spans
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != index)
        .map(|(_, other)| placed(other))
        .collect();
    let next = others.iter().filter(|(other, _)| *other >= from).map(|(other, _)| *other).fold(1.0, f64::min);
    let last = others.iter().filter(|(other, _)| *other < from).map(|(_, end)| *end).fold(0.0, f64::max);
    let (behind, before) = (next - to, from - last);
    let label = foreign_plain(label);
    html! {
        @if behind < LEAST && before < LEAST && to - from >= LEAST {
            text x=(percent(to)) dx="-5" y=(y + 9) text-anchor="end" { (label) }
        } @else if behind < ENOUGH && before > behind && before >= LEAST {
            text x=(percent(from)) dx="-5" y=(y + 9) text-anchor="end" { (label) }
        } @else {
            text x=(percent(to)) dx="6" y=(y + 9) { (label) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The label of the first bar, as it is drawn in a lane of these.
    fn first_label(bars: &[(f64, f64)]) -> String {
        let mut spans: Vec<_> =
            bars.iter().map(|(from, to)| Span { from: *from, to: *to, mark: None, label: None }).collect();
        spans[0].label = Some("5.54 s".to_owned());
        let drawn = lanes("Course", &[Lane { name: "Requests", spans }], &[]).into_string();
        let (_, label) = drawn.rsplit_once("<text x=").unwrap();
        assert!(!label.contains("<rect"), "a bar hides it: {drawn}");
        label.split('>').next().unwrap().to_owned()
    }

    #[test]
    fn a_label_stands_above_all_bars_where_they_leave_room() {
        let behind = r#""30%" dx="6" y="15""#;
        let before = r#""20%" dx="-5" y="15" text-anchor="end""#;
        assert_eq!(first_label(&[(0.2, 0.3)]), behind);
        assert_eq!(first_label(&[(0.2, 0.3), (0.31, 0.4), (0.5, 0.6)]), before);
        assert_eq!(first_label(&[(0.2, 0.3), (0.15, 0.19), (0.5, 0.6)]), behind);
        let within = r#""30%" dx="-5" y="15" text-anchor="end""#;
        assert_eq!(first_label(&[(0.2, 0.3), (0.1, 0.19), (0.31, 0.6)]), within);
    }
}
