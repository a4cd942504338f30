//! What is done to Node, as a seed says it, and when it was not there.

use std::{cell::RefCell, io, time::Duration};

use fastrand::Rng;
use greenroom_gateway_tests::process;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use crate::client::Client;

/// Greenroom begins to count anew what has failed in a row when a process has run for so long, and some seconds.
const FORGIVEN_AFTER: Duration = Duration::from_secs(10 * 60 + 15);
/// So often in a row it is killed at most: Greenroom gives up at 10.
const MOST_IN_A_ROW: u32 = 6;
/// After its last kill Greenroom waits a minute at most; then Node starts, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(150);

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Harm {
    Stop(Duration),
    Block(Duration),
    Kill,
    /// And once more, as soon as it is started anew.
    KillTwice,
}

/// The times at which Node was not there.
#[derive(Debug, Default)]
pub(crate) struct Away {
    since: Option<Instant>,
    past: Vec<(Instant, Instant)>,
}

impl Away {
    fn begins(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    fn ends(&mut self) {
        if let Some(since) = self.since.take() {
            self.past.push((since, Instant::now()));
        }
    }

    pub(crate) fn is_now(&self) -> bool {
        self.since.is_some()
    }

    /// Whether it was so for a part of the time since then.
    pub(crate) fn was_since(&self, begin: Instant) -> bool {
        self.is_now() || self.past.iter().any(|(_, end)| *end >= begin)
    }

    /// How often, and for how long in all.
    pub(crate) fn told(&self) -> (usize, Duration) {
        (self.past.len(), self.past.iter().map(|(begin, end)| *end - *begin).sum())
    }
}

/// Who does it.
pub(crate) struct Harms<'a> {
    pub(crate) rng: Rng,
    pub(crate) port: u16,
    /// Greenroom.
    pub(crate) process: u32,
    pub(crate) away: &'a RefCell<Away>,
    /// When Node was killed last.
    pub(crate) killed: Option<Instant>,
    pub(crate) in_a_row: u32,
    pub(crate) tell: &'a dyn Fn(&str),
}

impl Harms<'_> {
    /// Does one harm after the other until then.
    ///
    /// # Errors
    /// When Node does not come back.
    pub(crate) async fn run(&mut self, until: Instant) -> io::Result<()> {
        // Those that a short run is to see, too.
        let mut first =
            [Harm::Kill, Harm::Block(Duration::from_secs(2)), Harm::Stop(Duration::from_secs(3))].to_vec();
        loop {
            sleep(Duration::from_millis(self.rng.u64(5000..16_000))).await;
            if Instant::now() + Duration::from_secs(20) > until {
                return Ok(());
            }
            let harm = first.pop().unwrap_or_else(|| self.choose());
            self.does(harm).await?;
        }
    }

    fn choose(&mut self) -> Harm {
        if self.killed.is_some_and(|killed| killed.elapsed() > FORGIVEN_AFTER) {
            self.in_a_row = 0;
        }
        let chance = self.rng.u32(..100);
        let mut pause = |most: u64| Duration::from_millis(self.rng.u64(200..most));
        match chance {
            ..35 => Harm::Stop(pause(6000)),
            35..40 => Harm::Stop(pause(20_000)),
            40..80 => Harm::Block(pause(4000)),
            80..95 if self.in_a_row < MOST_IN_A_ROW => Harm::Kill,
            95.. if self.in_a_row + 1 < MOST_IN_A_ROW => Harm::KillTwice,
            _ => Harm::Block(pause(1000)),
        }
    }

    async fn does(&mut self, harm: Harm) -> io::Result<()> {
        (self.tell)(&format!("{harm:?}"));
        match harm {
            Harm::Stop(pause) => {
                let node = self.node().await?;
                signal(node, Signal::STOP)?;
                sleep(pause).await;
                signal(node, Signal::CONT)
            }
            Harm::Block(pause) => {
                let path = format!("/api/endure/block/{}", pause.as_millis());
                Client::ask(self.port, "POST", &path, "Content-Length: 0\r\n", PATIENCE).await?;
                sleep(pause).await;
                Ok(())
            }
            Harm::Kill => {
                self.kill().await?;
                self.back().await
            }
            Harm::KillTwice => {
                let first = self.kill().await?;
                while self.node().await? == first {
                    sleep(Duration::from_millis(50)).await;
                }
                sleep(Duration::from_millis(self.rng.u64(..1500))).await;
                self.kill().await?;
                self.back().await
            }
        }
    }

    async fn kill(&mut self) -> io::Result<u32> {
        let node = self.node().await?;
        self.away.borrow_mut().begins();
        signal(node, Signal::KILL)?;
        self.killed = Some(Instant::now());
        self.in_a_row += 1;
        // Until it is known to be gone, nobody may take it for the next one.
        while process::runs(node) {
            sleep(Duration::from_millis(5)).await;
        }
        Ok(node)
    }

    /// Node, now or when it is started again.
    async fn node(&self) -> io::Result<u32> {
        let begun = Instant::now();
        loop {
            let children = process::children(self.process);
            if let Some(node) = children.into_iter().find(|id| process::runs(*id)) {
                return Ok(node);
            }
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::other("Greenroom has not started Node again"));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until Node's routes answer again.
    async fn back(&self) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            let answer =
                Client::ask(self.port, "GET", "/api/endure/echo/back", "", Duration::from_secs(20)).await;
            if answer.is_ok_and(|(head, _)| head.status == 200) {
                break;
            }
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::other("Node does not answer again"));
            }
            sleep(Duration::from_millis(200)).await;
        }
        self.away.borrow_mut().ends();
        (self.tell)(&format!("Node is back after {:.1} s", begun.elapsed().as_secs_f64()));
        Ok(())
    }
}

fn signal(process: u32, signal: Signal) -> io::Result<()> {
    let id = Pid::from_raw(process.cast_signed()).ok_or_else(|| io::Error::other("no process"))?;
    Ok(kill_process(id, signal)?)
}
