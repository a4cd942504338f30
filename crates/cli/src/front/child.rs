//! The Node backend as a child process: a root service, which ends the backend around it with its own end.

use std::{
    io,
    process::ExitCode,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use greenroom::{
    core::{Phase, RootLifecycle, Service, at_forced_end, first_signal, scope, stop_backends},
    errors::Result,
};
use greenroom_wrap::{
    Input, LastWords, Launch, OnExit, Output, RunSettings, State, Supervisor, SupervisorOptions, is_pid_1,
    reap_orphans,
};

use super::cannot;

/// The codes of a process that SIGINT and SIGTERM have ended.
const INTERRUPTED: i32 = 130;
const TERMINATED: i32 = 143;

/// How much longer than its grace the stop of a child may take: whoever is killed is to be waited for.
const BEYOND_GRACE: Duration = Duration::from_secs(8);

/// What is left to the child in any case, whatever was before: a Node backend ends in seconds.
const LEAST: Duration = Duration::from_secs(5);

/// How long a hook may take that only notes the time.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The child. When the last handle is dropped, it is killed.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub(super) supervisor: Supervisor,
}

impl Service for Child {
    const ID: &'static str = "greenroom.child";
    type Scope = scope::Root;
}

/// Is told of each state of a child.
pub(super) type OnState = Box<dyn Fn(&State) + Send + Sync>;

impl Child {
    /// Starts it, and sees to it that it ends with this process and this process with it. `before_stop` is awaited before it is
    /// asked to end. Who is told of its states notes them in its last words.
    pub(super) fn start<F: Future<Output = ()> + Send + 'static>(
        settings: &RunSettings,
        lifecycle: &RootLifecycle,
        words: &LastWords,
        output: Option<Output>,
        on_state: OnState,
        mut launch: impl FnMut() -> io::Result<Launch> + Send + 'static,
        before_stop: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Self> {
        let input = Input::terminal().map_err(|error| cannot("read from the terminal", &error))?;
        let on_state = move |state: &State| {
            on_state(state);
            if state.is_final() {
                stop_backends("the Node backend has ended");
            }
        };
        let (restart, on_state) = (settings.restart, Some(Box::new(on_state) as OnState));
        let (launching, exited) = (words.clone(), words.clone());
        let on_exit = Some(Box::new(move || exited.exited()) as OnExit);
        let options = SupervisorOptions { restart, input, output, on_state, on_exit };
        let supervisor = Supervisor::start(options, move || {
            let launch = launch()?;
            launching.launching(&launch.command);
            Ok(launch)
        });
        let passing = words.clone();
        let forwarded = supervisor.forward_signals(move |signal| passing.passes_on(signal));
        forwarded.map_err(|error| cannot("pass signals on", &error))?;
        if is_pid_1() {
            reap_orphans(supervisor.target()).map_err(|error| cannot("take care of orphans", &error))?;
        }
        let (killed, forced) = (supervisor.target().clone(), words.clone());
        let guard = at_forced_end(move || {
            killed.kill_group();
            forced.forced_end();
        });
        let began = Arc::new(OnceLock::new());
        let (noted, last, stopping) = (began.clone(), supervisor.clone(), words.clone());
        lifecycle.add_hook_in(
            Phase::BeforeShutdown,
            "the Node backend's grace",
            AT_ONCE,
            async move || {
                let _ = noted.set(Instant::now());
                last.restart_no_more();
                match first_signal() {
                    Some(_) => stopping.stopping(),
                    None => stopping.stopping_by_itself(),
                }
                Ok(())
            },
        )?;
        let stopped = supervisor.clone();
        let grace = settings.grace;
        let deadline = grace.saturating_add(BEYOND_GRACE);
        lifecycle.add_hook_in(Phase::Drain, "the Node backend's end", deadline, async move || {
            before_stop().await;
            let spent = began.get().map(Instant::elapsed).unwrap_or_default();
            stopped.stop(left_of(grace, spent)).await;
            // Kept by the hook: this service is dropped when a stop begins, and the second signal comes after that.
            drop(guard);
            Ok(())
        })?;
        Ok(Self { supervisor })
    }
}

/// The grace counts from the signal: what else the stop has taken so far is a part of it.
fn left_of(grace: Duration, spent: Duration) -> Duration {
    grace.saturating_sub(spent).max(grace.min(LEAST))
}

/// The code with which a child has ended, once that is known.
#[derive(Clone, Debug, Default)]
pub(super) struct ChildCode(Arc<OnceLock<Code>>);

#[derive(Clone, Copy, Debug)]
struct Code {
    code: i32,
    /// We have asked it to end.
    is_asked: bool,
}

impl ChildCode {
    /// The first one stays.
    pub(super) fn set(&self, code: i32) {
        let _ = self.0.set(Code { code, is_asked: false });
    }

    /// Notes that of a last state.
    pub(super) fn note(&self, state: &State) {
        if let Some(code) = state.exit_code() {
            let is_asked = matches!(state, State::Ended { stopped: Some(_), .. });
            let _ = self.0.set(Code { code, is_asked });
        }
    }

    /// Any but 0: a child that ended well leaves it to us. If the child died of our SIGTERM, the code is that of the signal that we got:
    /// 130 for SIGINT, for which it gets SIGTERM, too: tools in between take SIGINT for one that reaches the whole terminal, and do not
    /// hand it on. A child that we have ended without any signal ended by something of ours, such as a start that failed: that is told.
    pub(super) fn failure(&self) -> Option<i32> {
        self.failure_after(first_signal())
    }

    /// The same after this signal.
    fn failure_after(&self, signal: Option<&str>) -> Option<i32> {
        let Code { code, is_asked } = self.0.get().copied()?;
        if code == 0 || (is_asked && signal.is_none()) {
            return None;
        }
        let stands_for_interrupt = code == TERMINATED && signal == Some("SIGINT");
        Some(if stands_for_interrupt { INTERRUPTED } else { code })
    }
}

/// As a process can say it.
pub(super) fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_sigint_would_have_ended_ends_by_it_whatever_it_was_sent() {
        for (of_child, signal, code) in [
            (143, None, Some(143)),
            (143, Some("SIGTERM"), Some(143)),
            (143, Some("SIGINT"), Some(130)),
            (7, Some("SIGINT"), Some(7)),
            (0, Some("SIGINT"), None),
        ] {
            let known = ChildCode::default();
            known.set(of_child);
            known.set(1);
            assert_eq!(known.failure_after(signal), code, "{of_child}, {signal:?}");
        }
        assert_eq!(ChildCode::default().failure_after(Some("SIGTERM")), None, "there was none");
        let asked = ChildCode(Arc::new(OnceLock::from(Code { code: 143, is_asked: true })));
        assert_eq!(asked.failure_after(Some("SIGTERM")), Some(143));
        assert_eq!(asked.failure_after(None), None, "our own start has failed");
    }

    #[test]
    fn the_grace_counts_from_the_signal_and_leaves_the_child_five_seconds() {
        for (grace, spent, left) in
            [(25, 0, 25), (25, 4, 21), (25, 20, 5), (25, 24, 5), (25, 60, 5), (2, 0, 2), (2, 4, 2)]
        {
            let [grace, spent, left] = [grace, spent, left].map(Duration::from_secs);
            assert_eq!(left_of(grace, spent), left, "{grace:?}, {spent:?}");
        }
    }
}
