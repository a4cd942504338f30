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
/// From what part of a request on time that nobody has told the use of is named.
const REST: f64 = 0.01;
/// And from how many milliseconds on.
const REST_MS: f64 = 0.5;
/// What happens in the browser, in this order, with the name under which the SDK tells it.
const PHASES: [(&str, &str); 6] = [
    ("redirect", "redirections"),
    ("dns", "name of the host"),
    ("connect", "connection"),
    ("ssl", "TLS"),
    ("first_byte", "wait for the first byte"),
    ("download", "download"),
];
/// Time of which browsers tell no use.
const NOT_TOLD: &str = "not told by the browser";

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
            (drawn(stages(request), request.duration_ms))
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

/// A part of a request: its name, when it began and how long it took, in milliseconds.
type Part = (String, f64, f64);

/// One after the other, as the backend has measured them.
fn stages(request: &Request) -> Vec<Part> {
    let mut from = 0.0;
    let mut parts = vec![];
    for (name, took) in &request.stages {
        parts.push((words::stage_name(name), from, *took));
        from += took;
    }
    let rest = "other steps of the backend";
    parts.extend(rest_of(rest, from, request.duration_ms, request.duration_ms));
    parts
}

/// What is between two parts, or behind the last one, of a request that took so long.
fn rest_of(name: &str, from: f64, to: f64, whole: f64) -> Option<Part> {
    let rest = to - from;
    (rest >= REST_MS.max(whole * REST)).then(|| (name.to_owned(), from, rest))
}

/// As the browser saw it.
fn seen(event: &Event) -> Markup {
    let whole = event.duration_ms.unwrap_or_default();
    html! {
        p { (why_alone(event)) }
        (drawn(phases(&event.detail()["resource"], whole), whole))
    }
}

/// What the browser tells of a request that took so long, and what it does not.
fn phases(resource: &serde_json::Value, whole: f64) -> Vec<Part> {
    let ms = |value: &serde_json::Value| value.as_f64().map(|ns| ns / 1e6);
    let told = PHASES.into_iter().filter_map(|(key, name)| {
        Some((name, ms(&resource[key]["start"])?, ms(&resource[key]["duration"])?))
    });
    let (mut end, mut parts) = (0.0_f64, vec![]);
    for (name, start, took) in told.filter(|(.., took)| *took > 0.0) {
        // A page may ask for more than the browser asks at once, and what it has kept it looks up first.
        let rest = if parts.is_empty() { "queued in the browser" } else { NOT_TOLD };
        parts.extend(rest_of(rest, end, start, whole));
        parts.push((name.to_owned(), start, took));
        // TLS is part of the connection.
        end = end.max(start + took);
    }
    parts.extend(rest_of(NOT_TOLD, end, whole, whole));
    parts
}

/// Parts in their order; the longest one is strong.
fn drawn(parts: Vec<Part>, whole: f64) -> Markup {
    let whole = parts.iter().map(|(_, from, took)| from + took).fold(whole.max(0.001), f64::max);
    let longest = parts.iter().map(|(.., took)| *took).fold(0.0, f64::max);
    waterfall(parts.into_iter().map(|(name, from, took)| Stage {
        name: html! { (name) },
        from: from / whole,
        to: (from + took) / whole,
        critical: took >= longest,
        mark: None,
        took: words::took(took),
    }))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(parts: Vec<Part>) -> Vec<(String, f64)> {
        parts.into_iter().map(|(name, _, took)| (name, (took * 10.0).round() / 10.0)).collect()
    }

    fn phases_of(resource: serde_json::Value, whole: f64) -> Vec<(String, f64)> {
        named(phases(&resource, whole))
    }

    #[test]
    fn the_parts_of_a_request_are_all_of_it() {
        let script = json!({
            "connect": {"start": 20_500_000, "duration": 4_900_000},
            "ssl": {"start": 22_000_000, "duration": 3_400_000},
            "first_byte": {"start": 25_400_000, "duration": 29_000_000},
            "download": {"start": 54_400_000, "duration": 1_600_000},
        });
        let of = |name: &str, took: f64| (name.to_owned(), took);
        assert_eq!(
            phases_of(script, 56.0),
            [
                of("queued in the browser", 20.5),
                of("connection", 4.9),
                of("TLS", 3.4),
                of("wait for the first byte", 29.0),
                of("download", 1.6),
            ]
        );
        let icon = json!({
            "first_byte": {"start": 500_000, "duration": 700_000},
            "download": {"start": 1_200_000, "duration": 2_500_000},
        });
        assert_eq!(
            phases_of(icon, 41.0),
            [
                of("queued in the browser", 0.5),
                of("wait for the first byte", 0.7),
                of("download", 2.5),
                of(NOT_TOLD, 37.3),
            ]
        );
        assert_eq!(phases_of(json!(null), 400.0), [of(NOT_TOLD, 400.0)], "as of another origin");
        assert!(phases_of(json!(null), 0.0).is_empty());
    }
}
