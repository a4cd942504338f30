//! What full charts share: the frame, the axes, uprights, the table.

use maud::{Markup, Render, html};

use super::{place::percent, scale::Scale};
use crate::text::foreign::foreign_plain;

/// A span of time on the axis.
#[derive(Clone, Debug)]
pub struct Bucket<V> {
    /// When it begins, as the axis and the table say it: `17:00`.
    pub label: String,
    /// What is drawn there.
    pub value: V,
}

/// Labels with values, in order.
pub fn buckets<V>(pairs: impl IntoIterator<Item = (String, V)>) -> Vec<Bucket<V>> {
    pairs.into_iter().map(|(label, value)| Bucket { label, value }).collect()
}

/// Room above the highest value: for a label of an upright.
const ABOVE: f64 = 20.0;
/// Room below the axis: for the times.
const BELOW: f64 = 22.0;

/// The area in which values are drawn.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    pub(super) height: f64,
    pub(super) scale: Scale,
    has_times: bool,
}

impl Plot {
    pub(super) fn new(height: f64, scale: Scale, has_times: bool) -> Self {
        Self { height, scale, has_times }
    }

    /// Where the axis is.
    pub(super) fn base(&self) -> f64 {
        self.height - if self.has_times { BELOW } else { 8.0 }
    }

    /// Where a value is, in pixels from the top.
    pub(super) fn y(&self, value: f64) -> f64 {
        let part = super::place::within(value / self.scale.top());
        self.base() - part * (self.base() - ABOVE)
    }

    /// Both drawings: the labels of values, and what `content` draws, with the sentence that says it.
    pub(super) fn draw(&self, sentence: &str, content: &Markup) -> Markup {
        let height = self.height;
        html! {
            div.plot {
                svg height=(height) aria-hidden="true" {
                    @for (value, label) in self.scale.ticks() {
                        text x="36" y=(y(self.y(value) + 4.0)) text-anchor="end" { (label) }
                    }
                }
                svg height=(height) role="img" aria-label=(sentence) {
                    @for (value, _) in self.scale.ticks() {
                        @let at = y(self.y(value));
                        line.c-axis[value == 0.0].c-grid[value != 0.0] x1="0" x2="100%" y1=(at) y2=(at) {}
                    }
                    (content)
                }
            }
        }
    }
}

/// At most five times below the axis, and the end of the last bucket if it is known.
pub(super) fn times<V>(plot: &Plot, buckets: &[Bucket<V>], until: Option<&str>) -> Markup {
    let count = buckets.len();
    let parts = count.min(4);
    let begins = (0..parts).map(|part| {
        let index = part * count / parts;
        (index as f64 / count as f64, buckets[index].label.as_str())
    });
    html! {
        @for (place, (at, label)) in begins.chain(until.map(|label| (1.0, label))).enumerate() {
            @let anchor = if at == 0.0 { "start" } else if at == 1.0 { "end" } else { "middle" };
            // Where there is little room every other one is left out.
            text.c-other[place % 2 == 1] x=(percent(at)) y=(y(plot.height - 5.0)) text-anchor=(anchor) { (label) }
        }
    }
}

/// Uprights, such as releases: where they are, and what they are called.
pub(super) fn uprights(plot: &Plot, uprights: &[(f64, String)]) -> Markup {
    html! {
        @for (at, label) in uprights {
            @let x = percent(*at);
            line.c-mark x1=(x) x2=(x) y1="10" y2=(y(plot.base())) {}
            @if *at > 0.5 {
                text x=(x) dx="-5" y="12" text-anchor="end" { (foreign_plain(label)) }
            } @else {
                text x=(x) dx="5" y="12" { (foreign_plain(label)) }
            }
        }
    }
}

/// A coordinate downwards.
pub(super) fn y(pixels: f64) -> String {
    super::place::number(pixels, 1)
}

/// The section that a full chart is: its heading, what is drawn, and the same as a table.
pub(super) fn section(id: &str, title: &str, note: &str, drawn: impl Render, table: impl Render) -> Markup {
    html! {
        section.sec aria-labelledby=(id) {
            div."panel pad sec" {
                figure.chart {
                    figcaption { h2 id=(id) { (title) } span."small quiet" { (note) } }
                    (drawn)
                }
                details.small { summary { "The same as a table" } (table) }
            }
        }
    }
}

/// Values in rows, each with the label of its bucket.
pub(super) fn table(
    caption: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = (String, Vec<String>)>,
) -> Markup {
    html! {
        table {
            caption { (caption) ", UTC" }
            thead { tr { th scope="col" { "From" } @for column in columns { th.n scope="col" { (column) } } } }
            tbody {
                @for (label, values) in rows {
                    tr { th scope="row" { (label) } @for value in values { td.n { (value) } } }
                }
            }
        }
    }
}
