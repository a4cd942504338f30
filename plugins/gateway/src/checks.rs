//! What is checked of the Node backend beside its readiness: how often it goes away, and how long it takes.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use greenroom::{health::Severity, prelude::*};
use greenroom_proxy::State;
use parking_lot::Mutex;

use crate::{Gateway, node::Said, words};

/// An end so long ago is told.
const RECENT: Duration = Duration::from_secs(15 * 60);
/// So many ends are remembered: more say nothing more.
const MOST_ENDS: usize = 100;

/// Its readiness comes from memory: an answer to that which takes longer has waited for its event loop.
const LATE: Duration = Duration::from_secs(1);
/// Half of all answers should not take longer to begin.
const SLOW: Duration = Duration::from_secs(2);

/// When it went away lately.
#[derive(Clone, Default)]
struct Ends(Arc<Mutex<VecDeque<Instant>>>);

/// Registers both; neither says more than a warning.
pub(crate) fn declare(gateway: &Gateway, health: &HealthChecks, lifecycle: &Lifecycle) {
    let ends = Ends::default();
    lifecycle.spawn("how often the Node backend goes away", ends.clone().follow(gateway.clone()));
    let of = gateway.clone();
    health.declare("ends").severity(Severity::Degrade).run(async move || {
        let how = of.child_facts().last_exit().map(|exit| exit.sentence);
        ends.check(how, &words::named(&of))
    });
    let of = gateway.clone();
    health.declare("latency").severity(Severity::Degrade).run(async move || {
        let probe = of.node().filter(|node| !matches!(node.said, Said::Nothing(_))).map(|node| node.took);
        slow(probe, of.proxy().status().latency, &words::named(&of))
    });
}

fn slow(probe: Option<Duration>, answers: Option<(Duration, Duration)>, named: &str) -> Check {
    let next =
        "see which plugins are asked most and which take long, at `/.greenroom/`, and the CPU of its process";
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    if let Some((median, late)) = answers.filter(|(median, _)| *median > SLOW) {
        let told = format!(
            "{named} takes {} to begin half of its answers, and {} for one in twenty",
            seconds(median),
            seconds(late)
        );
        return Check::fail(told).next_step(next);
    }
    match probe.filter(|took| *took > LATE) {
        Some(took) => {
            let told = format!(
                "{named} has taken {} to say whether it is ready, which waits for nothing",
                seconds(took)
            );
            Check::fail(told).next_step(next)
        }
        None => Check::pass(),
    }
}

impl Ends {
    async fn follow(self, gateway: Gateway) {
        let mut state = gateway.proxy().state();
        let mut up = None;
        loop {
            let now = match &*state.borrow_and_update() {
                State::Up { since, .. } => Some(*since),
                _ => None,
            };
            // One that ends with this backend has not gone away.
            if up.is_some() && up != now && !gateway.stopping().has_begun() {
                self.note(Instant::now());
            }
            up = now;
            if state.changed().await.is_err() {
                return;
            }
        }
    }

    fn note(&self, at: Instant) {
        let mut ends = self.0.lock();
        if ends.len() == MOST_ENDS {
            ends.pop_front();
        }
        ends.push_back(at);
    }

    /// `how` it has ended last, where it is a child.
    fn check(&self, how: Option<String>, named: &str) -> Check {
        let recent = self.0.lock().iter().filter(|at| at.elapsed() <= RECENT).count();
        let times = match recent {
            // How one has ended is told where that is known.
            0 | 1 => return Check::pass(),
            MOST_ENDS => format!("{MOST_ENDS} times or more"),
            more => format!("{more} times"),
        };
        let how = how.map(|how| format!(". {how}")).unwrap_or_default();
        let minutes = RECENT.as_secs() / 60;
        Check::fail(format!("{named} has gone away {times} within the last {minutes} min{how}"))
            .next_step("see why, as by `greenroom why`, and its last lines before that")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_for_a_quarter_of_an_hour_with_how_often_and_how() {
        let ends = Ends::default();
        let says = |how: Option<&str>| ends.check(how.map(str::to_owned), "Node").message.unwrap_or_default();
        let long_ago = Instant::now().checked_sub(RECENT + Duration::from_secs(1));
        long_ago.into_iter().for_each(|at| ends.note(at));
        assert_eq!(ends.check(None, "Node"), Check::pass());
        ends.note(Instant::now());
        assert_eq!(ends.check(None, "Node"), Check::pass(), "one alone has a line of its own");
        ends.note(Instant::now());
        assert_eq!(says(Some("It broke")), "Node has gone away 2 times within the last 15 min. It broke");
        (0..1000).for_each(|_| ends.note(Instant::now()));
        assert!(says(None).contains("100 times or more") && ends.0.lock().len() == MOST_ENDS);
    }

    #[test]
    fn answers_that_take_long_are_told() {
        let [fast, late, slow_one] = [10, 1500, 3000].map(Duration::from_millis);
        assert_eq!(slow(Some(fast), Some((fast, slow_one)), "Node"), Check::pass());
        assert_eq!(slow(None, None, "Node"), Check::pass());
        let probe = slow(Some(late), None, "Node").message.unwrap();
        assert_eq!(probe, "Node has taken 1.5 s to say whether it is ready, which waits for nothing");
        let answers = slow(Some(late), Some((slow_one, slow_one)), "Node").message.unwrap();
        assert_eq!(answers, "Node takes 3.0 s to begin half of its answers, and 3.0 s for one in twenty");
    }
}
