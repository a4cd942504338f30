//! Counts over time.

use maud::{Markup, Render, html};

use super::{
    place::percent,
    plot::{Bucket, Plot, section, table, times, uprights, y},
    scale::Scale,
};
use crate::{Mark, text::format};

/// A bar for each bucket of time.
///
/// ```
/// use greenroom_plugin_observatory_node::{Mark, charts::{BarChart, buckets}};
/// use maud::Render;
///
/// let hours = buckets([("16:00".into(), 0), ("17:00".into(), 9), ("18:00".into(), 12)]);
/// let chart = BarChart::new("events", "Events by hour", "None until 17:00, then 9 to 12 an hour.", hours).mark(Mark::Fail);
/// assert!(chart.render().into_string().contains(r#"<rect class="c-fail""#));
/// ```
#[must_use = "it is shown by maud"]
#[derive(Clone, Debug)]
pub struct BarChart<'a> {
    id: &'a str,
    title: &'a str,
    sentence: String,
    note: String,
    buckets: Vec<Bucket<u64>>,
    until: Option<String>,
    mark: Option<Mark>,
    uprights: Vec<(f64, String)>,
}

impl<'a> BarChart<'a> {
    /// With an id for its heading, its heading, and the sentence that says what is to be seen.
    pub fn new(id: &'a str, title: &'a str, sentence: impl Into<String>, buckets: Vec<Bucket<u64>>) -> Self {
        let sentence = sentence.into();
        Self { id, title, sentence, note: String::new(), buckets, until: None, mark: None, uprights: vec![] }
    }

    /// What belongs beside the heading: how many there are in all.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// What they are: failures have their colour.
    pub fn mark(mut self, mark: Mark) -> Self {
        self.mark = Some(mark);
        self
    }

    /// Something that happened, such as a release: where on the axis, from 0 to 1, and its name.
    pub fn upright(mut self, at: f64, name: impl Into<String>) -> Self {
        self.uprights.push((at, name.into()));
        self
    }

    /// When the last bucket ends.
    pub fn until(mut self, label: impl Into<String>) -> Self {
        self.until = Some(label.into());
        self
    }
}

impl Render for BarChart<'_> {
    fn render(&self) -> Markup {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.value).collect();
        let highest = counts.iter().copied().max().unwrap_or_default();
        let plot = Plot::new(124.0, Scale::of_counts(highest as f64), true);
        let class = self.mark.map_or("c-bar".to_owned(), |mark| format!("c-{}", mark.class()));
        let content = html! {
            (bars(&plot, &counts, &class))
            (uprights(&plot, &self.uprights))
            (times(&plot, &self.buckets, self.until.as_deref()))
        };
        let rows =
            self.buckets.iter().map(|bucket| (bucket.label.clone(), vec![format::count(bucket.value)]));
        let table = table(self.title, &["Count"], rows);
        section(self.id, self.title, &self.note, plot.draw(&self.sentence, &content), table)
    }
}

/// Bars beside each other; none where there is nothing.
pub(super) fn bars(plot: &Plot, counts: &[u64], class: &str) -> Markup {
    let slot = 1.0 / counts.len().max(1) as f64;
    html! {
        @for (index, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            @let top = plot.y(*count as f64).min(plot.base() - 1.0);
            rect class=(class) x=(percent((index as f64 + 0.07) * slot)) width=(percent(slot * 0.86))
                y=(y(top)) height=(y(plot.base() - top)) {}
        }
    }
}
