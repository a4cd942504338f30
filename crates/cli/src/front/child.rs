//! The Node backend as a child process: a root service, which ends the backend around it with its own end.

use std::{io, sync::Arc, time::Duration};

use greenroom::{
    core::{Phase, RootLifecycle, Service, at_forced_end, scope, stop_backends},
    errors::Result,
};
use greenroom_wrap::{
    Input, Launch, RunSettings, State, Supervisor, SupervisorOptions, is_pid_1, reap_orphans,
};

use super::cannot;

/// How much longer than its grace the stop of a child may take: whoever is killed is to be waited for.
const BEYOND_GRACE: Duration = Duration::from_secs(6);

/// What stands in the log where a signal's name does.
const ITS_END: &str = "the end of the Node backend";

/// The child. When the last handle is dropped, it is killed.
#[derive(Clone, Debug)]
pub(super) struct Child(pub(super) Supervisor);

impl Service for Child {
    const ID: &'static str = "greenroom.child";
    type Scope = scope::Root;
}

/// Is told of each state of a child.
pub(super) type OnState = Box<dyn Fn(&State) + Send + Sync>;

impl Child {
    /// Starts it, and sees to it that it ends with this process and this process with it. `before_stop` is awaited before it is
    /// asked to end.
    pub(super) fn start<F: Future<Output = ()> + Send + 'static>(
        settings: RunSettings,
        lifecycle: &RootLifecycle,
        on_state: OnState,
        launch: impl FnMut() -> io::Result<Launch> + Send + 'static,
        before_stop: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Self> {
        let input = Input::terminal().map_err(|error| cannot("read from the terminal", &error))?;
        let on_state = move |state: &State| {
            on_state(state);
            if state.is_final() {
                stop_backends(ITS_END);
            }
        };
        let options =
            SupervisorOptions { restart: settings.restart, input, on_state: Some(Box::new(on_state)) };
        let supervisor = Supervisor::start(options, launch);
        supervisor.forward_signals().map_err(|error| cannot("pass signals on", &error))?;
        if is_pid_1() {
            reap_orphans(supervisor.target()).map_err(|error| cannot("take care of orphans", &error))?;
        }
        let killed = supervisor.clone();
        at_forced_end(move || killed.kill());
        let stopped = supervisor.clone();
        let deadline = settings.grace + BEYOND_GRACE;
        lifecycle.add_hook_in(Phase::Drain, "the Node backend's end", deadline, async move || {
            before_stop().await;
            stopped.stop(settings.grace).await;
            Ok(())
        })?;
        Ok(Self(supervisor))
    }
}

/// The code with which a child has ended, once that is known.
#[derive(Clone, Debug, Default)]
pub(super) struct ChildCode(Arc<std::sync::OnceLock<i32>>);

impl ChildCode {
    /// The first one stays.
    pub(super) fn set(&self, code: i32) {
        let _ = self.0.set(code);
    }

    /// Notes that of a last state.
    pub(super) fn note(&self, state: &State) {
        if let Some(code) = state.exit_code() {
            self.set(code);
        }
    }

    /// None but 0: a child that ended well leaves it to us.
    pub(super) fn failure(&self) -> Option<i32> {
        self.0.get().copied().filter(|code| *code != 0)
    }
}
