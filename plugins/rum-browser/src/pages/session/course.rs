//! The whole session on four lanes.

use greenroom_plugin_observatory_node::{
    Mark,
    charts::{Lane, Span, lanes},
    format,
    parts::{Part, panel},
};
use greenroom_plugin_rum_store::queries::{Event, Story};
use maud::{Markup, html};

use crate::words;

/// The most things on a lane: more would be one.
const MOST: usize = 150;

pub(super) fn course(story: &Story, opened: Option<&Event>, now_ms: i64) -> Markup {
    let (from, to) = (story.session.started_ms, story.session.last_ms.max(story.session.started_ms + 1));
    #[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
    let place = |at_ms: f64| (at_ms - from as f64) / (to - from) as f64;
    let span = |began_ms: i64, took_ms: Option<f64>| {
        #[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
        let began = began_ms as f64;
        Span { from: place(began), to: place(began + took_ms.unwrap_or_default()), mark: None, label: None }
    };
    let is_opened = |event: &&Event| opened.is_some_and(|opened| opened.id == event.id);
    let of = |kind: &'static str, mark: Option<Mark>| {
        let events = story.events.iter().filter(move |event| event.kind == kind);
        events
            .take(MOST)
            .map(move |event| Span { mark, ..span(event.began_ms, event.duration_ms) })
            .collect::<Vec<_>>()
    };
    let views = story.views.iter().take(MOST).map(|view| span(view.began_ms, view.time_spent_ms)).collect();
    let mut requests = of("resource", None);
    // It is drawn last, above all others.
    if let Some(event) = opened.filter(|event| event.kind == "resource") {
        let label = event.duration_ms.map(words::took);
        requests.push(Span { mark: Some(Mark::Poor), label, ..span(event.began_ms, event.duration_ms) });
    }
    let (long_tasks, errors) = (of("long_task", Some(Mark::Warn)), of("error", Some(Mark::Fail)));
    let sentence = format!(
        "Course of the session: {} in {}{}; {}.",
        format::counted(story.views.len() as u64, "view", "views"),
        format::lasted(words::between(from, to)),
        story
            .events
            .iter()
            .find(is_opened)
            .map(|event| format!(
                "; the slowest request begins {} after its start",
                format::lasted(words::between(from, event.began_ms))
            ))
            .unwrap_or_default(),
        format::counted(errors.len() as u64, "error", "errors"),
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
    html! { (Part::new("course", "Course").note("Red: the slowest request, and errors").body(panel(drawn))) }
}
