//! The whole page.

use std::time::UNIX_EPOCH;

use greenroom::config::RootConfig;
use greenroom_plugin_observatory_node::{Page, parts::columns};
use maud::html;

use super::{Parts, answer, boot, call, checks, errors, load, plugins};
use crate::look::Seen;

/// The page, and its parts that change.
pub(super) fn page(seen: &Seen, config: &RootConfig) -> (Page, Parts) {
    let mut live = Parts::default();
    let (sentence, detail) = (answer::sentence(seen, &mut live), answer::detail(seen));
    live.note("detail", &detail);
    let calls = live.part("calls", call::calls(seen, config));
    seen.parts.iter().for_each(|part| live.add(&part.live));
    let body = html! {
        div.calls { (calls) }
        (load::part(seen, &mut live))
        @for part in &seen.parts { (part.body) }
        (columns(html! { (checks::part(seen, &mut live)) (errors::part(seen)) }))
        (plugins::part(seen, &mut live))
        (boot::part(seen))
    };
    let title = if seen.refusal.is_some() { "Not ready" } else { "Now" };
    let page = Page::new("now", title, sentence).live_detail("detail", detail).live(stream(seen)).body(body);
    (page, live)
}

/// The stream is told which page it follows, so that it knows what is new.
fn stream(seen: &Seen) -> String {
    let made = seen.now.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}?at={}", super::EVENTS, made.as_millis())
}
