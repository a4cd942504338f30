//! Where events come in and the watching thread waits: of bounded size, however many there are.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::live::lock;

/// How long it must be quiet before files are read.
const QUIET: Duration = Duration::from_millis(20);
/// How long it may stay unquiet.
const PATIENCE: Duration = Duration::from_millis(200);

#[derive(Default)]
pub(crate) struct Signal {
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Default)]
struct State {
    /// The names under which events tell of the files.
    known: HashSet<PathBuf>,
    /// Those of them that an event named.
    named: HashSet<PathBuf>,
    /// Whether anything else happened near the files.
    beside: bool,
    stop: bool,
}

pub(crate) enum Wake {
    Stop,
    Look(Vec<PathBuf>),
}

impl Signal {
    pub(crate) fn stop(&self) {
        lock(&self.state).stop = true;
        self.woken.notify_all();
    }

    /// Sets which names matter: others only say that it is worth looking.
    pub(crate) fn know(&self, known: HashSet<PathBuf>) {
        lock(&self.state).known = known;
    }

    pub(crate) fn happened<'a>(&self, paths: impl IntoIterator<Item = &'a Path>) {
        let mut state = lock(&self.state);
        for path in paths {
            match state.known.get(path).cloned() {
                Some(known) => {
                    state.named.insert(known);
                }
                None => state.beside = true,
            }
        }
        drop(state);
        self.woken.notify_all();
    }

    /// Something was lost: every file may have changed.
    pub(crate) fn all_may_have_happened(&self) {
        let mut state = lock(&self.state);
        state.named = state.known.clone();
        drop(state);
        self.woken.notify_all();
    }

    /// Waits for events to come and to settle, or for the time to look anyway.
    pub(crate) fn wait(&self, look: Duration) -> Wake {
        let mut state = lock(&self.state);
        let quiet = |state: &mut State| !state.stop && !state.beside && state.named.is_empty();
        state = self.woken.wait_timeout_while(state, look, quiet).unwrap_or_else(PoisonError::into_inner).0;
        let first = Instant::now();
        let mut all = HashSet::new();
        while !state.stop && (state.beside || !state.named.is_empty()) {
            all.extend(state.named.drain());
            state.beside = false;
            if first.elapsed() >= PATIENCE {
                break;
            }
            state =
                self.woken.wait_timeout_while(state, QUIET, quiet).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.stop { Wake::Stop } else { Wake::Look(all.into_iter().collect()) }
    }
}
