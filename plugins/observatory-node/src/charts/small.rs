//! Charts of a cell or a figure. The number stands beside them.

use maud::{Markup, Render, html};

use super::place::{number, percent, within};
use crate::Mark;

/// A line from 0 in a small box; a value that is not there is a gap.
pub fn spark(sentence: impl Into<String>, values: Vec<Option<f64>>) -> Spark {
    Spark { sentence: sentence.into(), values, upright: None, class: "spark" }
}

/// A line of minutes below a figure: as [`spark`], once it can be one. Two points make a line; one alone would be a dot without a
/// meaning.
pub fn line(sentence: impl Into<String>, values: Vec<Option<f64>>) -> Markup {
    match values.iter().flatten().count() {
        0 | 1 => html! { span."small quiet" { "A line once two minutes have a value" } },
        _ => spark(sentence, values).render(),
    }
}

/// See [`spark`].
#[must_use = "it is shown by maud"]
#[derive(Clone, Debug)]
pub struct Spark {
    sentence: String,
    values: Vec<Option<f64>>,
    upright: Option<f64>,
    class: &'static str,
}

impl Spark {
    /// Where something happened, from 0 to 1.
    pub fn upright(mut self, at: f64) -> Self {
        self.upright = Some(at);
        self
    }

    /// For a cell of a table.
    pub fn mini(mut self) -> Self {
        self.class = "mini";
        self
    }

    /// Runs of values without a gap, as points.
    fn runs(&self) -> Vec<Vec<(f64, f64)>> {
        let highest =
            self.values.iter().flatten().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
        let steps = self.values.len().saturating_sub(1).max(1) as f64;
        let mut runs = vec![vec![]];
        for (index, value) in self.values.iter().enumerate() {
            match value.filter(|value| value.is_finite()) {
                Some(value) => {
                    let part = if highest > 0.0 { within(value / highest) } else { 0.0 };
                    if let Some(run) = runs.last_mut() {
                        run.push((index as f64 / steps * 200.0, 31.0 - part * 28.0));
                    }
                }
                None => runs.push(vec![]),
            }
        }
        runs.retain(|run| !run.is_empty());
        runs
    }
}

impl Render for Spark {
    fn render(&self) -> Markup {
        let point = |(x, y): &(f64, f64)| format!("{} {}", number(*x, 1), number(*y, 1));
        html! {
            svg class=(self.class) viewBox="0 0 200 32" preserveAspectRatio="none" role="img" aria-label=(self.sentence) {
                @for run in self.runs() {
                    @let points = run.iter().map(point).collect::<Vec<_>>().join("L");
                    @let (first, last) = (run[0].0, run[run.len() - 1].0);
                    path.c-area d={ "M" (points) "L" (number(last, 1)) " 32L" (number(first, 1)) " 32Z" } {}
                    // One alone would be a line of no length.
                    path.c-line d={ "M" (points) @if run.len() == 1 { "h2" } } {}
                }
                @if let Some(at) = self.upright {
                    @let x = number(within(at) * 200.0, 1);
                    line.c-mark vector-effect="non-scaling-stroke" x1=(x) x2=(x) y1="0" y2="32" {}
                }
            }
        }
    }
}

/// States over time, one after the other; worse is taller, not only of another colour. At most 120 are drawn, the newest.
pub fn strip(sentence: &str, marks: &[Mark]) -> Markup {
    let marks = &marks[marks.len().saturating_sub(120)..];
    let slot = 1.0 / marks.len().max(1) as f64;
    html! {
        svg.strip height="16" role="img" aria-label=(sentence) {
            @for (from, to, mark) in same(marks) {
                @let (top, height) = match mark.severity() { 0 => (10, 4), 1 => (5, 9), _ => (0, 14) };
                @let width = (to - from) as f64 * slot - slot * 0.15;
                rect class={ "c-" (mark.class()) } x=(percent(from as f64 * slot)) width=(percent(width)) y=(top) height=(height) {}
            }
        }
    }
}

/// Runs of the same mark: an hour without news is one rectangle.
fn same(marks: &[Mark]) -> Vec<(usize, usize, Mark)> {
    let mut runs: Vec<(usize, usize, Mark)> = vec![];
    for (index, mark) in marks.iter().enumerate() {
        match runs.last_mut() {
            Some((_, to, before)) if before == mark => *to = index + 1,
            _ => runs.push((index, index + 1, *mark)),
        }
    }
    runs
}

/// What parts of a whole are good, need improvement, are poor.
pub fn shares(sentence: &str, parts: &[(Mark, u64)]) -> Markup {
    let whole = parts.iter().map(|(_, part)| *part).sum::<u64>().max(1) as f64;
    let mut before = 0.0;
    let placed: Vec<_> = parts
        .iter()
        .map(|(mark, part)| {
            let from = before;
            before += *part as f64 / whole;
            (mark, from, *part as f64 / whole)
        })
        .filter(|(.., part)| *part > 0.0)
        .collect();
    html! {
        svg.bar-s height="8" role="img" aria-label=(sentence) {
            @for (mark, from, part) in placed {
                // A hair between two colours.
                rect class={ "c-" (mark.class()) } x=(percent(from)) width=(percent((part - 0.006).max(0.004))) height="8" {}
            }
        }
    }
}

/// A bar on a track: from where to where, from 0 to 1. `None` is the colour of data.
pub fn track(from: f64, to: f64, mark: Option<Mark>) -> Markup {
    bar(from, to, mark.map_or("c-bar".to_owned(), |mark| format!("c-{}", mark.class())).as_str(), 10)
}

pub(super) fn bar(from: f64, to: f64, class: &str, height: u32) -> Markup {
    let (from, to) = (within(from), within(to));
    // The shortest still is to be seen.
    let from = from.min(0.993);
    html! {
        svg height=(height) aria-hidden="true" {
            rect.track width="100%" height=(height) rx="2" {}
            rect class=(class) x=(percent(from)) width=(percent((to - from).max(0.007))) height=(height) rx="2" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_a_gap() {
        let drawn =
            spark("", vec![Some(1.0), Some(2.0), None, Some(f64::NAN), Some(4.0)]).render().into_string();
        assert_eq!(drawn.matches("c-line").count(), 2);
        assert!(drawn.contains(r#"<path class="c-line" d="M0 24L50 17"></path>"#), "{drawn}");
    }

    #[test]
    fn one_point_is_no_line() {
        let drawn = |values: &[Option<f64>]| line("", values.to_vec()).into_string();
        let is_drawn = |values: &[Option<f64>]| drawn(values).contains("<svg");
        assert!(!is_drawn(&[]) && !is_drawn(&[Some(1.0)]) && !is_drawn(&[None, Some(1.0), None]));
        assert!(is_drawn(&[Some(1.0), Some(2.0)]));
    }

    #[test]
    fn worse_is_taller() {
        let drawn = strip("ok, then fails", &[Mark::Ok, Mark::Ok, Mark::Warn, Mark::Fail]).into_string();
        let heights: Vec<_> =
            drawn.split(" height=\"").skip(2).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(heights, ["4", "9", "14"]);
    }

    #[test]
    fn nothing_to_draw_is_no_panic() {
        spark("", vec![]).render();
        strip("", &[]);
        shares("", &[(Mark::Good, 0)]);
        track(f64::NAN, -1.0, None);
    }
}
