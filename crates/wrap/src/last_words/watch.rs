//! What is looked at every few seconds while a child runs: its memory, whether it listens, whether its start has failed.

use std::{
    mem::replace,
    sync::{Arc, Weak},
    time::Instant,
};

use greenroom_context::spawn_blocking;
use tokio::{sync::Notify, time::sleep};

use super::{Event, Inner, Moment, end::Time, run::Run};
use crate::{Memory, heartbeat::Beat, listening_ports};

/// Where Node's inspector listens unless told otherwise: it is no backend.
const INSPECTOR: u16 = 9229;

/// A start that has failed is given up from one look to the next: Node may be about to end by itself.
const LOOKS: u32 = 1;

/// The same after an unhandled rejection while nothing listens: the start may still succeed, so we wait longer. A start that takes as
/// long is told, with what it waits for.
const LOOKS_UNSURE: u32 = 11;

/// Looks, as long as anybody asks; at once where there are news.
pub(super) async fn watch(inner: Weak<Inner>, news: Arc<Notify>) {
    while let Some(inner) = inner.upgrade() {
        let every = inner.every;
        // Not in the way of others: `/proc` is read, and a file is written.
        let looked = spawn_blocking("last words", move || inner.look());
        if looked.await.is_err() {
            return;
        }
        tokio::select! {
            () = sleep(every) => {}
            () = news.notified() => {}
        }
    }
}

impl Inner {
    fn look(&self) {
        let Some((pid, has_listened)) =
            self.watched.lock().run.as_ref().map(|run| (run.pid, run.listened == Some(true)))
        else {
            return;
        };
        let needs_ports = !has_listened;
        let (memory, oom_kills) = (self.machine.memory(pid), self.machine.oom_kills());
        let mut ports = if needs_ports { listening_ports(pid) } else { vec![] };
        ports.retain(|port| *port != INSPECTOR);
        let mut events = vec![];
        {
            let mut watched = self.watched.lock();
            let is_left = self.keeps_failed || watched.is_stopping;
            // It may have ended meanwhile.
            let is_it = |run: &&mut Run| run.pid == pid && !run.has_exited();
            let Some(run) = watched.run.as_mut().filter(is_it) else { return };
            run.looked(memory, oom_kills);
            let is_there = |port| ports.contains(&port) || self.tail.has_listened_on(port);
            if !has_listened && run.port.map_or(!ports.is_empty(), is_there) {
                run.listened = Some(true);
            }
            // Backstage listens before its plugins start, and goes on when one of them has failed.
            let is_alive = run.listened == Some(true) || !ports.is_empty();
            events.extend(self.start(run, is_alive, is_left));
            let beat = self.beat(run, memory);
            let level = memory.share().and_then(|share| watched.thresholds.crossed(share));
            events.extend(level.map(|level| Event::MemoryHigh { level, memory: memory.into() }));
            // With the lock: once an end is told, no beat may follow.
            let beaten = self.heartbeat.as_ref().map_or(Ok(()), |heartbeat| heartbeat.beat(&beat));
            if let Err(error) = beaten
                && !replace(&mut watched.is_heartbeat_broken, true)
            {
                events.push(Event::NoHeartbeat(error.to_string()));
            }
            // With the lock as well: what fails from its end on is not of before.
            let _ = (self.in_flight)(Moment::Look);
        }
        events.iter().for_each(&self.on_event);
    }

    fn beat(&self, run: &Run, memory: Memory) -> Beat {
        Beat {
            time: Time::from(memory.at),
            start_id: self.start_id.clone(),
            pid: run.pid,
            uptime_ms: u64::try_from(run.since.elapsed().as_millis()).unwrap_or(u64::MAX),
            memory: Some(memory.into()),
        }
    }

    /// What there is to tell of the start. One has failed whose process stays, as Backstage's does after an error that nobody takes
    /// care of: that is told at once, and it is given up soon, unless such a one is left as it is.
    fn start(&self, run: &mut Run, is_alive: bool, is_left: bool) -> Vec<Event> {
        if run.was_ready {
            (run.failing_since, run.gives_up) = (None, None);
            return vec![];
        }
        let failed = self.tail.failed_start(&self.mask);
        let Some((detail, is_certain)) = failed.filter(|(_, is_certain)| *is_certain || !is_alive) else {
            // A tool that watches files has started Node again.
            (run.failing_since, run.gives_up, run.is_failure_told) = (None, None, false);
            return self.hangs(run, is_alive).into_iter().collect();
        };
        let begun = *run.failing_since.get_or_insert_with(Instant::now);
        let (since, patience) = (begun.elapsed(), self.every * if is_certain { LOOKS } else { LOOKS_UNSURE });
        let is_over = since >= patience;
        run.gives_up = (!is_left).then_some((begun + patience, is_certain));
        let mut events = vec![];
        if (is_certain || is_over) && !replace(&mut run.is_failure_told, true) {
            events.push(Event::StartFailed(detail));
        } else if !is_certain && since >= self.every * LOOKS && !replace(&mut run.is_hang_told, true) {
            let seconds = run.since.elapsed().as_secs();
            events.push(Event::StartHangs { seconds, awaited: None, suspect: Some(detail) });
        }
        if is_over && !is_left && !replace(&mut run.is_given_up, true) {
            events.push(Event::GivenUp);
        }
        events
    }

    /// A start that takes long, once.
    fn hangs(&self, run: &mut Run, is_alive: bool) -> Option<Event> {
        if run.is_hang_told || run.since.elapsed() < self.every * LOOKS_UNSURE {
            return None;
        }
        let awaited = self.tail.awaited();
        let is_known = awaited.is_some() || run.port.is_some() && !is_alive;
        run.is_hang_told = is_known;
        let seconds = run.since.elapsed().as_secs();
        is_known.then_some(Event::StartHangs { seconds, awaited, suspect: None })
    }
}
