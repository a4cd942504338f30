//! The process that backends run in: its signals, and its end.
//!
//! One thread serves the signals for all of its backends, until the process is gone: neither a blocked runtime nor one that
//! waits for its end is in the way.

use std::{
    io, mem,
    sync::{Arc, LazyLock},
};

use greenroom_context::{Context, spawn_thread};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{oneshot, watch},
};

use crate::{boot::BootEvent, stop::Stop};

static PROCESS: LazyLock<watch::Sender<Process>> = LazyLock::new(watch::Sender::default);

#[derive(Default)]
struct Process {
    serves_signals: bool,
    /// By its name.
    first_signal: Option<&'static str>,
    early: Early,
    backends: Vec<Member>,
    /// Of those that have ended, whether one failed.
    has_failed: bool,
    /// What is still to be done when the process is ended at once, each with the number of its guard.
    at_forced_end: Vec<(u64, Arc<dyn Fn() + Send + Sync>)>,
    /// How many there have been.
    forced_ends: u64,
}

/// What becomes of a signal before there is a backend.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Early {
    /// It ends the process.
    #[default]
    Ends,
    /// The first backend, which is yet to come, will be told.
    Waits,
    /// It has come, and waits for the first backend.
    Came,
}

struct Member {
    stop: Arc<Stop>,
    /// Not there any more once it was told to stop, by a signal or by [`stop_backends`].
    stops: Option<oneshot::Sender<()>>,
    /// A signal came: the next one ends the process.
    had_signal: bool,
}

/// Serves SIGTERM and SIGINT from here on, for a process that has something to do before its backend [runs](crate::Backend::run).
/// The first signal waits for that backend, which then does not start and ends in order; a second one ends the process at once.
///
/// # Errors
/// When the system has no thread or descriptor left.
pub fn serve_signals() -> io::Result<()> {
    let mut served = Ok(());
    PROCESS.send_if_modified(|process| {
        served = process.serve_signals();
        if served.is_ok() && process.backends.is_empty() {
            process.early = Early::Waits;
        }
        false
    });
    served
}

/// Stops all backends of this process in order, without a signal: the next one is still a first one. `why` stands in the log, as
/// in `Stopping: the child process has ended`.
pub fn stop_backends(why: &str) {
    let mut told = vec![];
    PROCESS.send_if_modified(|process| {
        let members = process.backends.iter_mut();
        told.extend(members.filter_map(|member| Some((member.stop.clone(), member.stops.take()?))));
        false
    });
    for (stop, tell) in told {
        stop.boot().observer.on(&BootEvent::StopAsked(why));
        let _ = tell.send(());
    }
}

/// The first signal that a backend of this process was told of, by its name: `SIGTERM` or `SIGINT`.
pub fn first_signal() -> Option<&'static str> {
    PROCESS.borrow().first_signal
}

/// Calls `end` when a second signal ends the process at once, as long as the guard lives: for what would outlive the process, such
/// as a child process. It must be quick, and wait for nothing.
///
/// ```
/// let guard = greenroom_core::at_forced_end(|| { /* kill what would be left behind */ });
/// // It has ended by itself.
/// drop(guard);
/// ```
#[must_use = "without the guard nothing is called"]
pub fn at_forced_end(end: impl Fn() + Send + Sync + 'static) -> ForcedEndGuard {
    let mut number = 0;
    PROCESS.send_if_modified(|process| {
        process.forced_ends += 1;
        number = process.forced_ends;
        process.at_forced_end.push((number, Arc::new(end)));
        false
    });
    ForcedEndGuard { number }
}

/// Whoever drops it has nothing more to do [at a forced end](at_forced_end).
#[derive(Debug)]
pub struct ForcedEndGuard {
    number: u64,
}

impl Drop for ForcedEndGuard {
    fn drop(&mut self) {
        // What the closure holds is dropped outside of the lock.
        let mut gone = None;
        PROCESS.send_if_modified(|process| {
            let at = process.at_forced_end.iter().position(|(number, _)| *number == self.number);
            gone = at.map(|at| process.at_forced_end.swap_remove(at));
            false
        });
        drop(gone);
    }
}

impl Process {
    fn serve_signals(&mut self) -> io::Result<()> {
        if !self.serves_signals {
            spawn_server()?;
            self.serves_signals = true;
        }
        Ok(())
    }
}

/// A backend of this process, until this is dropped.
pub(crate) struct Membership {
    stop: Arc<Stop>,
    told: oneshot::Receiver<()>,
}

impl Membership {
    /// From here on a first signal is told to this backend, and a second one ends the process.
    pub(crate) fn enter(stop: &Arc<Stop>) -> io::Result<Self> {
        let (tell, told) = oneshot::channel();
        let mut entered = Ok(());
        PROCESS.send_modify(|process| {
            entered = process.serve_signals();
            let had_signal = mem::take(&mut process.early) == Early::Came;
            let stops = if had_signal {
                // There is no log yet that could tell of it.
                let _ = tell.send(());
                None
            } else {
                Some(tell)
            };
            process.backends.push(Member { stop: stop.clone(), stops, had_signal });
        });
        let member = Self { stop: stop.clone(), told };
        entered.map(|()| member)
    }

    /// Resolves once it is told to stop. To be awaited to its end once.
    pub(crate) async fn told_to_stop(&mut self) {
        // The sender is dropped with this membership alone.
        let _ = (&mut self.told).await;
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        PROCESS.send_modify(|process| process.backends.retain(|one| !Arc::ptr_eq(&one.stop, &self.stop)));
    }
}

/// Ends the process once none of its backends runs any more: with 1 if this or another one has failed.
pub(crate) async fn end(has_failed: bool, membership: Option<Membership>) -> ! {
    // Noted before it leaves: else another one that has waited for that would end the process as if nothing had failed.
    PROCESS.send_modify(|process| process.has_failed |= has_failed);
    drop(membership);
    let mut process = PROCESS.subscribe();
    let code = match process.wait_for(|process| process.backends.is_empty()).await {
        Ok(process) => i32::from(process.has_failed),
        Err(_) => i32::from(has_failed),
    };
    std::process::exit(code)
}

fn spawn_server() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut signals = {
        let _runtime = runtime.enter();
        Signals::new()?
    };
    let serve = move || {
        runtime.block_on(async {
            loop {
                received(&signals.next().await);
            }
        })
    };
    // It belongs to no backend.
    Context::default().sync_scope(|| spawn_thread("signals", serve)).map(|_| ())
}

/// A first signal is told to the backends, or to the one to come; a second one ends the process at once.
fn received(signal: &Received) {
    let Some(stopping) = tell_first(signal.name) else { return };
    let at_end = PROCESS.borrow().at_forced_end.clone();
    at_end.iter().for_each(|(_, end)| end());
    for stop in stopping {
        let boot = stop.boot();
        boot.observer.on(&BootEvent::Forced(signal.name));
        boot.observer.close();
    }
    std::process::exit(128 + signal.number)
}

/// Tells the backends that had no signal yet of their first one, or the one to come. If there is none, all of them.
fn tell_first(signal: &'static str) -> Option<Vec<Arc<Stop>>> {
    let (mut first, mut again, mut waits) = (vec![], vec![], false);
    PROCESS.send_if_modified(|process| {
        process.first_signal.get_or_insert(signal);
        if process.early == Early::Waits {
            (process.early, waits) = (Early::Came, true);
        }
        for member in &mut process.backends {
            if mem::replace(&mut member.had_signal, true) {
                again.push(member.stop.clone());
            } else {
                first.push((member.stop.clone(), member.stops.take()));
            }
        }
        false
    });
    let is_first = waits || !first.is_empty();
    for (stop, tell) in first {
        stop.boot().observer.on(&BootEvent::Signal(signal));
        if let Some(tell) = tell {
            let _ = tell.send(());
        }
    }
    (!is_first).then_some(again)
}

struct Received {
    name: &'static str,
    number: i32,
}

struct Signals {
    term: Signal,
    int: Signal,
    /// Kept, and never looked at: a write beyond the limit on the size of files is an error of that write, and not the end of the process.
    _file_size: Signal,
}

/// `SIGXFSZ`.
const FILE_SIZE: i32 = 25;

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            _file_size: signal(SignalKind::from_raw(FILE_SIZE))?,
        })
    }

    async fn next(&mut self) -> Received {
        tokio::select! {
            _ = self.term.recv() => Received { name: "SIGTERM", number: SignalKind::terminate().as_raw_value() },
            _ = self.int.recv() => Received { name: "SIGINT", number: SignalKind::interrupt().as_raw_value() },
        }
    }
}
