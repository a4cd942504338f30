//! When the server behind does not turn its event loop: for how long, and what it does meanwhile.
//!
//! It is asked again and again (`pulse.rs`), and here is what its silence means: a function of what was asked and answered when.

use std::{
    collections::VecDeque,
    time::{Duration, Instant, SystemTime},
};

use serde::Serialize;

use crate::Open;

/// From this silence on it is told.
pub const STALL: Duration = Duration::from_secs(1);

/// How many are remembered.
const KEPT: usize = 20;

/// What an event loop that does not turn does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StallKind {
    /// It runs: code that does not return, or the garbage collector.
    Busy,
    /// It waits within a call, and takes no time of the processor.
    Blocked,
    /// Its process was stopped, as by SIGSTOP.
    Stopped,
    /// Nobody knows: it is no process of ours.
    Unknown,
}

impl StallKind {
    /// In a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Blocked => "blocked",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        }
    }

    /// The same in a sentence.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Busy => "it is busy, as with JavaScript that does not return or with collecting garbage",
            Self::Blocked => "it is blocked, as by a call that waits for a file or for another process",
            Self::Stopped => "its process was stopped, as by SIGSTOP or a debugger",
            Self::Unknown => "what it does is not known, as its process cannot be looked at",
        }
    }
}

/// Who may be why: a plugin, and how many requests to it had begun just before, and have no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suspect {
    /// Empty for what is below no `/api/<id>`.
    pub plugin: String,
    /// How many.
    pub requests: u64,
    /// The one of them that has begun last: what an event loop does that turned until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<Open>,
}

/// One stall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stall {
    /// When it began: to a tenth of a second, or to half a second of a server on another machine, which is asked less often.
    pub at: SystemTime,
    /// How long it has lasted, so far if it goes on.
    pub lasted: Duration,
    /// Whether it goes on.
    pub goes_on: bool,
    /// What the loop does.
    pub kind: StallKind,
    /// Those with most requests first; nobody, if nothing was asked just before.
    pub suspects: Vec<Suspect>,
}

/// The main thread of the server behind, as the system knows it at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MainThread {
    /// How much of the processor it has had so far.
    pub cpu: Duration,
    /// What it does now.
    pub state: ThreadState,
}

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadState {
    /// It runs, or would if there were a processor for it.
    Runs,
    /// It waits for something.
    Waits,
    /// It was stopped.
    Stopped,
}

/// What is known of silences. It is told of each question and each answer.
#[derive(Default)]
pub(crate) struct Stalls {
    answered: Option<Instant>,
    silence: Option<Silence>,
    /// The last ones, the current one at the end.
    known: VecDeque<Stall>,
    count: u64,
}

/// A question that has no answer.
struct Silence {
    asked: Instant,
    /// When the loop has turned last, as far as that can be said.
    began: Instant,
    suspects: Vec<Suspect>,
    looks: Looks,
    is_told: bool,
}

/// What was seen of the thread while it was silent.
#[derive(Default)]
struct Looks {
    first: Option<(Instant, Duration)>,
    last: Option<(Instant, Duration)>,
    runs: u32,
    waits: u32,
    stopped: u32,
}

impl Stalls {
    /// It is asked.
    pub(crate) fn asked(&mut self, now: Instant) {
        // Between the last answer and this question the loop may have stood still at any time.
        let answered = self.answered.filter(|answered| now.saturating_duration_since(*answered) < STALL);
        let began = answered.map_or(now, |answered| answered + now.saturating_duration_since(answered) / 2);
        let (suspects, looks) = Default::default();
        self.silence = Some(Silence { asked: now, began, suspects, looks, is_told: false });
    }

    /// An answer is late: from here on it is looked more closely. These are the requests that may be why.
    pub(crate) fn is_late(&mut self, suspects: Vec<Suspect>) {
        if let Some(silence) = &mut self.silence {
            silence.suspects = suspects;
        }
    }

    /// There is still no answer. Returns a stall that has begun by this.
    pub(crate) fn silent(&mut self, now: Instant, thread: Option<MainThread>) -> Option<&Stall> {
        let silence = self.silence.as_mut()?;
        if let Some(thread) = thread {
            silence.looks.add(now, thread);
        }
        if silence.is_told {
            let (lasted, kind) = (now.saturating_duration_since(silence.began), silence.looks.kind());
            if let Some(stall) = self.known.back_mut() {
                (stall.lasted, stall.kind, stall.suspects) = (lasted, kind, silence.suspects());
            }
            return None;
        }
        if now.saturating_duration_since(silence.asked) < STALL {
            return None;
        }
        silence.is_told = true;
        let lasted = now.saturating_duration_since(silence.began);
        let stall = Stall {
            at: SystemTime::now().checked_sub(lasted).unwrap_or(SystemTime::UNIX_EPOCH),
            lasted,
            goes_on: true,
            kind: silence.looks.kind(),
            suspects: silence.suspects(),
        };
        if self.known.len() == KEPT {
            self.known.pop_front();
        }
        self.count += 1;
        self.known.push_back(stall);
        self.known.back()
    }

    /// It has answered. Returns a stall that has ended by this.
    pub(crate) fn answered(&mut self, now: Instant) -> Option<&Stall> {
        self.answered = Some(now);
        self.ends(now)
    }

    /// It cannot be asked any more, or is not to be. Returns a stall that has ended by this.
    pub(crate) fn gone(&mut self, now: Instant) -> Option<&Stall> {
        self.answered = None;
        self.ends(now)
    }

    fn ends(&mut self, now: Instant) -> Option<&Stall> {
        let silence = self.silence.take().filter(|silence| silence.is_told)?;
        let stall = self.known.back_mut()?;
        stall.lasted = now.saturating_duration_since(silence.began);
        (stall.kind, stall.suspects) = (silence.looks.kind(), silence.suspects());
        stall.goes_on = false;
        Some(stall)
    }

    /// How long the one has lasted that goes on.
    pub(crate) fn lasts(&self) -> Option<Duration> {
        self.known.back().filter(|stall| stall.goes_on).map(|stall| stall.lasted)
    }

    /// How many there were, and the last ones of them, the newest first.
    pub(crate) fn known(&self) -> (u64, Vec<Stall>) {
        (self.count, self.known.iter().rev().cloned().collect())
    }
}

impl Silence {
    /// Who may be why. Whoever was stopped, no request has stopped it: they only wait.
    fn suspects(&self) -> Vec<Suspect> {
        if self.looks.kind() == StallKind::Stopped { vec![] } else { self.suspects.clone() }
    }
}

impl Looks {
    fn add(&mut self, now: Instant, MainThread { cpu, state }: MainThread) {
        self.first.get_or_insert((now, cpu));
        self.last = Some((now, cpu));
        match state {
            ThreadState::Runs => self.runs += 1,
            ThreadState::Waits => self.waits += 1,
            ThreadState::Stopped => self.stopped += 1,
        }
    }

    fn kind(&self) -> StallKind {
        let (Some((began, before)), Some((now, cpu))) = (self.first, self.last) else {
            return StallKind::Unknown;
        };
        if self.stopped > self.runs + self.waits {
            return StallKind::Stopped;
        }
        // One that wants to run and gets no processor is busy, too.
        let takes_half = cpu.saturating_sub(before) * 2 > now.saturating_duration_since(began);
        if takes_half || self.runs > self.waits { StallKind::Busy } else { StallKind::Blocked }
    }
}

#[cfg(test)]
mod tests;
