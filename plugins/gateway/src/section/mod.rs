//! The part “Node backend” of the page “Now”: its state in a sentence, what to do if it is away, and what is asked of it.

mod calls;
mod causes;
mod drift;
mod last_end;
mod last_exit;
mod refused;
mod spend;
mod stalls;
mod start;
mod table;
mod transparent;

use std::time::{Duration, SystemTime};

use greenroom::{config::Masks, ops::Ops, prelude::RootConfig};
use greenroom_node_log::facts::{NodeBoot, Outcome};
use greenroom_plugin_observatory_node::{
    Behind, LiveParts, Mark, NowPart, Problem, foreign, foreign_plain, format,
    parts::{Part, panel},
    time,
};
use greenroom_proxy::{State, Status};
use maud::{Markup, html};

pub(crate) use self::last_end::LastEnd;
use crate::{
    Gateway, START, boot,
    lately::Lately,
    node::{NodeReadiness, Said},
    words,
};

/// The health check that tells of it.
const CHECK: &str = "gateway.node";

/// What it says that soon after it takes connections, it has said from the beginning.
const AT_ONCE: Duration = Duration::from_secs(3);

/// Who turns its event loop again has been asked for its readiness by then.
const ASKED_ANEW: Duration = Duration::from_secs(5);

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
    /// Since when exactly that is so: it may not have been ready for longer.
    is_so_since: Option<SystemTime>,
    /// When and how a start of it ended that is not the current one.
    last_end: Option<(SystemTime, String)>,
}

impl Seen {
    fn of(gateway: &Gateway, last_end: &LastEnd, masks: &Masks, now: SystemTime) -> Self {
        let (mut status, node, boot) = (gateway.proxy().status(), gateway.node(), gateway.boot());
        // Clients choose it.
        let suspects = status.stalls.iter_mut().flat_map(|stall| &mut stall.suspects);
        for open in suspects.filter_map(|suspect| suspect.newest.as_mut()) {
            open.path = masks.all(&open.path);
        }
        let is_it = words::why(&status.state).is_some_and(|why| words::of_process(why).is_some());
        // How its process has ended says enough, unless its start had failed.
        let boot_now = boot.as_ref().filter(|_| !is_it);
        let failed = boot.as_ref().filter(|_| is_it).and_then(boot::failure);
        let since = words::since(&status.state, now);
        let problem = match (words::away(gateway, &status.state), stalls::now(&status)) {
            (Some(what), _) => Some(Problem::new(
                since,
                failed.into_iter().fold(what, |what, how| format!("{what}; its start had failed: {how}")),
            )),
            (None, Some(stall)) => Some(stalls::problem(stall)),
            (None, None) => node.as_ref().and_then(|node| {
                Some(Problem::new(node.since, format!("{} {}", words::named(gateway), node.why()?)))
            }),
        };
        let problem = problem.map(|problem| match boot_now.and_then(boot::failure) {
            // What it says of its readiness follows from that.
            Some(how) if problem.instead.is_none() => Problem::new(
                problem.since,
                format!("the start of {} has failed: {how}", words::named(gateway)),
            ),
            _ if problem.instead.is_some() => problem,
            _ => Problem { what: problem.what.clone() + &boot::behind(boot_now), ..problem },
        });
        let is_so_since = problem.as_ref().map(|problem| problem.since);
        let problem = problem.map(|problem| match problem.instead {
            Some(_) => problem,
            None => Problem { since: last_end.not_ready_since(problem.since), ..problem },
        });
        // What the system, Node or a library says may hold what is secret.
        let problem =
            problem.map(|problem| Problem { what: masks.all(&problem.what), ..problem }.check(CHECK));
        let last_end = last_end.known().filter(|_| !is_it).map(|(at, how)| (at, masks.all(&how)));
        Self { now, gateway: gateway.clone(), status, node, boot, problem, is_so_since, last_end }
    }

    /// What it says of its readiness, or else that it takes connections.
    fn ready_since(&self) -> Option<SystemTime> {
        let is_up = matches!(self.status.state, State::Up { .. }) && self.problem.is_none();
        let since = || {
            self.node.as_ref().map_or_else(|| words::since(&self.status.state, self.now), |node| node.since)
        };
        is_up.then(since)
    }

    /// How long its event loop had stood still, where it was not ready for that.
    fn after_stall(&self) -> Option<Duration> {
        let (since, last) = (self.ready_since()?, self.status.stalls.first()?);
        let after = since.duration_since(last.at + last.lasted).unwrap_or_default();
        (!last.goes_on && since > last.at && after < ASKED_ANEW).then_some(last.lasted)
    }

    /// Whether what is wrong is told first on the page, with what to do: it is not told again.
    fn is_told(&self) -> bool {
        self.problem.is_some() && !self.starts_well()
    }

    /// Whether this start of it has come to its end, so that what it says of its readiness is no word of a start.
    fn has_started(&self) -> bool {
        match (&self.boot, &self.node) {
            (Some(boot), _) => matches!(boot.outcome(), Outcome::Started(_)),
            (None, Some(node)) => !self.says_so_from_the_beginning(node),
            (None, None) => false,
        }
    }

    fn says_so_from_the_beginning(&self, node: &NodeReadiness) -> bool {
        node.since <= words::since(&self.status.state, self.now) + AT_ONCE
    }

    /// It starts, and nothing says that this will not end well: there is nothing to do.
    fn starts_well(&self) -> bool {
        let since = words::since(&self.status.state, self.now);
        let is_starting = match (&self.status.state, &self.node) {
            (State::Starting { .. }, _) | (State::Up { .. }, None) => true,
            // One that says so later has been ready before.
            (State::Up { .. }, Some(node)) => {
                matches!(node.said, Said::NotReady(503, _)) && self.says_so_from_the_beginning(node)
            }
            (State::Down { .. } | State::Failed { .. }, _) => false,
        };
        let (began, goes_well) = match &self.boot {
            Some(boot) => (boot.began_at, boot.outcome() == Outcome::Starting && boot.rejection.is_none()),
            None => (since, true),
        };
        let is_long = self.now.duration_since(began).unwrap_or_default() >= START;
        let has_ended = self.last_end.is_some() || self.gateway.given_up().is_some();
        is_starting && goes_well && !is_long && !has_ended && stalls::now(&self.status).is_none()
    }

    fn lasted(&self) -> String {
        let since = words::since(&self.status.state, self.now);
        format::lasted(self.now.duration_since(since).unwrap_or_default())
    }
}

/// The part. Operators are told how they ask `ops`.
pub(crate) fn part(
    gateway: &Gateway,
    (last_end, lately): (&LastEnd, &Lately),
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
    let figures = lately.figures(gateway, &seen.status, now, &mut live);
    let lists = [
        stalls::last_ones(&seen, &mut live),
        refused::refused(&seen, &mut live),
        spend::spend(&seen, &mut live),
    ];
    let start_drawn = start::waterfall(&seen);
    let said = panel(html! {
        p { (state) } (start) (stalls) (drift) p."small quiet" { (counts) } (last_exit) (hint)
    });
    let body = html! { (said) (table::table(&seen, &mut live)) @for list in lists { (list) } };
    let note = "What this backend does not own, that one answers";
    let body = html! { (Part::new("gateway", "Node backend").note(note).body(body)) (start_drawn) };
    let has_lines = gateway.child_facts().has_lines();
    let (ready_since, after_stall) = (seen.ready_since(), seen.after_stall());
    let behind = Some(Behind { ready_since, has_lines, after_stall });
    NowPart { calls: calls::calls(&seen, config, ops), problem: seen.problem, body, figures, live, behind }
}

/// Its state, since when. A sentence breaks where it has to, as the word beside a mark would not.
fn state(seen: &Seen) -> Markup {
    let (mark, said) = match (&seen.status.state, &seen.problem) {
        (State::Up { .. }, None) => (Mark::Ok, answers(seen)),
        (State::Up { .. }, Some(_)) => (Mark::Warn, known_sentence(seen)),
        (State::Starting { .. }, _) => (Mark::Unknown, known_sentence(seen)),
        (State::Down { .. } | State::Failed { .. }, _) => (Mark::Fail, known_sentence(seen)),
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

/// The problem with its time: in full where the page does not tell it above.
fn known_sentence(seen: &Seen) -> Markup {
    let (Some(Problem { what, .. }), Some(since)) = (&seen.problem, seen.is_so_since) else {
        return html! {};
    };
    let at = time::time(since, seen.now);
    if seen.is_told() {
        return html! { "Node does not serve as it should since " (at) " UTC: what is known of that stands above." };
    }
    let what = foreign_plain(what);
    let what = what.strip_prefix("the ").map_or_else(|| what.clone(), |rest| format!("The {rest}"));
    // What it waits for, the next sentence says.
    let is_said = seen.boot.as_ref().is_some_and(|boot| boot.plugins_at.is_some());
    html! {
        @if !is_said { (what) ", since " (at) " UTC. " }
        "Until Node is ready, readiness answers 503"
        @if matches!(seen.status.state, State::Starting { .. }) {
            ", and each request waits up to " (calls::waits(seen.gateway.pause())) " for it"
        }
        "."
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
