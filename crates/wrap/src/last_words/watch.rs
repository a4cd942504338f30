//! What is looked at every few seconds while a child runs: its memory, whether it listens, whether its start has failed.

use std::sync::{Arc, Weak};

use greenroom_context::spawn_blocking;
use tokio::{sync::Notify, time::sleep};

use super::{Event, Inner, Moment, end::Time, run::Run};
use crate::{Memory, heartbeat::Beat, listening_ports};

/// Where Node's inspector listens unless told otherwise: it is no backend.
const INSPECTOR: u16 = 9229;

/// So many looks in a row must find a start that has failed: Node may be about to end by itself.
const LOOKS: u32 = 2;

/// So many where it may be another fault, of which a start goes on: nobody took care of a rejection, and nobody listens.
const LOOKS_UNSURE: u32 = 12;

/// Looks, as long as anybody asks.
pub(super) async fn watch(inner: Weak<Inner>, started: Arc<Notify>) {
    while let Some(inner) = inner.upgrade() {
        let every = inner.every;
        // Not in the way of others: `/proc` is read, and a file is written.
        let looked = spawn_blocking("last words", move || inner.look());
        if looked.await.is_err() {
            return;
        }
        tokio::select! {
            () = sleep(every) => {}
            () = started.notified() => {}
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
            // It may have ended meanwhile.
            let is_it = |run: &&mut Run| run.pid == pid && !run.has_exited();
            let Some(run) = watched.run.as_mut().filter(is_it) else { return };
            run.looked(memory, oom_kills);
            if !has_listened && run.port.map_or(!ports.is_empty(), |port| ports.contains(&port)) {
                run.listened = Some(true);
            }
            let failed = self.tail.failed_start(&self.mask);
            // Backstage listens before its plugins start, and goes on when one of them has failed.
            let is_alive = has_listened || !ports.is_empty();
            events.extend(failed_start(run, failed.filter(|(_, is_certain)| *is_certain || !is_alive)));
            let beat = self.beat(run, memory);
            let level = memory.share().and_then(|share| watched.thresholds.crossed(share));
            events.extend(level.map(|level| Event::MemoryHigh { level, memory: memory.into() }));
            // With the lock: once an end is told, no beat may follow.
            let beaten = self.heartbeat.as_ref().map_or(Ok(()), |heartbeat| heartbeat.beat(&beat));
            if let Err(error) = beaten
                && !std::mem::replace(&mut watched.is_heartbeat_broken, true)
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
}

/// Whether a start has failed whose process stays, as Backstage's does after an error that nobody takes care of; `failed` is what says
/// so, and whether it can mean nothing else.
fn failed_start(run: &mut Run, failed: Option<(String, bool)>) -> Option<Event> {
    let Some((detail, is_certain)) = failed.filter(|_| !run.is_given_up) else {
        run.failed_looks = 0;
        return None;
    };
    run.failed_looks += 1;
    run.is_given_up = run.failed_looks >= if is_certain { LOOKS } else { LOOKS_UNSURE };
    run.is_given_up.then_some(Event::StartFailed(detail))
}
