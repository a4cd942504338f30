//! What has to be said first: the Node backend is away, or bytes pass as they come.

use std::time::Duration;

use greenroom::{config::RootConfig, ops::Ops};
use greenroom_boot_document::BootDocument;
use greenroom_plugin_observatory_node::{
    assets, foreign, format,
    parts::{Call, command},
    time,
};
use greenroom_proxy::State;
use maud::{Markup, Render, html};

use super::{Seen, causes, stalls, start, transparent};
use crate::{boot, node::Said, words};

pub(super) fn calls(seen: &Seen, config: &RootConfig, ops: &Ops) -> Markup {
    html! {
        @if seen.is_told() { (away(seen)) }
        @if seen.status.is_transparent { (transparent::warning(config, ops)) }
    }
}

fn away(seen: &Seen) -> Markup {
    let known = html! {
        (what_we_know(seen))
        @if let Some((at, how)) = &seen.last_end { span { "Before that, at " (time::time(*at, seen.now)) " UTC: " (foreign(how)) "." } }
        @if let Some(waiting) = waiting(seen) { span { (waiting) } }
    };
    let next = html! { (next(seen)) span { (start::heals(seen)) } };
    Call::failure()
        .row("Whom it affects", html! { span { (affects(seen)) } })
        .row("What we know", known)
        .row("Next step", next)
        .render()
}

/// What the sentence at the beginning of the page does not say.
fn what_we_know(seen: &Seen) -> Markup {
    if let Some(stall) = stalls::now(&seen.status) {
        return html! { span { (stalls::known(stall, seen)) } };
    }
    let at = seen.is_so_since.map(|since| time::time(since, seen.now));
    let has_ended = words::why(&seen.status.state).is_some_and(|why| words::of_process(why).is_some());
    let document = seen.boot.as_ref().map(BootDocument::of_node);
    let causes = document.iter().flat_map(BootDocument::causes);
    let causes: Vec<_> = causes.filter(|cause| !cause.is_permitted()).collect();
    html! {
        @match (at, has_ended) {
            (Some(at), true) => span { "It ended at " (at) " UTC." },
            (Some(at), false) if causes.is_empty() => span { "It is so since " (at) " UTC." },
            _ => {}
        }
        (causes::list(causes, seen.now))
    }
}

/// What requests get.
fn affects(seen: &Seen) -> String {
    match &seen.status.state {
        State::Up { .. } if !seen.is_silent() && seen.is_stalled() => {
            "Everybody: requests go on to Node, and get no answer until its event loop turns again, or whoever asks gives up. \
             Readiness is answered here, as Node has answered it last. Liveness is answered here for the first ten seconds, then by \
             Node alone."
                .to_owned()
        }
        State::Up { .. } if seen.is_silent() && seen.is_stalled() => {
            "Everybody: requests go on to Node, and get no answer until Node, or whoever asks, gives up. Readiness answers 503. \
             Liveness is answered here for the first ten seconds, then by Node alone."
                .to_owned()
        }
        State::Up { .. } if seen.is_silent() => {
            "Everybody: readiness probes and requests go on to Node, and get no answer until Node, or whoever asks, gives up."
                .to_owned()
        }
        State::Up { .. } if !seen.has_started() => {
            "Everybody: readiness answers 503. Requests go on to Node, whose plugins have not all started: those answer with errors."
                .to_owned()
        }
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

/// How many requests have no answer: those fail without a 5xx and without a line of an error.
fn waiting(seen: &Seen) -> Option<String> {
    let plugins = || seen.status.plugins.values();
    let now = plugins().map(|plugin| plugin.in_flight as u64).sum();
    let given_up = plugins().map(|plugin| plugin.given_up).sum();
    seen.is_silent().then(|| {
        format!(
            "{} in flight now; since the start, clients gave up {} without an answer.",
            format::counted(now, "request", "requests"),
            format::count(given_up)
        )
    })
}

/// `5 s`, `20 ms`.
pub(super) fn waits(pause: Duration) -> String {
    if pause.subsec_millis() == 0 { format::lasted(pause) } else { format::ms(pause) }
}

/// One command to copy, or one thing to do. What Node says is on no page: it goes to stdout, its own or that of its parent.
fn next(seen: &Seen) -> Markup {
    if let Some(next) = stalls::now(&seen.status).and_then(|stall| stalls::next(stall, seen)) {
        return next;
    }
    let has_lines = seen.gateway.child_facts().has_lines();
    let all_lines = html! { "in its " a href=(assets::LINES) { "lines" } ", which are kept here" };
    let address = seen.gateway.proxy().address();
    let asks = format!("curl -si -m 5 http://{address}/.backstage/health/v1/readiness");
    match (&seen.status.state, seen.gateway.is_child()) {
        (State::Failed { .. }, _) => html! {
            span {
                "Read what Node said before it ended: it is "
                @if has_lines { (all_lines) } @else { "in the output (stdout) of this process alone" }
                ". Then restart."
            }
        },
        (State::Up { .. } | State::Starting { .. }, _) if boot::has_failed(seen.boot.as_ref()) => html! {
            span {
                "Mend the cause. What Node said before is "
                @if has_lines { (all_lines) } @else { "in the output (stdout) of this process" }
                "."
            }
        },
        (State::Up { .. }, _) => html! { span { "Ask it as we do:" } (command(&asks)) },
        (_, true) => html! {
            span {
                "It is a process of this backend. What it says is "
                @if has_lines { (all_lines) } @else { "in the output (stdout) of this process alone" }
                ": read there how far its start is, or why it ended."
            }
        },
        (_, false) => html! {
            span {
                "Start it, or see in its own log why it does not listen. Once it does, its log should say "
                code { "Listening on …:" (address.port()) } "."
            }
        },
    }
}

impl Seen {
    /// Its event loop stands still, so that readiness is answered here, and liveness for a while.
    fn is_stalled(&self) -> bool {
        !self.status.is_transparent && stalls::now(&self.status).is_some()
    }

    /// It takes connections, and does not answer.
    fn is_silent(&self) -> bool {
        let is_up = matches!(self.status.state, State::Up { .. });
        is_up && self.node.as_ref().is_some_and(|node| matches!(node.said, Said::Nothing(_)))
    }
}
