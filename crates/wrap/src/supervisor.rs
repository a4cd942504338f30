//! Who keeps a child running: starts it, starts it again by policy, says how it is, and stops it when told to.

mod keeper;
mod state;

use std::{
    fmt, io,
    sync::{Arc, Weak},
    time::Duration,
};

use greenroom_context::spawn;
use rustix::process::Signal;
use tokio::sync::watch;

use crate::{ChildCommand, ConfigFile, Input, Output, RestartPolicy, Restarts, Target, forward_signals};

use keeper::Keeper;
pub use state::{Restart, State};

/// What is started.
#[derive(Debug)]
pub struct Launch {
    /// The command.
    pub command: ChildCommand,
    /// The port of the loopback interface on which it is to listen, if it was told one.
    pub port: Option<u16>,
    /// The next one would be told the same port: where another program has taken it, a new start does not help.
    pub is_port_fixed: bool,
    /// A file that it reads, kept as long as it runs.
    pub file: Option<ConfigFile>,
}

impl From<ChildCommand> for Launch {
    fn from(command: ChildCommand) -> Self {
        Self { command, port: None, is_port_fixed: false, file: None }
    }
}

/// How a child is kept.
#[derive(Default)]
pub struct SupervisorOptions {
    /// Whether it is started again when it fails.
    pub restart: RestartPolicy,
    /// What it reads; nothing else.
    pub input: Option<Input>,
    /// Where what it prints goes; else where our own output goes.
    pub output: Option<Output>,
    /// Is told of each state, once and in order; [`Supervisor::state`] may skip those that are soon over.
    pub on_state: Option<OnState>,
    /// Is told of each child that its process has ended, at once: the state that tells of it follows when also those whom it has
    /// left behind have ended, and all that it printed is read.
    pub on_exit: Option<OnExit>,
}

/// Is told that a process has ended.
pub type OnExit = Box<dyn Fn() + Send + Sync>;

/// Is told of a state.
pub type OnState = Box<dyn Fn(&State) + Send + Sync>;

impl fmt::Debug for SupervisorOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SupervisorOptions").field("restart", &self.restart).finish_non_exhaustive()
    }
}

/// A handle to a child that is kept running. When the last one is dropped, the child is killed.
#[derive(Clone, Debug)]
pub struct Supervisor {
    orders: Arc<watch::Sender<Orders>>,
    state: watch::Receiver<State>,
    target: Target,
}

/// What the supervisor was told.
#[derive(Clone, Copy, Debug, Default)]
struct Orders {
    /// No other child follows the one that runs.
    is_last: bool,
    /// To stop, within this time.
    stop: Option<Duration>,
    /// The process that was killed because its start had failed.
    given_up: Option<u32>,
}

/// A handle that keeps no child running.
#[derive(Clone, Debug)]
pub struct WeakSupervisor {
    orders: Weak<watch::Sender<Orders>>,
    state: watch::Receiver<State>,
    target: Target,
}

impl WeakSupervisor {
    /// One that does, unless nobody has one any more.
    pub fn upgrade(&self) -> Option<Supervisor> {
        let orders = self.orders.upgrade()?;
        Some(Supervisor { orders, state: self.state.clone(), target: self.target.clone() })
    }
}

impl Supervisor {
    /// Starts a child, in a task of the current backend. `launch` says what to start, each time anew: with another port, if it
    /// chooses one.
    pub fn start(
        options: SupervisorOptions,
        launch: impl FnMut() -> io::Result<Launch> + Send + 'static,
    ) -> Self {
        let (tell, state) = watch::channel(State::starting());
        let (orders, ordered) = watch::channel(Orders::default());
        let target = Target::default();
        let keeper = Keeper {
            launch: Box::new(launch),
            restarts: Restarts::new(options.restart),
            input: options.input,
            output: options.output,
            on_state: options.on_state,
            on_exit: options.on_exit,
            target: target.clone(),
            state: tell,
            orders: ordered,
            last: None,
            has_moved: false,
        };
        spawn("child", keeper.keep());
        Self { orders: Arc::new(orders), state, target }
    }

    /// How it is, now and from now on. Closed once nothing follows.
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// The child that runs now, to send signals to. Whoever ends this process at once kills it by
    /// [`kill_group`](Target::kill_group), and no other one is started.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// From here on the child gets the signals that are for it: see [`forward_signals`].
    ///
    /// # Errors
    /// When the system lets nobody serve a signal.
    pub fn forward_signals(&self, before: impl Fn(Signal) + Clone + Send + Sync + 'static) -> io::Result<()> {
        forward_signals(&self.target, before)
    }

    /// Starts no other child from here on; the one that runs goes on. For a stop that begins before the child is told of it.
    pub fn restart_no_more(&self) {
        self.orders.send_modify(|orders| orders.is_last = true);
    }

    /// Whether a stop has begun.
    pub fn is_stopping(&self) -> bool {
        self.orders.borrow().is_last
    }

    /// Kills the child that runs: its start has failed, and it does not end by itself. By policy it is started again; asked to end, it
    /// would end well. Once a stop has begun nothing is done: that one ends it in order.
    pub fn give_up(&self) {
        self.orders.send_modify(|orders| {
            if !orders.is_last {
                orders.given_up = self.target.pid();
                self.target.signal(Signal::KILL);
            }
        });
    }

    /// A handle that keeps no child running.
    pub fn downgrade(&self) -> WeakSupervisor {
        let (state, target) = (self.state.clone(), self.target.clone());
        WeakSupervisor { orders: Arc::downgrade(&self.orders), state, target }
    }

    /// Stops the child, as [`Child::stop`](crate::Child::stop) does, and starts none any more. Returns the last state. The first
    /// one who calls it says how long it may take.
    pub async fn stop(&self, grace: Duration) -> State {
        self.orders.send_modify(|orders| {
            orders.is_last = true;
            orders.stop.get_or_insert(grace);
        });
        self.end().await
    }

    /// Waits until nothing follows any more, and returns the last state.
    pub async fn end(&self) -> State {
        let mut state = self.state.clone();
        // It is gone without a last word if the backend's tasks have ended.
        let _ = state.wait_for(State::is_final).await;
        state.borrow().clone()
    }
}
