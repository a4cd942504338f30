//! The rows of a session: views, and what happened in each. Runs of fast requests are one row.

use std::collections::HashMap;

use greenroom_plugin_observatory_node::{Mark, foreign, format, session::Entry};
use greenroom_plugin_rum_store::queries::{Event, Story, View, Vital};
use maud::{Markup, html};

use super::inside;
use crate::{
    asked::{Asked, segment},
    browser::Browser,
    judged::{Judged, is_slow_view},
    pages::ERRORS,
    words,
};

/// Up to when a request is fast, in milliseconds.
const FAST_MS: f64 = 300.0;
/// How many fast requests behind each other are one row.
const RUN: usize = 3;
/// The most rows of one view, unless all are asked for. What has failed is shown all the same.
const MOST_ROWS: usize = 40;
/// The most rows of one view besides those.
const MOST_FAILED: usize = 500;
/// How many different requests a folded run names.
const NAMED: usize = 6;
/// The most requests of a page that are told with their log lines.
const MOST_INSIDES: usize = 12;

/// What rows are told of.
pub(super) struct Told<'a> {
    pub(super) browser: &'a Browser,
    pub(super) story: &'a Story,
    /// Above what a view of a route is slow.
    pub(super) paces: &'a HashMap<String, f64>,
    pub(super) asked: &'a Asked,
    /// Of the page.
    pub(super) path: &'a str,
    /// What is open at first.
    pub(super) opened: Option<&'a Event>,
}

impl Told<'_> {
    /// Those of so many views.
    pub(super) async fn entries(&self, first: usize, most: usize) -> Vec<Entry> {
        let mut entries = vec![];
        let mut insides = MOST_INSIDES;
        let views = &self.story.views;
        if first == 0 {
            let is_of = |event: &&Event| views.iter().any(|view| view.id == event.view_id);
            let outside: Vec<_> = self.story.events.iter().filter(|event| !is_of(event)).collect();
            let scale = Scale::of(self.story.session.started_ms, &outside);
            self.rows(&scale, &outside, &mut entries, &mut insides).await;
        }
        for view in views.iter().skip(first).take(most) {
            let of_view: Vec<_> = self.story.events.iter().filter(|event| event.view_id == view.id).collect();
            let scale = Scale::of(view.began_ms, &of_view);
            entries.push(self.view(view, &scale));
            self.rows(&scale, &of_view, &mut entries, &mut insides).await;
        }
        entries
    }

    fn view(&self, view: &View, scale: &Scale) -> Entry {
        let slow = view.loading_ms.zip(self.paces.get(&view.route));
        let slow = slow.filter(|_| is_slow_view(view, self.paces));
        let vitals = html! {
            span.quiet { (words::loading(view.loading_type.as_deref())) }
            @for (vital, value) in Vital::ALL.into_iter().filter_map(|vital| Some((vital, view.vital(vital)?))) {
                @let rating = vital.rate(value);
                (words::mark(rating).word(html! {
                    (words::short(vital)) " " (words::value(vital, value)) " " span.quiet { (rating.word()) }
                }))
            }
            @if let Some((took, pace)) = slow {
                (Mark::Warn.word(html! {
                    "loading " (words::took(took)) " " span.quiet { "slow, p75 is " (words::took(pace / 2.0)) }
                }))
            }
            @if let Some(length_ms) = scale.length_ms {
                span.quiet { "bars: its first " (words::took(length_ms)) }
            }
        };
        let spent = view.time_spent_ms.map(|ms| format::lasted(words::duration(ms))).unwrap_or_default();
        Entry::view(words::at(view.began_ms, self.asked.now_ms), &view.route, vitals).took(spent)
    }

    async fn rows(&self, scale: &Scale, events: &[&Event], entries: &mut Vec<Entry>, insides: &mut usize) {
        let only_slow = self.asked.get("show") == Some("slow");
        let events: Vec<_> =
            events.iter().copied().filter(|event| !only_slow || self.is_worth(event)).collect();
        let mut rest = &*events;
        let shows_all = self.asked.get("show") == Some("all");
        let limit = if shows_all { usize::MAX } else { entries.len() + MOST_ROWS };
        while let Some((first, others)) = rest.split_first() {
            if entries.len() >= limit {
                self.beyond(rest, scale, entries, insides).await;
                break;
            }
            let run = rest.iter().take_while(|event| self.is_fast(event)).count();
            if run >= RUN {
                entries.push(folded(&rest[..run], scale));
                rest = &rest[run..];
            } else {
                entries.push(self.entry(first, scale, insides).await);
                rest = others;
            }
        }
    }

    /// Of those for which there is no room: what has failed or is open, and how many the others are.
    async fn beyond(&self, rest: &[&Event], scale: &Scale, entries: &mut Vec<Entry>, insides: &mut usize) {
        let (mut failed, mut others) = (0, 0_u64);
        for event in rest {
            let has_failed = Judged::of(event) == Judged::Failed;
            if self.is_opened(event) || (has_failed && failed < MOST_FAILED) {
                failed += usize::from(has_failed);
                entries.push(self.entry(event, scale, insides).await);
            } else {
                others += 1;
            }
        }
        if others > 0 {
            let more = format::counted(others, "more event", "more events");
            let all = self.asked.link(self.path, "show", Some("all"));
            let link = html! { a href=(all) { (more) " of this view" } };
            entries.push(Entry::new(html! {}, Mark::Unknown, link));
        }
    }

    fn is_opened(&self, event: &Event) -> bool {
        self.opened.is_some_and(|opened| opened.id == event.id)
    }

    /// A request of which nobody wants to know more.
    fn is_fast(&self, event: &Event) -> bool {
        event.kind == "resource"
            && event.duration_ms.unwrap_or_default() < FAST_MS
            && Judged::of(event) == Judged::Fine
            && !self.is_opened(event)
    }

    fn is_worth(&self, event: &Event) -> bool {
        Judged::of(event) != Judged::Fine || event.kind == "long_task" || self.is_opened(event)
    }

    async fn entry(&self, event: &Event, scale: &Scale, insides: &mut usize) -> Entry {
        let (at, judged) = (scale.offset(event), Judged::of(event));
        let mark = judged.mark().unwrap_or(Mark::Dot);
        let entry = match &*event.kind {
            "resource" => {
                let entry = Entry::new(at, mark, html! { (self.anchor(event)) (resource(event)) });
                let is_opened = self.is_opened(event);
                let is_told =
                    event.duration_ms >= Some(FAST_MS) || (judged == Judged::Failed && *insides > 0);
                if is_opened || is_told {
                    let with_lines = is_opened || *insides > 0;
                    *insides = insides.saturating_sub(1);
                    entry.inside(inside::request(self.browser, self.story, event, with_lines).await)
                } else {
                    entry
                }
            }
            "error" => {
                let entry = Entry::new(
                    at,
                    mark,
                    html! { (self.anchor(event)) span.kind { "error" } b { (foreign(&event.name)) } },
                );
                match &event.fingerprint {
                    Some(group) => entry.inside(html! {
                        p { a href={ (ERRORS) "/" (segment(group)) "?t=7d" } { "Stack, source, and whom else it met" } }
                    }),
                    None => entry,
                }
            }
            "action" => {
                let what = words::action(event);
                let (kind, target) = what.split_once(" on ").unwrap_or((&what, ""));
                let is_frustrated = !matches!(event.sub_type.as_deref(), Some(kind_of) if kind_of == kind);
                let mark = if is_frustrated { Mark::Warn } else { Mark::Live };
                Entry::new(at, mark, html! { span.kind { (kind) } @if !target.is_empty() { "on " (target) } })
            }
            "long_task" => Entry::new(
                at,
                Mark::Warn,
                html! { span.kind { "long task" } (words::mono(&event.name)) " blocked the page" },
            ),
            kind => Entry::new(at, mark, html! { span.kind { (foreign(kind)) } (foreign(&event.name)) }),
        };
        let entry = match (scale.bar(event), &*event.kind) {
            (Some((from, to)), "resource") => entry.bar(from, to, judged.mark()),
            (Some((from, to)), "long_task") => entry.bar(from, to, Some(Mark::Needs)),
            _ => entry,
        };
        let entry = match (self.is_opened(event), judged) {
            (false, _) => entry,
            (true, Judged::Fine) => entry.open(),
            (true, Judged::Slow | Judged::Failed) => entry.slow(),
        };
        entry.took(event.duration_ms.filter(|_| event.kind != "action").map(words::took).unwrap_or_default())
    }

    /// Where a link to it leads.
    fn anchor(&self, event: &Event) -> Markup {
        html! { @if self.is_opened(event) { span id="open" {} } }
    }
}

fn resource(event: &Event) -> Markup {
    html! {
        span.kind { (foreign(event.method.as_deref().or(event.sub_type.as_deref()).unwrap_or("resource"))) }
        (words::mono(&event.name))
        @match event.status {
            Some(0) => { " " b.fail { "no answer" } },
            Some(status) if status >= 400 => { " answered " b.fail { (status) } },
            _ => {},
        }
        @if Judged::of(event) == Judged::Slow { " " b.poor { "slow" } }
    }
}

/// Fast requests behind each other, as one row.
fn folded(run: &[&Event], scale: &Scale) -> Entry {
    let mut counts: Vec<(String, usize)> = vec![];
    for event in run {
        let name = words::asked(event);
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let more = counts.len().saturating_sub(NAMED);
    let longest = run.iter().filter_map(|event| event.duration_ms).fold(0.0, f64::max);
    let bars: Vec<_> = run.iter().filter_map(|event| scale.bar(event)).collect();
    let from = bars.iter().map(|(from, _)| *from).fold(1.0, f64::min);
    let to = bars.iter().map(|(_, to)| *to).fold(0.0, f64::max);
    let what =
        html! { span.quiet { (format::count(run.len() as u64)) " requests under " (words::took(FAST_MS)) } };
    Entry::new(scale.offset(run[0]), Mark::Dot, what)
        .bar(from, to, None)
        .took(format!("≤ {}", words::took(longest)))
        .inside(html! {
            p.small {
                @for (index, (name, count)) in counts.iter().take(NAMED).enumerate() {
                    @if index > 0 { ", " }
                    @if *count > 1 { (count) " × " }
                    (words::mono(name))
                }
                @if more > 0 { ", and " (more) " more" }
                "."
            }
        })
}

/// Where things are within their view.
struct Scale {
    began_ms: i64,
    /// From there to the end of the last bar, if there is one.
    length_ms: Option<f64>,
}

impl Scale {
    fn of(began_ms: i64, events: &[&Event]) -> Self {
        let unplaced = Self { began_ms, length_ms: None };
        let timed = events.iter().filter(|event| ["resource", "long_task"].contains(&&*event.kind));
        let ends = timed.filter_map(|event| Some(unplaced.after_ms(event) + event.duration_ms?));
        let length_ms = ends.reduce(f64::max).map(|length_ms| length_ms.max(1.0));
        Self { length_ms, ..unplaced }
    }

    fn after_ms(&self, event: &Event) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
        let after = (event.began_ms - self.began_ms) as f64;
        after
    }

    fn bar(&self, event: &Event) -> Option<(f64, f64)> {
        let (from, length_ms) = (self.after_ms(event), self.length_ms?);
        Some((from / length_ms, (from + event.duration_ms?) / length_ms))
    }

    fn offset(&self, event: &Event) -> Markup {
        let after = self.after_ms(event) / 1000.0;
        html! { (if after < 0.0 { "−" } else { "+" }) (format::with_unit(format::decimal(after.abs(), 2), "s")) }
    }
}
