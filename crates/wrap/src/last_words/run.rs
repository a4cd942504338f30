//! A child while it runs, and what becomes of that when it ends.

use std::time::Instant;

use rustix::process::Signal;

use super::{
    Inner, Moment,
    cause::{Cause, Evidence},
    end::{LastExit, Time},
};
use crate::{Ended, Exit, Memory, State, StoppedBy, ended::signal_name};

/// What is known of a child that runs.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) pid: u32,
    pub(super) since: Instant,
    /// Where it was told to listen.
    pub(super) port: Option<u16>,
    /// Whether it has listened; `None` as long as nobody knows.
    pub(super) listened: Option<bool>,
    /// It has said that it is ready: its start has gone well, whatever is printed from then on.
    pub(super) was_ready: bool,
    /// As it was looked at last.
    pub(super) memory: Option<Memory>,
    /// How many the kernel had killed when it was looked at the last time, and the time before. The later count may have that
    /// of this child already, which takes a while to end.
    oom_kills: [Option<u64>; 2],
    /// The same at its end; `None` as long as it runs.
    oom_kills_at_end: Option<Option<u64>>,
    /// Since when it is known that its start has failed.
    pub(super) failing_since: Option<Instant>,
    /// That was told.
    pub(super) is_failure_told: bool,
    /// That its start takes long, too.
    pub(super) is_hang_told: bool,
    pub(super) is_given_up: bool,
    /// When that is to be, and whether its start has failed for certain.
    pub(super) gives_up: Option<(Instant, bool)>,
    /// It is stopped for a reason of our own.
    pub(super) is_stopped_by_itself: bool,
    /// The last signal that was sent to us, and that it got in our place.
    pub(super) passed_on: Option<i32>,
}

impl Run {
    pub(super) fn new(pid: u32, since: Instant, port: Option<u16>, oom_kills: Option<u64>) -> Self {
        Self {
            pid,
            since,
            port,
            listened: port.map(|_| false),
            was_ready: false,
            memory: None,
            oom_kills: [oom_kills; 2],
            oom_kills_at_end: None,
            failing_since: None,
            is_failure_told: false,
            is_hang_told: false,
            is_given_up: false,
            gives_up: None,
            is_stopped_by_itself: false,
            passed_on: None,
        }
    }

    /// Its process has ended: from here on no look tells of it any more, but of what comes after it.
    pub(super) fn exited(&mut self, oom_kills: Option<u64>) {
        self.oom_kills_at_end.get_or_insert(oom_kills);
    }

    pub(super) fn has_exited(&self) -> bool {
        self.oom_kills_at_end.is_some()
    }

    /// Notes a look.
    pub(super) fn looked(&mut self, memory: Memory, oom_kills: Option<u64>) {
        self.memory = Some(memory);
        self.oom_kills = [oom_kills, self.oom_kills[0]];
    }

    /// What stands behind how it ended.
    fn why(&self, cause: Cause, ended: Ended, stopped: Option<StoppedBy>) -> String {
        let is_asked = stopped.is_some_and(|by| by > StoppedBy::Itself);
        match cause {
            Cause::Stopped if self.is_stopped_by_itself => {
                " (nobody asked for it: Greenroom itself has ended, and its log says why)".to_owned()
            }
            // How it ended says it all.
            Cause::Stopped | Cause::Exit | Cause::CannotRun | Cause::Unknown => String::new(),
            Cause::StartFailed if ended.exit == Exit::GivenUp => String::new(),
            Cause::StartFailed if self.is_given_up && is_asked => {
                " (Greenroom ended it, because its start had failed and it did not end by itself)".to_owned()
            }
            cause => format!(" ({cause})"),
        }
    }

    /// The record of its end.
    pub(super) fn end(self, state: &State, inner: &Inner) -> Option<LastExit> {
        let (ended, stopped) = match state {
            State::Ended { ended, stopped, .. } => ((*ended)?, *stopped),
            State::Failed { ended, .. } => ((*ended)?, None),
            State::Starting { .. } | State::Running { .. } => return None,
        };
        let mut said = inner.tail.said(&inner.mask);
        if self.was_ready {
            // Words of whoever prints them.
            said.startup = None;
        }
        // It may have listened between two looks.
        let says_so = self.port.is_some_and(|port| inner.tail.has_listened_on(port));
        let at_end = self.oom_kills_at_end.unwrap_or_else(|| inner.machine.oom_kills());
        let oom_kills = at_end.zip(self.oom_kills[1]);
        let evidence = Evidence {
            exit: ended.exit,
            stopped,
            is_given_up: self.is_given_up,
            passed_on: self.passed_on,
            oom_kills: oom_kills.map(|(now, before)| now.saturating_sub(before)),
            said: &said,
            listened: if says_so { Some(true) } else { self.listened },
            memory: self.memory.and_then(|memory| memory.share()),
        };
        let cause = evidence.cause();
        let detail = match cause {
            // Of what it printed before, nothing is why somebody else has ended it.
            Cause::Stopped
            | Cause::PassedOn
            | Cause::Killed
            | Cause::CgroupOom
            | Cause::KilledOrCgroupOom => None,
            Cause::V8HeapLimit | Cause::Abort => said.fatal.clone(),
            Cause::StartFailed => said.startup.clone().or_else(|| said.rejection.clone()),
            _ => said.error().map(str::to_owned),
        };
        Some(LastExit {
            in_flight: (inner.in_flight)(Moment::End),
            pid: Some(self.pid),
            memory: self.memory.map(Into::into),
            detail,
            lines: said.lines,
            ..told(state, &self.why(cause, ended, stopped), cause, Some(ended), inner)
        })
    }
}

/// The record of a child that never was.
pub(super) fn cannot_run(state: &State, inner: &Inner) -> LastExit {
    told(state, "", Cause::CannotRun, None, inner)
}

fn told(state: &State, why: &str, cause: Cause, ended: Option<Ended>, inner: &Inner) -> LastExit {
    let sentence = (inner.mask)(&format!("{state}{why}"));
    let signal = ended.and_then(|ended| match ended.exit {
        Exit::Signal(number) => Some(signal_name(number).map_or_else(|| number.to_string(), str::to_owned)),
        Exit::GivenUp => signal_name(Signal::KILL.as_raw()).map(str::to_owned),
        Exit::Code(_) | Exit::Unknown => None,
    });
    LastExit {
        time: Time::now(),
        start_id: inner.start_id.clone(),
        cause,
        sentence: greenroom_redact::text(&sentence).into_owned(),
        detail: None,
        code: ended.filter(|ended| ended.exit != Exit::Unknown).map(|ended| ended.exit_code()),
        signal,
        uptime_ms: ended.map(|ended| u64::try_from(ended.uptime.as_millis()).unwrap_or(u64::MAX)),
        pid: None,
        memory: None,
        in_flight: Default::default(),
        lines: vec![],
    }
}
