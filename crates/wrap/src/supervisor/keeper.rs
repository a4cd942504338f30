//! The task that keeps a child running.

use std::{io, time::Duration};

use tokio::{sync::watch, time::sleep};

use super::{Launch, OnState, Orders, Restart, State};
use crate::{Child, Ended, Input, Next, Restarts, StoppedBy, Target, is_taken};

/// How long a child may take to end that is started anew with another port: it has served nobody yet.
const MOVE_GRACE: Duration = Duration::from_secs(4);
/// How long processes may take to end whose parent has ended by itself.
const REST_GRACE: Duration = Duration::from_secs(2);

pub(super) struct Keeper {
    pub(super) launch: Box<dyn FnMut() -> io::Result<Launch> + Send>,
    pub(super) restarts: Restarts,
    pub(super) input: Option<Input>,
    pub(super) on_state: Option<OnState>,
    pub(super) target: Target,
    pub(super) state: watch::Sender<State>,
    pub(super) orders: watch::Receiver<Orders>,
    /// How the last child ended.
    pub(super) last: Option<Ended>,
    /// Another port was tried since the policy has last started a child.
    pub(super) has_moved: bool,
    /// The order to do so was followed.
    pub(super) has_new_port: bool,
}

/// What there is to do besides to wait.
enum Order {
    Stop(Duration),
    Move,
    /// Nobody has a handle any more.
    Kill,
}

impl Keeper {
    pub(super) async fn keep(mut self) {
        while let Some(pause) = self.run_once().await {
            let order = tokio::select! {
                () = sleep(pause) => continue,
                order = Self::order(&mut self.orders, true) => order,
            };
            if let Order::Stop(_) = order {
                self.tell(State::Ended { ended: self.last, stopped: Some(StoppedBy::Itself), restart: None });
            }
            return;
        }
    }

    /// The next thing that it is told to do. Only the first order for another port is one.
    async fn order(orders: &mut watch::Receiver<Orders>, had_new_port: bool) -> Order {
        let next = orders.wait_for(|orders| orders.stop.is_some() || (orders.has_new_port && !had_new_port));
        match next.await.map(|orders| *orders) {
            Ok(Orders { stop: Some(grace), .. }) => Order::Stop(grace),
            Ok(_) => Order::Move,
            Err(_) => Order::Kill,
        }
    }

    /// Starts a child and waits for its end. Returns after how long the next one is started, if it is.
    async fn run_once(&mut self) -> Option<Duration> {
        if self.orders.borrow().stop.is_some() {
            self.tell(State::Ended { ended: self.last, stopped: Some(StoppedBy::Itself), restart: None });
            return None;
        }
        self.tell(State::starting());
        let launch = (self.launch)();
        let started = launch.and_then(|launch| {
            Ok((Child::start(&launch.command, &self.target, self.input.as_ref())?, launch))
        });
        let (mut child, launch) = match started {
            Ok(started) => started,
            Err(error) => {
                self.tell(State::Failed { reason: error.to_string().into(), ended: self.last });
                return None;
            }
        };
        self.tell(State::Running { pid: child.pid(), since: child.started(), port: launch.port });
        let order = tokio::select! {
            // What has ended by itself was not stopped.
            biased;
            ended = child.wait() => {
                self.last = Some(ended);
                child.end_rest(REST_GRACE).await;
                return self.follow(ended, launch.port);
            }
            order = Self::order(&mut self.orders, self.has_new_port) => order,
        };
        match order {
            Order::Stop(grace) => {
                let stopped = child.stop(grace).await;
                self.last = Some(stopped.ended);
                self.tell(State::Ended { ended: self.last, stopped: Some(stopped.by), restart: None });
                None
            }
            Order::Move => {
                self.has_new_port = true;
                let stopped = child.stop(MOVE_GRACE).await;
                self.last = Some(stopped.ended);
                Some(self.move_on(Some(stopped.by)))
            }
            Order::Kill => None,
        }
    }

    /// What follows the end of a child that was not stopped.
    fn follow(&mut self, ended: Ended, port: Option<u16>) -> Option<Duration> {
        let taken = port.filter(|port| is_taken(*port));
        if taken.is_some() && !self.has_moved {
            return Some(self.move_on(None));
        }
        let next = self.restarts.after(&ended);
        let reason = match (next, taken) {
            (Next::Restart { after, attempt }, _) => {
                self.has_moved = false;
                let restart = Some(Restart { after, attempt });
                self.tell(State::Ended { ended: self.last, stopped: None, restart });
                return Some(after);
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

    fn move_on(&mut self, stopped: Option<StoppedBy>) -> Duration {
        self.has_moved = true;
        let restart = Some(Restart { after: Duration::ZERO, attempt: 0 });
        self.tell(State::Ended { ended: self.last, stopped, restart });
        Duration::ZERO
    }

    fn tell(&self, state: State) {
        if let Some(on_state) = &self.on_state {
            on_state(&state);
        }
        self.state.send_replace(state);
    }
}
