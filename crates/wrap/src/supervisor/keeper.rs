//! The task that keeps a child running.

use std::{io, time::Duration};

use rustix::process::Signal;
use tokio::{sync::watch, time::sleep};

use super::{Launch, OnExit, OnState, Orders, Restart, State};
use crate::{Child, Ended, Exit, Input, Next, Output, Restarts, StoppedBy, Target, is_taken};

/// How long processes may take to end whose parent has ended by itself.
const REST_GRACE: Duration = Duration::from_secs(2);

/// How one ends that is killed.
const KILLED: Exit = Exit::Signal(Signal::KILL.as_raw());

pub(super) struct Keeper {
    pub(super) launch: Box<dyn FnMut() -> io::Result<Launch> + Send>,
    pub(super) restarts: Restarts,
    pub(super) input: Option<Input>,
    pub(super) output: Option<Output>,
    pub(super) on_state: Option<OnState>,
    pub(super) on_exit: Option<OnExit>,
    pub(super) target: Target,
    pub(super) state: watch::Sender<State>,
    /// Closed once nobody has a handle any more.
    pub(super) orders: watch::Receiver<Orders>,
    /// How the last child ended.
    pub(super) last: Option<Ended>,
    /// Another port was tried since the policy has last started a child.
    pub(super) has_moved: bool,
}

impl Keeper {
    pub(super) async fn keep(mut self) {
        while let Some(pause) = self.run_once().await {
            let is_told = tokio::select! {
                () = sleep(pause) => continue,
                told = self.orders.wait_for(|orders| orders.is_last) => told.is_ok(),
            };
            if is_told {
                self.tell_stopped(StoppedBy::Itself);
            }
            return;
        }
    }

    /// Within which time it is to stop, once it is; `None` when nobody has a handle any more.
    async fn told_to_stop(orders: &mut watch::Receiver<Orders>) -> Option<Duration> {
        orders.wait_for(|orders| orders.stop.is_some()).await.ok().and_then(|orders| orders.stop)
    }

    /// Starts a child and waits for its end. Returns after how long the next one is started, if it is.
    async fn run_once(&mut self) -> Option<Duration> {
        if self.orders.borrow().is_last {
            self.tell_stopped(StoppedBy::Itself);
            return None;
        }
        self.tell(State::starting());
        let launch = (self.launch)();
        let started = launch.and_then(|launch| {
            let (input, output) = (self.input.as_ref(), self.output.as_ref());
            Ok((Child::start_into(&launch.command, &self.target, input, output)?, launch))
        });
        let (mut child, launch) = match started {
            Ok(started) => started,
            Err(_) if self.target.is_closed() => {
                // The last one was killed, by whoever had no time for a stop.
                let stopped = self.last.is_none().then_some(StoppedBy::Itself);
                self.tell(State::Ended { ended: self.last, stopped, restart: None });
                return None;
            }
            Err(error) => {
                self.tell(State::Failed { reason: error.to_string().into(), ended: self.last });
                return None;
            }
        };
        self.tell(State::Running { pid: child.pid(), since: child.started(), port: launch.port });
        let grace = tokio::select! {
            // What has ended by itself was not stopped.
            biased;
            ended = child.wait() => {
                let ended = self.known(ended, child.pid());
                self.last = Some(ended);
                self.tell_exit();
                child.end_rest(REST_GRACE).await;
                tokio::select! {
                    () = child.read_out() => {}
                    // A stop waits for no reader that has paused.
                    _ = Self::told_to_stop(&mut self.orders) => child.read_out_soon().await,
                }
                return self.follow(ended, &launch);
            }
            grace = Self::told_to_stop(&mut self.orders) => grace?,
        };
        let stopped = child.stop(grace).await;
        self.tell_exit();
        child.read_out_soon().await;
        let ended = self.known(stopped.ended, child.pid());
        self.last = Some(ended);
        self.tell_stopped(if ended.exit == Exit::GivenUp { StoppedBy::Itself } else { stopped.by });
        None
    }

    /// The same, with what we know of a kill that is ours.
    fn known(&self, ended: Ended, pid: u32) -> Ended {
        let is_ours = self.orders.borrow().given_up == Some(pid) && ended.exit == KILLED;
        if is_ours { Ended { exit: Exit::GivenUp, ..ended } } else { ended }
    }

    /// What follows the end of a child that was not stopped.
    fn follow(&mut self, ended: Ended, launch: &Launch) -> Option<Duration> {
        if self.orders.borrow().is_last {
            // One that we have killed was to be started again, and the stop came in between.
            let stopped = (ended.exit == Exit::GivenUp).then_some(StoppedBy::Itself);
            self.tell(State::Ended { ended: self.last, stopped, restart: None });
            return None;
        }
        let taken = launch.port.filter(|port| is_taken(*port));
        if taken.is_some() && !self.has_moved && !launch.is_port_fixed {
            self.has_moved = true;
            return Some(self.start_again(Restart { after: Duration::ZERO, attempt: 0 }));
        }
        let reason = match (self.restarts.after(&ended), taken) {
            (Next::Restart { after, attempt }, _) => {
                self.has_moved = false;
                return Some(self.start_again(Restart { after, attempt }));
            }
            (_, Some(port)) => format!("another program listens on 127.0.0.1:{port}, where it was to listen"),
            (Next::GiveUp { attempts }, None) => format!("{attempts} restarts in a row have not helped"),
            (Next::End, None) => {
                self.tell(State::Ended { ended: self.last, stopped: None, restart: None });
                return None;
            }
        };
        self.tell(State::Failed { reason: reason.into(), ended: self.last });
        None
    }

    fn start_again(&self, restart: Restart) -> Duration {
        self.tell(State::Ended { ended: self.last, stopped: None, restart: Some(restart) });
        restart.after
    }

    fn tell_stopped(&self, by: StoppedBy) {
        self.tell(State::Ended { ended: self.last, stopped: Some(by), restart: None });
    }

    fn tell_exit(&self) {
        if let Some(on_exit) = &self.on_exit {
            on_exit();
        }
    }

    fn tell(&self, state: State) {
        if let Some(on_state) = &self.on_state {
            on_state(&state);
        }
        self.state.send_replace(state);
    }
}
