//! The whole session on four lanes.

use greenroom_plugin_observatory_node::{
    Mark,
    charts::{Lane, Span, lanes},
    format,
    parts::{Part, panel},
};
use greenroom_plugin_rum_store::queries::{Event, Story};
use maud::{Markup, html};

use crate::{
    judged::{Judged, SLOW_MS},
    words,
};

/// The most things on a lane: more would be one.
const MOST: usize = 150;

/// `named` is the event that the page's sentence is about, or that is to be open.
pub(super) fn course(story: &Story, named: Option<&Event>, now_ms: i64) -> Markup {
    let (from, to) = (story.session.started_ms, story.session.last_ms.max(story.session.started_ms + 1));
    #[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
    let place = |at_ms: f64| (at_ms - from as f64) / (to - from) as f64;
    let span = |began_ms: i64, took_ms: Option<f64>| {
        #[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
        let began = began_ms as f64;
        Span { from: place(began), to: place(began + took_ms.unwrap_or_default()), mark: None, label: None }
    };
    let of = |kind: &str, fine: Option<Mark>| {
        let mut events: Vec<_> = story.events.iter().filter(|event| event.kind == kind).collect();
        // What is marked is drawn last, above all others, and is not left out.
        events.sort_by_key(|event| Judged::of(event) != Judged::Fine);
        let spans = events.into_iter().rev().take(MOST).rev().map(|event| {
            let judged = Judged::of(event);
            let is_named = named.is_some_and(|named| named.id == event.id);
            let label = event.duration_ms.filter(|_| is_named && judged == Judged::Slow).map(words::took);
            Span { mark: judged.mark().or(fine), label, ..span(event.began_ms, event.duration_ms) }
        });
        spans.collect::<Vec<_>>()
    };
    let views = story.views.iter().take(MOST).map(|view| span(view.began_ms, view.time_spent_ms)).collect();
    let requests = of("resource", None);
    let (long_tasks, errors) = (of("long_task", Some(Mark::Warn)), of("error", None));
    let judged = |kind: &str, as_this: Judged| {
        let alike = story.events.iter().filter(|event| event.kind == kind && Judged::of(event) == as_this);
        alike.count() as u64
    };
    let sentence = format!(
        "Course of the session: {} in {}; {}, {}; {}.",
        format::counted(story.views.len() as u64, "view", "views"),
        format::lasted(words::between(from, to)),
        format::counted(judged("resource", Judged::Slow), "slow request", "slow requests"),
        format::counted(judged("resource", Judged::Failed), "failed request", "failed requests"),
        format::counted(judged("error", Judged::Failed), "error", "errors"),
    );
    let drawn = lanes(
        &sentence,
        &[
            Lane { name: "Views", spans: views },
            Lane { name: "Requests", spans: requests },
            Lane { name: "Long tasks", spans: long_tasks },
            Lane { name: "Errors", spans: errors },
        ],
        &[
            (0.0, words::at_text(from, now_ms)),
            (0.5, words::at_text(from.midpoint(to), now_ms)),
            (1.0, words::at_text(to, now_ms)),
        ],
    );
    let note = format!("Red: what failed, and requests that took {} or longer", words::took(SLOW_MS));
    html! { (Part::new("course", "Course").note(note).body(panel(drawn))) }
}
