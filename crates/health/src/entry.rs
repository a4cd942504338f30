//! A registered check, with what it has said.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom_logging::{Logger, info, warn};
use parking_lot::Mutex;
use tokio::{sync::watch, time::Instant};

use crate::{
    Check, CheckRun, CheckState, Dependency, Kind, Outcome, Severity,
    history::{News, Record},
    kept::Kept,
};

/// How much later than it should a check may run before it is told that it does not.
const SLACK: Duration = Duration::from_secs(5);

/// How many characters of what a check says are kept and told.
const LONGEST: usize = 4000;

/// What a check was declared with, the operator's wishes included.
pub(crate) struct Options {
    pub(crate) kind: Kind,
    pub(crate) severity: Severity,
    pub(crate) timeout: Duration,
    pub(crate) interval: Duration,
    pub(crate) dependency: Option<Dependency>,
    pub(crate) affects: Vec<String>,
    /// Whether readiness fails with it, asked at each probe.
    pub(crate) readiness: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Whether another fails readiness for what it looks at.
    pub(crate) tells_of_readiness: bool,
    /// Whether it is the backend's own.
    pub(crate) is_own: bool,
    /// Whether others tell of it in the log.
    pub(crate) is_quiet: bool,
}

/// One check of the registry. What it has said is told from here whatever its runs are at.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) options: Options,
    pub(crate) last: watch::Sender<Option<CheckRun>>,
    logger: Logger,
    kept: Arc<Kept>,
    said: Mutex<Said>,
}

struct Said {
    record: Record,
    /// When the last result came, or the check was registered.
    at: Instant,
}

impl Entry {
    pub(crate) fn new(name: String, options: Options, logger: Logger, kept: Arc<Kept>) -> Self {
        let said = Said { record: Record::of(kept.take(&name)), at: Instant::now() };
        Self { name, options, last: watch::Sender::new(None), logger, kept, said: Mutex::new(said) }
    }

    /// Whether it has nothing more to find out.
    pub(crate) fn is_done(&self) -> bool {
        let has_passed = || self.last.borrow().as_ref().is_some_and(|last| last.check.is_ok());
        self.options.kind == Kind::Startup && has_passed()
    }

    /// Whether readiness fails with it.
    pub(crate) fn is_required(&self) -> bool {
        (self.options.readiness)()
    }

    /// Whether those see it who look for the checks of plugins.
    pub(crate) fn is_of_plugins(&self) -> bool {
        !self.options.is_own || self.is_required()
    }

    /// Takes what a run has said that began then, and returns it as probes see it.
    pub(crate) fn record(&self, mut check: Check, at: SystemTime, began: Instant) -> Check {
        if let Some(text) = check.message.as_mut()
            && let Some((end, _)) = text.char_indices().nth(LONGEST)
        {
            text.truncate(end);
            text.push('…');
        }
        if check.outcome == Outcome::Fail && self.options.severity == Severity::Degrade {
            check.outcome = Outcome::Warn;
        }
        let (news, since) = {
            let mut said = self.said.lock();
            said.at = Instant::now();
            let news = said.record.add(&check, at, began, self.options.interval + self.options.timeout);
            (news, said.record.history.now().map_or(at, |now| now.at))
        };
        if !self.options.is_quiet {
            self.tell(&check, &news);
        }
        let run = CheckRun { check: check.clone(), at, took: began.elapsed(), since };
        self.last.send_replace(Some(run));
        if news != News::None && !self.options.is_quiet {
            self.kept.changed();
        }
        check
    }

    /// One line when it stops passing, and one when it passes again.
    fn tell(&self, check: &Check, news: &News) {
        let (logger, name) = (&self.logger, &*self.name);
        let reason = check.message.as_deref().unwrap_or_default();
        match (news, check.outcome) {
            (News::None, _) | (News::Unwell, Outcome::Pass) => {}
            (News::Unwell, Outcome::Fail) => {
                warn!(logger, check = name, reason = reason, "Health check failed");
            }
            (News::Unwell, Outcome::Warn) => {
                warn!(logger, check = name, reason = reason, "Health check warns");
            }
            (News::Recovered(lasted), _) => {
                let lasted = u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX);
                info!(logger, check = name, "durationMs" = lasted, "Health check passes again");
            }
        }
    }

    pub(crate) fn state(&self) -> CheckState {
        let (history, at) = {
            let said = self.said.lock();
            (said.record.history.clone(), said.at)
        };
        let patience = self.options.interval + self.options.timeout + SLACK;
        CheckState {
            name: self.name.clone(),
            kind: self.options.kind,
            readiness: self.is_required() || self.options.tells_of_readiness,
            severity: self.options.severity,
            dependency: self.options.dependency.clone(),
            affects: self.options.affects.clone(),
            last: self.last.borrow().clone(),
            overdue: Some(at.elapsed()).filter(|silent| *silent > patience && !self.is_done()),
            history,
        }
    }
}
