//! A level over time, with its limits, gaps, and how much was measured.

use maud::{Markup, Render, html};

use super::{
    bars::bars,
    place::{number, percent},
    plot::{Bucket, Plot, section, table, times, uprights, y},
    scale::Scale,
};
use crate::{Mark, text::format};

/// A line over buckets of time; a bucket without a value is a gap.
///
/// ```
/// use greenroom_plugin_observatory_node::{Mark, charts::{LineChart, buckets}, format};
/// use maud::Render;
///
/// let hours = buckets([("21:00".into(), Some(2.1)), ("22:00".into(), None), ("23:00".into(), Some(2.9))]);
/// let chart = LineChart::new("lcp", "LCP over time, p75 by hour", "LCP: 2.1 s at 21:00, 2.9 s at 23:00.", hours)
///     .note("seconds; first loads only")
///     .write(|seconds| format::with_unit(format::decimal(seconds, 2), "s"))
///     .limit(Mark::Needs, 2.5, "needs improvement above 2.5 s")
///     .limit(Mark::Poor, 4.0, "poor above 4 s")
///     .upright(0.66, "1.14.2")
///     .counts("Views", vec![120, 0, 31])
///     .until("00:00");
/// assert!(chart.render().into_string().contains("The same as a table"));
/// ```
#[must_use = "it is shown by maud"]
#[derive(Clone, Debug)]
pub struct LineChart<'a> {
    id: &'a str,
    title: &'a str,
    sentence: String,
    note: &'a str,
    buckets: Vec<Bucket<Option<f64>>>,
    until: Option<String>,
    write: fn(f64) -> String,
    limits: Vec<(Mark, f64, &'a str)>,
    uprights: Vec<(f64, String)>,
    counts: Option<(&'a str, Vec<u64>)>,
}

impl<'a> LineChart<'a> {
    /// With an id for its heading, its heading, and the sentence that says what is to be seen.
    pub fn new(
        id: &'a str,
        title: &'a str,
        sentence: impl Into<String>,
        buckets: Vec<Bucket<Option<f64>>>,
    ) -> Self {
        Self {
            id,
            title,
            sentence: sentence.into(),
            note: "",
            buckets,
            until: None,
            write: |value| format::decimal(value, 2),
            limits: vec![],
            uprights: vec![],
            counts: None,
        }
    }

    /// The unit, and what else belongs beside the heading.
    pub fn note(mut self, note: &'a str) -> Self {
        self.note = note;
        self
    }

    /// How a value is written in the table, with its unit.
    pub fn write(mut self, write: fn(f64) -> String) -> Self {
        self.write = write;
        self
    }

    /// A limit: what is above it is rated so.
    pub fn limit(mut self, mark: Mark, above: f64, label: &'a str) -> Self {
        self.limits.push((mark, above, label));
        self
    }

    /// Something that happened, such as a release: where on the axis, from 0 to 1, and its name.
    pub fn upright(mut self, at: f64, name: impl Into<String>) -> Self {
        self.uprights.push((at, name.into()));
        self
    }

    /// How much was measured in each bucket, and what that is.
    pub fn counts(mut self, what: &'a str, counts: Vec<u64>) -> Self {
        self.counts = Some((what, counts));
        self
    }

    /// When the last bucket ends.
    pub fn until(mut self, label: impl Into<String>) -> Self {
        self.until = Some(label.into());
        self
    }

    fn rating(&self, value: f64) -> &'static str {
        let passed = self.limits.iter().rev().find(|(_, above, _)| value > *above);
        match passed {
            Some((mark, ..)) => mark.class(),
            None if self.limits.is_empty() => "data",
            None => "good",
        }
    }

    /// The middle of a bucket.
    fn x(&self, index: usize) -> f64 {
        (index as f64 + 0.5) / self.buckets.len() as f64
    }

    fn path(&self, plot: &Plot) -> String {
        let mut path = String::new();
        let mut is_down = false;
        for (index, bucket) in self.buckets.iter().enumerate() {
            let Some(value) = bucket.value.filter(|value| value.is_finite()) else {
                is_down = false;
                continue;
            };
            let step = if is_down { 'L' } else { 'M' };
            path.push_str(&format!("{step}{} {}", number(self.x(index) * 1000.0, 1), y(plot.y(value))));
            is_down = true;
        }
        path
    }

    fn drawing(&self) -> Markup {
        let values = self.buckets.iter().filter_map(|bucket| bucket.value).filter(|value| value.is_finite());
        let highest = values.chain(self.limits.iter().map(|(_, above, _)| *above)).fold(0.0, f64::max);
        let has_times = self.counts.is_none();
        let plot = Plot::new(216.0, Scale::up_to(highest), has_times);
        let content = html! {
            @for (mark, above, label) in &self.limits {
                @let at = plot.y(*above);
                line class={ "c-limit " (mark.class()) } x1="0" x2="100%" y1=(y(at)) y2=(y(at)) {}
                text class=(mark.class()) x="0" dx="4" y=(y(at - 5.0)) { (label) }
            }
            (uprights(&plot, &self.uprights))
            svg width="100%" height=(plot.height) viewBox={ "0 0 1000 " (plot.height) } preserveAspectRatio="none" overflow="visible" {
                path.c-line d=(self.path(&plot)) {}
            }
            // So many that they would be a line themselves say nothing.
            @if self.buckets.len() <= 60 {
                @for (index, bucket) in self.buckets.iter().enumerate() {
                    @if let Some(value) = bucket.value.filter(|value| value.is_finite()) {
                        circle class={ "c-dot c-" (self.rating(value)) } cx=(percent(self.x(index))) cy=(y(plot.y(value))) r="4" {}
                    }
                }
            }
            @if has_times { (times(&plot, &self.buckets, self.until.as_deref())) }
        };
        plot.draw(&self.sentence, &content)
    }

    fn counted(&self, what: &str, counts: &[u64]) -> Markup {
        let highest = counts.iter().copied().max().unwrap_or_default();
        let plot = Plot::new(84.0, Scale::of_counts(highest as f64), true);
        let sentence = format!("{what}: at most {} in one part of the time.", format::count(highest));
        let content = html! {
            (bars(&plot, counts, "c-bar"))
            (times(&plot, &self.buckets, self.until.as_deref()))
        };
        html! { (plot.draw(&sentence, &content)) p."small quiet" { "Below: " (what.to_lowercase()) "." } }
    }
}

impl Render for LineChart<'_> {
    fn render(&self) -> Markup {
        let drawn = html! {
            (self.drawing())
            @if let Some((what, counts)) = &self.counts { (self.counted(what, counts)) }
        };
        let columns: Vec<&str> =
            [self.title].into_iter().chain(self.counts.as_ref().map(|(what, _)| *what)).collect();
        let rows = self.buckets.iter().enumerate().map(|(index, bucket)| {
            let value = format::known(bucket.value, self.write);
            let count = self
                .counts
                .as_ref()
                .map(|(_, counts)| format::count(counts.get(index).copied().unwrap_or_default()));
            (bucket.label.clone(), [value].into_iter().chain(count).collect())
        });
        section(self.id, self.title, self.note, drawn, table(self.title, &columns, rows))
    }
}
