//! What only an outsider sees of the Node backend in the last hour, for “Lately”: its memory, and for how long its event loop has stood
//! still. Of a child of ours alone.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use greenroom_plugin_observatory_node::{Hour, LiveParts, MINUTES, charts, format, minute_of, parts::Figure};
use greenroom_proxy::{Stall, Status};
use greenroom_wrap::Memory;
use maud::{Markup, html};
use parking_lot::Mutex;

use crate::Gateway;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(10);

/// Over how many minutes the figure of stalls goes.
const RECENT: usize = 5;

/// See the [module](self). Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Lately(Arc<Mutex<Kept>>);

struct Kept {
    /// In bytes, at the end of each minute.
    memory: Hour<Option<f64>>,
    /// Of stalls that have begun in each minute.
    stood: Hour<Option<Duration>>,
    /// When the last one began that is among them.
    counted: SystemTime,
}

impl Default for Kept {
    fn default() -> Self {
        let (memory, stood) = (Hour::new(MINUTES), Hour::new(MINUTES));
        Self { memory, stood, counted: SystemTime::UNIX_EPOCH }
    }
}

impl Lately {
    /// Looks for as long as the backend runs.
    pub(crate) async fn follow(self, gateway: Gateway) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let memory = gateway.child_facts().running().and_then(|(_, memory)| memory);
            self.0.lock().note(memory, &gateway.proxy().status().stalls, SystemTime::now());
        }
    }

    /// What “Lately” shows of it; nothing of one that somebody else runs.
    pub(crate) fn figures(
        &self,
        gateway: &Gateway,
        status: &Status,
        now: SystemTime,
        live: &mut LiveParts,
    ) -> Vec<Figure> {
        if !gateway.is_child() {
            return vec![];
        }
        let running = gateway.child_facts().running();
        let memory = running.and_then(|(_, memory)| memory);
        let mut kept = self.0.lock();
        kept.note(memory, &status.stalls, now);
        [
            ("gateway memory", memory_figure(memory, kept.memory.list(minute_of(now)), live)),
            ("gateway stood", stood_figure(&kept, status, now, live)),
        ]
        .map(|(name, figure)| {
            live.note(name, figure.value());
            figure.live(name)
        })
        .into()
    }
}

impl Kept {
    fn note(&mut self, memory: Option<Memory>, stalls: &[Stall], now: SystemTime) {
        let minute = minute_of(now);
        if let Some(entry) = self.memory.at(minute) {
            *entry = memory.map(|memory| memory.rss as f64).or(*entry);
        }
        if let Some(entry) = self.stood.at(minute) {
            entry.get_or_insert_default();
        }
        // The oldest comes last.
        for stall in stalls.iter().rev().filter(|stall| !stall.goes_on && stall.at > self.counted) {
            if let Some(entry) = self.stood.at(minute_of(stall.at)) {
                *entry.get_or_insert_default() += stall.lasted;
            }
        }
        let ended = stalls.iter().filter(|stall| !stall.goes_on).map(|stall| stall.at);
        self.counted = ended.fold(self.counted, SystemTime::max);
    }

    /// For how long it has stood still in the last minutes, each by the stalls that began in it: the one that goes on, too.
    fn stood(&self, stalls: &[Stall], now: SystemTime) -> Vec<Option<Duration>> {
        let mut minutes = self.stood.list(minute_of(now));
        if let Some(stall) = stalls.first().filter(|stall| stall.goes_on) {
            let ago = usize::try_from(minute_of(now).saturating_sub(minute_of(stall.at))).unwrap_or(MINUTES);
            if let Some(minute) = minutes.iter_mut().rev().nth(ago) {
                *minute.get_or_insert_default() += stall.lasted;
            }
        }
        minutes
    }
}

fn memory_figure(memory: Option<Memory>, minutes: Vec<Option<f64>>, live: &mut LiveParts) -> Figure {
    let text = format::known(memory, |memory| format::bytes(memory.rss));
    let limit = memory.and_then(|memory| Some((memory.used.unwrap_or(memory.rss), memory.limit?)));
    let limit = html! {
        @if let Some((used, limit)) = limit {
            "With all beside it, " (format::share(used, limit)) " of the " (format::bytes(limit)) " that it may be"
        }
    };
    let limit = live.part("gateway memory limit", limit);
    let line = charts::line(format!("Resident memory of Node, minute by minute: now {text}"), begun(minutes));
    figure("Node's memory", &text, html! { span."small quiet" { (limit) } (line) })
}

fn stood_figure(kept: &Kept, status: &Status, now: SystemTime, live: &mut LiveParts) -> Figure {
    let minutes = kept.stood(&status.stalls, now);
    let recent: Duration = minutes[MINUTES - RECENT..].iter().flatten().sum();
    let text = if recent.is_zero() { format::with_unit(0, "s") } else { format::seconds(recent) };
    let values: Vec<_> = minutes.iter().map(|stood| Some((*stood)?.as_secs_f64())).collect();
    let count = format::counted(status.stall_count, "stall", "stalls");
    let sentence = format!(
        "Seconds for which Node's event loop has stood still, minute by minute: {count} since the start"
    );
    let count = live.part("gateway stood count", html! { (count) " since the start" });
    let line = charts::line(sentence, begun(values));
    figure("Event loop stood still", &text, html! { span."small quiet" { (count) } (line) })
}

/// From the first minute on of which anything is known.
fn begun(minutes: Vec<Option<f64>>) -> Vec<Option<f64>> {
    minutes.into_iter().skip_while(Option::is_none).collect()
}

/// A value and its unit, which is written smaller.
fn figure(label: &str, text: &str, body: Markup) -> Figure {
    let (value, unit) = text.split_once('\u{a0}').unwrap_or((text, ""));
    Figure::new(label, value, unit).body(body)
}

#[cfg(test)]
mod tests {
    use greenroom_proxy::StallKind;

    use super::*;

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(60_000 + second)
    }

    fn stall(second: u64, lasted: u64, goes_on: bool) -> Stall {
        let lasted = Duration::from_secs(lasted);
        Stall { at: at(second), lasted, goes_on, kind: StallKind::Busy, suspects: vec![] }
    }

    #[test]
    fn a_stall_counts_once_for_the_minute_in_which_it_began() {
        let mut kept = Kept::default();
        let seconds = |minutes: Vec<Option<Duration>>| -> Vec<_> {
            minutes[MINUTES - 3..].iter().map(|stood| stood.map(|stood| stood.as_secs())).collect()
        };
        kept.note(None, &[stall(50, 3, true)], at(53));
        assert_eq!(seconds(kept.stood(&[stall(50, 3, true)], at(53))), [None, None, Some(3)]);
        let all = [stall(61, 2, false), stall(50, 9, false)];
        kept.note(None, &all, at(64));
        kept.note(None, &all, at(65));
        assert_eq!(seconds(kept.stood(&all, at(65))), [None, Some(9), Some(2)]);
        let later = [stall(70, 5, true), all[0].clone(), all[1].clone()];
        kept.note(None, &later, at(125));
        assert_eq!(seconds(kept.stood(&later, at(125))), [Some(9), Some(7), Some(0)]);
    }
}
