//! What has to be said first: the Node backend is away, or bytes pass as they come.

use std::time::Duration;

use greenroom::{config::RootConfig, ops::ROOT};
use greenroom_plugin_observatory_node::{
    assets, foreign, format,
    parts::{Call, command},
};
use greenroom_proxy::State;
use maud::{Markup, Render, html};

use super::{Seen, sentence};

pub(super) fn calls(seen: &Seen, config: &RootConfig, url: &str) -> Markup {
    html! {
        @if seen.problem.is_some() { (away(seen)) }
        @if seen.status.is_transparent { (transparent(config, url)) }
    }
}

fn away(seen: &Seen) -> Markup {
    let known = html! { span { (sentence(seen)) } };
    let heals = match &seen.status.state {
        State::Failed { .. } => "It does not come again by itself.",
        _ => "Once Node is ready, so is this backend, by itself and without a restart.",
    };
    let next = html! { (next(seen)) span { (heals) } };
    Call::failure()
        .row("Whom it affects", html! { span { (affects(seen)) } })
        .row("What we know", known)
        .row("Next step", next)
        .render()
}

/// What requests get.
fn affects(seen: &Seen) -> String {
    match &seen.status.state {
        State::Up { .. } => {
            "New users: readiness answers 503, so a load balancer sends nobody here. Requests still go to Node.".to_owned()
        }
        State::Starting { .. } | State::Down { .. } => format!(
            "Everybody: readiness answers 503; each request waits up to {} for Node, then gets 503.",
            waits(seen.gateway.pause())
        ),
        State::Failed { .. } => {
            "Everybody: readiness answers 503, and so does each request at once. Only /.greenroom serves.".to_owned()
        }
    }
}

/// `5 s`, `20 ms`.
fn waits(pause: Duration) -> String {
    if pause.subsec_millis() == 0 { format::lasted(pause) } else { format::ms(pause) }
}

/// One command to copy.
fn next(seen: &Seen) -> Markup {
    let address = seen.gateway.address();
    let asks = format!("curl -si http://{address}/.backstage/health/v1/readiness");
    match (&seen.status.state, seen.gateway.is_child()) {
        (State::Failed { .. }, _) => html! {
            span { "Read the " a href=(assets::LINES) { "last lines" } " for what Node said before it ended, then restart." }
        },
        (State::Up { .. }, _) => html! { span { "Ask it as we do:" } (command(&asks)) },
        (_, true) => html! {
            span { "It is a process of this backend: the " a href=(assets::LINES) { "last lines" } " say how far its start is." }
        },
        (_, false) => html! { span { "See from here whether it listens:" } (command(&asks)) },
    }
}

fn transparent(config: &RootConfig, url: &str) -> Markup {
    const KEY: &str = "greenroom.gateway.transparent";
    let back = format!(
        "curl -X PUT -H @<(echo \"Authorization: Bearer $(cat .greenroom/ops.token)\") -H 'Content-Type: application/json' \
         -d '{{\"transparent\":false}}' {url}{ROOT}/v1/gateway/transparent"
    );
    let body = html! {
        p { "Requests have no request id and no trace, and pages have no browser scripts. Switch it off:" }
        (command(&back))
        @if let (Ok(Some(true)), Some(place)) = (config.optional_switch(KEY), config.place(KEY)) {
            p { "A restart switches it on again: " code { (KEY) } " says so (" (foreign(&place.to_string())) ")." }
        }
    };
    Call::warning(
        html! { span.vh { "Warning: " } "Transparent mode is on: bytes pass to Node and back as they come." },
    )
    .body(body)
    .render()
}
