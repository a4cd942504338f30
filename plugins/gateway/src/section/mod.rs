//! The part “Node backend” of the page “Now”: its state in a sentence, what to do if it is away, and what is asked of it.

mod calls;
mod drift;
mod last_end;
mod last_exit;
mod refused;
mod spend;
mod stalls;
mod start;
mod table;
mod transparent;

use std::time::SystemTime;

use greenroom::{config::Masks, ops::Ops, prelude::RootConfig};
use greenroom_node_log::facts::NodeBoot;
use greenroom_plugin_observatory_node::{
    Behind, LiveParts, Mark, NowPart, Problem, foreign, foreign_plain, format,
    parts::{Part, panel},
    time,
};
use greenroom_proxy::{State, Status};
use maud::{Markup, Render, html};

pub(crate) use self::last_end::LastEnd;
use crate::{Gateway, boot, node::NodeReadiness, words};

/// What was seen at one moment.
pub(crate) struct Seen {
    now: SystemTime,
    gateway: Gateway,
    status: Status,
    node: Option<NodeReadiness>,
    /// How its start goes or went, if somebody reads what it prints.
    boot: Option<NodeBoot>,
    /// Why it cannot be asked, or is not ready.
    problem: Option<Problem>,
    /// When and how a start of it ended that is not the current one.
    last_end: Option<(SystemTime, String)>,
}

impl Seen {
    fn of(gateway: &Gateway, last_end: &LastEnd, masks: &Masks, now: SystemTime) -> Self {
        let (status, node, boot) = (gateway.proxy().status(), gateway.node(), gateway.boot());
        let problem = match words::away(gateway, &status.state) {
            Some(what) => Some(Problem { since: words::since(&status.state, now), what }),
            None => node.as_ref().and_then(|node| {
                Some(Problem {
                    since: node.since,
                    what: format!("{} {}", words::named(gateway), node.why()?),
                })
            }),
        };
        let is_it = words::why(&status.state).is_some_and(|why| words::of_process(why).is_some());
        // How its process has ended says enough.
        let start = if is_it { String::new() } else { boot::behind(boot.as_ref()) };
        // What the system, Node or a library says may hold what is secret.
        let problem = problem.map(|problem| Problem { what: masks.all(&problem.what) + &start, ..problem });
        let last_end = last_end.known().filter(|_| !is_it).map(|(at, how)| (at, masks.all(&how)));
        Self { now, gateway: gateway.clone(), status, node, boot, problem, last_end }
    }

    /// What it says of its readiness, or else that it takes connections.
    fn ready_since(&self) -> Option<SystemTime> {
        let is_up = matches!(self.status.state, State::Up { .. }) && self.problem.is_none();
        let since = || {
            self.node.as_ref().map_or_else(|| words::since(&self.status.state, self.now), |node| node.since)
        };
        is_up.then(since)
    }

    fn lasted(&self) -> String {
        let since = words::since(&self.status.state, self.now);
        format::lasted(self.now.duration_since(since).unwrap_or_default())
    }
}

/// The part. Operators are told how they ask `ops`.
pub(crate) fn part(
    gateway: &Gateway,
    last_end: &LastEnd,
    config: &RootConfig,
    ops: &Ops,
    now: SystemTime,
) -> NowPart {
    let seen = Seen::of(gateway, last_end, &config.masks(), now);
    let mut live = LiveParts::default();
    let state = live.part("gateway state", state(&seen));
    let counts = live.part("gateway counts", counts(&seen.status));
    let hint = html! { @if !seen.status.is_transparent { (transparent::hint(ops)) } };
    let hint = live.part("gateway hint", hint);
    let last_exit = live.part("gateway last exit", last_exit::sentence(&seen, &config.masks()));
    let start = live.part("gateway start", start::sentences(&seen));
    let stalls = live.part("gateway stalls", stalls::sentence(&seen));
    let drift = live.part("gateway drift", drift::sentences(&seen));
    let lists = [
        start::waterfall(&seen),
        stalls::last_ones(&seen, &mut live),
        refused::refused(&seen, &mut live),
        spend::spend(&seen, &mut live),
    ];
    let said = panel(html! {
        p { (state) } (start) (stalls) (drift) p."small quiet" { (counts) } (last_exit) (hint)
    });
    let body = html! { (said) (table::table(&seen, &mut live)) @for list in lists { (list) } };
    let note = "What this backend does not own, that one answers";
    let body = Part::new("gateway", "Node backend").note(note).body(body).render();
    let behind = Some(Behind { ready_since: seen.ready_since() });
    NowPart { calls: calls::calls(&seen, config, ops), problem: seen.problem, body, live, behind }
}

/// Its state, since when. A sentence breaks where it has to, as the word beside a mark would not.
fn state(seen: &Seen) -> Markup {
    let (mark, said) = match (&seen.status.state, &seen.problem) {
        (State::Up { .. }, None) => (Mark::Ok, answers(seen)),
        (State::Up { .. }, Some(_)) => (Mark::Warn, sentence(seen)),
        (State::Starting { .. }, _) => (Mark::Unknown, sentence(seen)),
        (State::Down { .. } | State::Failed { .. }, _) => (Mark::Fail, sentence(seen)),
    };
    html! { (mark) " " (said) }
}

fn answers(seen: &Seen) -> Markup {
    html! {
        "Node answers at " span.mono { (seen.status.address) } " for " (seen.lasted())
        @if let Some((p50, p95)) = seen.status.latency {
            "; median " (format::ms(p50)) ", 95th percentile " (format::ms(p95))
        }
        "."
        @if let Some(node) = &seen.node { " Its readiness takes " (format::ms(node.took)) "." }
    }
}

/// The problem as a sentence of its own, with its time.
fn sentence(seen: &Seen) -> Markup {
    let Some(Problem { since, what }) = &seen.problem else { return html! {} };
    let what = foreign_plain(what);
    let what = what.strip_prefix("the ").map_or_else(|| what.clone(), |rest| format!("The {rest}"));
    let at = time::time(*since, seen.now);
    // An end is of a moment, from which the time to the next start counts.
    let has_ended = words::why(&seen.status.state).is_some_and(|why| words::of_process(why).is_some());
    html! {
        @if has_ended { "At " (at) " UTC: " (what) "." } @else { (what) ", since " (at) " UTC." }
    }
}

/// What has happened since the start.
fn counts(status: &Status) -> Markup {
    let untouched: u64 = status.untouched.values().sum();
    html! {
        @if let Some(why) = &status.no_source {
            "Node sees our own address, which its rate limit spares: " (foreign(why)) ". "
        }
        "Since the start: " (format::counted(status.connects, "connection", "connections")) " opened, "
        (format::counted(status.retries, "request", "requests")) " asked twice, "
        (format::counted(status.documents, "page", "pages")) " added to, " (format::count(untouched)) " left as they were."
    }
}
