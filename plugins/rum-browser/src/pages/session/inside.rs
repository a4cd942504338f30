//! What is to be seen of one request: where its time went, in the browser and in the backend, and its log lines.

use greenroom_plugin_observatory_node::{
    charts::{Stage, waterfall},
    foreign, format,
};
use greenroom_plugin_rum_store::queries::{Event, Request, Story};
use maud::{Markup, html};

use crate::{browser::Browser, lines, words};

/// What part of a request a stage must take to be what it waited for.
const MOST: f64 = 0.5;
/// What happens in the browser, in this order, with the name under which the SDK tells it.
const PHASES: [(&str, &str); 6] = [
    ("redirect", "redirections"),
    ("dns", "name of the host"),
    ("connect", "connection"),
    ("ssl", "TLS"),
    ("first_byte", "wait for the first byte"),
    ("download", "download"),
];

/// A request as the backend has answered it, or else as the browser saw it.
pub(super) async fn request(browser: &Browser, story: &Story, event: &Event, with_lines: bool) -> Markup {
    let Some(request) = story.request_of(event) else { return seen(event) };
    let lines = if with_lines {
        lines::lines(browser, request).await
    } else {
        html! {}
    };
    html! {
        div.sec {
            header {
                h3 { "Backend request " (words::mono(&request.request_id)) }
                p { (answered(request)) }
            }
            p { (spent(event, request)) }
            (waterfall(stages(request)))
        }
        (lines)
    }
}

fn answered(request: &Request) -> Markup {
    let status = if request.is_aborted { "given up".to_owned() } else { request.status.to_string() };
    let bytes = request.bytes.and_then(|bytes| u64::try_from(bytes).ok());
    html! {
        @if let Some(plugin) = &request.plugin { (foreign(plugin)) ", " }
        "replica " (foreign(&request.replica)) ", " (status)
        @if let Some(bytes) = bytes { ", " (format::bytes(bytes)) }
    }
}

/// Where the time went, in a sentence.
fn spent(event: &Event, request: &Request) -> Markup {
    let longest = request.stages.iter().max_by(|a, b| a.1.total_cmp(&b.1));
    let longest = longest.filter(|(_, took)| *took >= request.duration_ms * MOST);
    html! {
        @match event.duration_ms {
            Some(whole) if whole >= request.duration_ms => {
                "Of " (words::took(whole)) " in the browser, " (words::took(request.duration_ms))
                " were spent here and " (words::took(whole - request.duration_ms)) " on the network. "
            }
            _ => { (words::took(request.duration_ms)) " were spent here. " }
        }
        @if let Some((name, took)) = longest { b { (words::took(*took)) " were " (words::stage(name)) "." } }
    }
}

fn stages(request: &Request) -> Vec<Stage> {
    let whole = request.duration_ms.max(request.stages.iter().map(|(_, took)| took).sum()).max(0.001);
    let longest = request.stages.iter().map(|(_, took)| *took).fold(0.0, f64::max);
    let mut from = 0.0;
    let mut stages = vec![];
    for (name, took) in &request.stages {
        let to = from + took;
        stages.push(Stage {
            name: html! { (words::stage_name(name)) },
            from: from / whole,
            to: to / whole,
            critical: *took >= longest,
            mark: None,
            took: words::took(*took),
        });
        from = to;
    }
    stages
}

/// As the browser saw it.
fn seen(event: &Event) -> Markup {
    let detail = event.detail();
    let resource = &detail["resource"];
    let ms = |value: &serde_json::Value| value.as_f64().map(|ns| ns / 1e6);
    let phases: Vec<_> = PHASES
        .into_iter()
        .filter_map(|(key, name)| Some((name, ms(&resource[key]["start"])?, ms(&resource[key]["duration"])?)))
        .filter(|(.., took)| *took > 0.0)
        .collect();
    let whole = event.duration_ms.unwrap_or_default().max(0.001);
    let longest = phases.iter().map(|(.., took)| *took).fold(0.0, f64::max);
    let phases = phases.iter().map(|(name, start, took)| Stage {
        name: html! { (name) },
        from: start / whole,
        to: (start + took) / whole,
        critical: *took >= longest,
        mark: None,
        took: words::took(*took),
    });
    html! {
        p { (why_alone(event)) }
        (waterfall(phases))
    }
}

/// Why the backend's side of it is not shown. Kept are the requests that the SDK has traced.
fn why_alone(event: &Event) -> &'static str {
    let kind = event.sub_type.as_deref();
    match (kind, &event.trace_id) {
        (Some("document"), _) => {
            "It is the page itself. Of requests the backend keeps those that scripts have sent, and no pages."
        }
        (_, Some(_)) => {
            "No request of this trace is kept here: another backend has answered it, or it has not ended yet."
        }
        (Some("fetch" | "xhr"), None) => {
            "It carried no trace: it did not go to this backend’s API, or began before the SDK had started."
        }
        (_, None) => {
            "It carried no trace: the SDK traces what scripts fetch once it has started, and nothing else."
        }
    }
}
