//! A stop in order, and what it leaves.

use std::{collections::HashSet, time::Duration};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Child;
use crate::{Ended, Exit, proc};

/// So long before the end of the grace the child is asked once more, which Node takes as: at once; and whoever is left behind and was
/// not told yet is told.
const BEFORE_KILL: Duration = Duration::from_secs(2);
/// Who is killed is gone by then, unless the system itself holds it.
const AFTER_KILL: Duration = Duration::from_secs(5);
/// Whoever outlives by so much a child that has ended in order was hardly told by it.
const TOLD_BY_CHILD: Duration = Duration::from_secs(6);
/// Nothing tells when the last of a group has ended.
const LOOK: Duration = Duration::from_millis(20);

/// How a stop went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// How the child ended.
    pub ended: Ended,
    /// What it took.
    pub by: StoppedBy,
}

/// What it took to end a child, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoppedBy {
    /// Nothing: it had ended.
    Itself,
    /// SIGTERM, once.
    Term,
    /// A second SIGTERM, shortly before the grace was over.
    SecondTerm,
    /// SIGKILL, when the grace was over.
    Kill,
}

impl Child {
    /// Asks the child to end, and sees to it that it has ended, with all that it has started, when `grace` is over: SIGTERM to
    /// the child alone, once more 2 s before the end, and then SIGKILL to its process group. Those whom the child leaves behind get
    /// SIGTERM as well, once: at once if SIGTERM has killed the child, or would have killed them when the stop began; 6 s later if
    /// both had something of their own to do at SIGTERM, for the child may have told them. Whose own parent is left behind, too, hears
    /// it from that one. Whoever was not told by us 2 s before the end is told then. Of a grace under 4 s, half stands for these 2 s.
    pub async fn stop(&mut self, grace: Duration) -> Stopped {
        let (second, last) = ends_of(grace);
        let mortals = proc::mortals_of_group(self.pid, Signal::TERM);
        let (ended, by) = self.ask(second, last).await;
        // A child that had no answer to SIGTERM, or ends as a shell does whose command had none, has told nobody else of it: npm
        // leaves the backend behind in this way.
        let told_nobody = ended.exit_code() == 128 + Signal::TERM.as_raw();
        let told_by_now = if told_nobody { Instant::now() } else { Instant::now() + TOLD_BY_CHILD };
        self.end_group(&mortals, told_by_now, second, last).await;
        Stopped { ended, by }
    }

    async fn ask(&mut self, second: Instant, last: Instant) -> (Ended, StoppedBy) {
        if let Some(ended) = self.ended {
            return (ended, StoppedBy::Itself);
        }
        self.target.signal(Signal::TERM);
        if let Ok(ended) = timeout_at(second, self.wait()).await {
            return (ended, StoppedBy::Term);
        }
        self.target.signal(Signal::TERM);
        if let Ok(ended) = timeout_at(last, self.wait()).await {
            return (ended, StoppedBy::SecondTerm);
        }
        self.kill_group();
        let ended = match timeout(AFTER_KILL, self.wait()).await {
            Ok(ended) => ended,
            Err(_) => self.set_ended(Exit::Unknown),
        };
        (ended, StoppedBy::Kill)
    }

    /// What to do when the child has ended by itself: whatever it has started and left in its group ends as well, by SIGTERM, and
    /// by SIGKILL after `grace`.
    pub async fn end_rest(&mut self, grace: Duration) {
        let (second, last) = ends_of(grace);
        self.end_group(&HashSet::new(), Instant::now(), second, last).await;
    }

    /// Waits for those whom the child has left. Each whose parent is not among them is told to end, once, and whoever it leaves in turn;
    /// the others hear of it from their parents, as backstage-cli tells the backend: Node would take a second word for a hurry. So a
    /// child that may have handed on SIGTERM gives its own a moment, until `told_by_now`; the `mortals`, whom SIGTERM would have killed,
    /// it has not told. From `second` on nobody is left untold, for a parent may have told nobody.
    ///
    /// The number of a group is free for others once nobody is in it; that it comes to be used again between two looks is out of the
    /// question. Until the end, whoever has no time finds the group by the target.
    async fn end_group(
        &mut self,
        mortals: &HashSet<Pid>,
        told_by_now: Instant,
        second: Instant,
        last: Instant,
    ) {
        if self.is_group_gone {
            return;
        }
        let is_left = |pid| test_kill_process_group(pid).is_ok() && !proc::of_group(pid).is_empty();
        let told_by_now = told_by_now.min(second);
        let mut told = HashSet::new();
        while is_left(self.pid) {
            let now = Instant::now();
            if now >= last {
                let _ = kill_process_group(self.pid, Signal::KILL);
                break;
            }
            let left = if now < second { proc::heads_of_group(self.pid) } else { proc::of_group(self.pid) };
            let is_untold = |pid: &Pid| now >= told_by_now || mortals.contains(pid);
            for pid in left.into_iter().filter(is_untold).filter(|pid| told.insert(*pid)) {
                let _ = kill_process(pid, Signal::TERM);
            }
            sleep(LOOK).await;
        }
        self.forget_group();
    }
}

/// From now on: when whoever is left gets a last word, and when the grace is over.
fn ends_of(grace: Duration) -> (Instant, Instant) {
    let now = Instant::now();
    // A grace that no clock can tell is for ever.
    let at = |after| now.checked_add(after).unwrap_or(now + Duration::from_secs(u32::MAX.into()));
    (at(grace - BEFORE_KILL.min(grace / 2)), at(grace))
}
