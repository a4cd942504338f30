//! What made a visit slow, or what it met.

use greenroom_plugin_observatory_node::{foreign_plain, format};
use greenroom_plugin_rum_store::queries::{Event, Story, View};

use super::Answer;
use crate::{
    judged::is_failed_request,
    words::{asked, at_text, between, counted, took},
};

/// What part of a view's loading a request must take to be the cause.
const CAUSE: f64 = 0.4;
/// What part of a request a stage must take to be named.
const MOST: f64 = 0.5;
/// How often the SDK sends what a page that stays has met.
const SENT_EVERY: &str = "30\u{a0}s";

/// What took longest in a visit, of what was slow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slowest<'a> {
    /// A view that was slower than most of its route.
    pub(crate) view: Option<&'a View>,
    /// A request.
    pub(crate) request: Option<&'a Event>,
}

/// What the sentence is about, where that is an event.
pub(crate) fn cause<'a>(story: &'a Story, slowest: &Slowest<'a>) -> Option<&'a Event> {
    let of_view = slowest.view.and_then(|view| cause_of(story, view));
    let first_error = || story.events.iter().find(|event| event.kind == "error");
    let first_failed = || story.events.iter().find(|event| is_failed_request(event));
    of_view.or(slowest.request).or_else(first_error).or_else(first_failed)
}

/// `is_open` if it may go on.
pub(crate) fn session(story: &Story, slowest: &Slowest<'_>, is_open: bool, now_ms: i64) -> Answer {
    let row = &story.session;
    let lasted = format::lasted(between(row.started_ms, row.last_ms));
    let count = |kind: &str| {
        let of = story.events.iter().filter(|event| event.kind == kind).count();
        i64::try_from(of).unwrap_or(i64::MAX)
    };
    let [requests, errors] = ["resource", "error"].map(count);
    let is_failed = |event: &&Event| is_failed_request(event);
    let failed = i64::try_from(story.events.iter().filter(is_failed).count()).unwrap_or(i64::MAX);
    let first_failed = story.events.iter().find(is_failed);
    let first_error = story.events.iter().find(|event| event.kind == "error");
    // Of what goes on nobody knows yet how it was.
    let visit =
        if is_open { format!("An open visit, {lasted} so far,") } else { format!("A visit of {lasted}") };
    let sentence = match (slow(story, slowest), first_error, first_failed) {
        (Some(slow), ..) => format!("{visit} in which {slow}."),
        (None, Some(first), _) => format!(
            "{visit} with {}: {}.",
            if errors == 1 {
                "one error".to_owned()
            } else {
                format!("{}, first", counted(errors, "error", "errors"))
            },
            foreign_plain(first.name.trim_end_matches('.'))
        ),
        (None, None, Some(first)) => format!(
            "{visit} with {}: {} {}.",
            if failed == 1 {
                "one failed request".to_owned()
            } else {
                format!("{}, first", counted(failed, "failed request", "failed requests"))
            },
            asked(first),
            match first.status {
                Some(status) if status > 0 => format!("answered {status}"),
                _ => "had no answer".to_owned(),
            }
        ),
        (None, None, None) if is_open => {
            format!("An open visit, {lasted} so far: nothing of what has come was slow or failed.")
        }
        (None, None, None) => format!("{visit} in which nothing was slow and nothing failed."),
    };
    let mut parts = vec![
        counted(i64::try_from(story.views.len()).unwrap_or(i64::MAX), "view", "views"),
        counted(requests, "request", "requests"),
        counted(errors, "error", "errors"),
    ];
    if failed > 0 {
        parts.push(counted(failed, "failed request", "failed requests"));
    }
    let frustrations: i64 = story.views.iter().map(|view| view.frustrations).sum();
    if frustrations > 0 {
        parts.push(counted(frustrations, "frustration", "frustrations"));
    }
    let end = if is_open {
        let last = at_text(row.last_ms, now_ms);
        format!(
            "Its last event was at {last}; more may come: browsers send about every {SENT_EVERY}, and when a page is left."
        )
    } else {
        format!("It ended {} ago.", format::lasted(between(row.last_ms, now_ms)))
    };
    let cut = if story.is_cut { " There is more of it than is shown." } else { "" };
    Answer::new(sentence).detail(format!("{}. {end}{cut}", parts.join(", ")))
}

/// `/catalog took 4.86 s, because GET /api/catalog took 4.81 s, most of it in the handler`.
fn slow(story: &Story, slowest: &Slowest<'_>) -> Option<String> {
    let because = |event: &Event| {
        let took_ms = event.duration_ms?;
        let stage = story.request_of(event).and_then(|request| {
            let (name, stage_ms) = request.stages.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
            (*stage_ms >= took_ms * MOST).then(|| format!(", most of it {}", crate::words::stage(name)))
        });
        Some(format!("{} took {}{}", asked(event), took(took_ms), stage.unwrap_or_default()))
    };
    if let Some((view, loading_ms)) = slowest.view.and_then(|view| Some((view, view.loading_ms?))) {
        let cause = cause_of(story, view).and_then(because);
        let cause = cause.map(|cause| format!(", because {cause}")).unwrap_or_default();
        return Some(format!("{} took {}{cause}", foreign_plain(&view.route), took(loading_ms)));
    }
    slowest.request.and_then(because)
}

/// The request that a view was waiting for, if there was one.
fn cause_of<'a>(story: &'a Story, view: &View) -> Option<&'a Event> {
    let of_view = story.events.iter().filter(|event| event.view_id == view.id && event.kind == "resource");
    let longest =
        of_view.max_by(|a, b| a.duration_ms.unwrap_or(0.0).total_cmp(&b.duration_ms.unwrap_or(0.0)));
    let loading_ms = view.loading_ms?;
    longest.filter(|event| event.duration_ms >= Some(loading_ms * CAUSE))
}
