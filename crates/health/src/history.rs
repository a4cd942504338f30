//! What a check has said, and for how long.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use crate::{Check, Outcome};

/// How many changes of a check are remembered.
pub(crate) const MOST_CHANGES: usize = 20;

/// How many characters of a reason are remembered.
const LONGEST: usize = 300;

/// What a check has said so far, in earlier starts of the backend too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// When it passed last.
    pub last_success: Option<SystemTime>,
    /// When it failed last.
    pub last_failure: Option<SystemTime>,
    /// How many times its outcome has changed.
    pub flips: u64,
    /// For how long the present outcome was seen. Time in which nothing ran the check does not count, as while the process was
    /// stopped, or away.
    pub seen: Duration,
    /// The last 20 outcomes, the present one at the end.
    pub changes: VecDeque<Change>,
}

/// An outcome, from when it came until the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When the run began that said so first.
    pub at: SystemTime,
    /// What it said.
    pub outcome: Outcome,
    /// Why, as it said at first.
    pub reason: Option<String>,
    /// For how long it was seen to say so, as far as is remembered; `None` for the present one.
    pub lasted: Option<Duration>,
}

impl History {
    /// What it says now.
    pub(crate) fn now(&self) -> Option<&Change> {
        self.changes.back()
    }

    /// Since when it has not passed, if it does not. As far as is remembered.
    pub(crate) fn unwell_since(&self) -> Option<SystemTime> {
        let unwell = self.changes.iter().rev().take_while(|change| change.outcome != Outcome::Pass);
        unwell.last().map(|change| change.at)
    }

    /// For how long it was seen not to pass, if it does not. As far as is remembered.
    fn unwell_for(&self) -> Duration {
        let unwell = self.changes.iter().rev().take_while(|change| change.outcome != Outcome::Pass);
        let each = unwell.map(|change| change.lasted.unwrap_or(self.seen));
        each.fold(Duration::ZERO, Duration::saturating_add)
    }

    pub(crate) fn is_unwell(&self) -> bool {
        self.now().is_some_and(|now| now.outcome != Outcome::Pass)
    }

    /// When it was last heard of, before `now`: clocks go wrong, and what is told of the future says nothing.
    pub(crate) fn heard(&self, now: SystemTime) -> Option<SystemTime> {
        let changed = self.changes.iter().map(|change| change.at);
        let all = changed.chain(self.last_success).chain(self.last_failure);
        all.filter(|at| *at <= now).max()
    }

    /// Whether a restart should know of it.
    pub(crate) fn is_telling(&self) -> bool {
        self.flips > 0 || self.is_unwell()
    }
}

/// A history that goes on, with times that no clock can set back.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) history: History,
    /// When its last run began, in this process.
    ran: Option<Instant>,
    /// For how long it was seen not to pass, since it last did.
    unwell: Duration,
    /// What the log of this process has been told; `None` before the first run.
    told: Option<Outcome>,
}

/// What a result is to those who read the log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// It says what it has said before.
    None,
    /// It does not pass, or not as before.
    Unwell,
    /// It passes again, after so long.
    Recovered(Duration),
}

impl Record {
    pub(crate) fn of(history: History) -> Self {
        Self { unwell: history.unwell_for(), history, ..Self::default() }
    }

    /// Remembers what a run has said that began then. `most` is the longest time between two runs that are not late: of a longer one,
    /// in which nothing ran, no more counts.
    pub(crate) fn add(&mut self, check: &Check, at: SystemTime, began: Instant, most: Duration) -> News {
        let history = &mut self.history;
        let before = history.now().map(|now| now.outcome);
        // What the last run said held until now, as far as anybody saw.
        let passed = self
            .ran
            .replace(began)
            .map_or(Duration::ZERO, |ran| began.saturating_duration_since(ran).min(most));
        history.seen = history.seen.saturating_add(passed);
        if before.is_some_and(|before| before != Outcome::Pass) {
            self.unwell = self.unwell.saturating_add(passed);
        }
        let news = match (self.told.replace(check.outcome), check.outcome) {
            // An earlier start may have left it unwell: that it passes now is news, too.
            (told, Outcome::Pass) if told.or(before).is_none_or(|told| told == Outcome::Pass) => News::None,
            (_, Outcome::Pass) => News::Recovered(self.unwell),
            (told, now) if told == Some(now) => News::None,
            _ => News::Unwell,
        };
        match check.outcome {
            Outcome::Pass => history.last_success = Some(at),
            Outcome::Fail => history.last_failure = Some(at),
            Outcome::Warn => {}
        }
        if before == Some(check.outcome) {
            return news;
        }
        if let Some(last) = history.changes.back_mut() {
            last.lasted = Some(history.seen);
            history.flips = history.flips.saturating_add(1);
        }
        if history.changes.len() == MOST_CHANGES {
            history.changes.pop_front();
        }
        let reason = check.message.as_deref().map(|text| text.chars().take(LONGEST).collect());
        history.changes.push_back(Change { at, outcome: check.outcome, reason, lasted: None });
        history.seen = Duration::ZERO;
        if check.outcome == Outcome::Pass {
            self.unwell = Duration::ZERO;
        }
        news
    }
}
