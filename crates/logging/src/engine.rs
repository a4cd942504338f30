//! What all loggers of a backend share: level rules, secrets, sinks.

use std::{
    collections::HashSet,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use arc_swap::{ArcSwap, Guard};
use greenroom_js::text::trim;
use greenroom_redact::Secrets;
use parking_lot::Mutex;

use crate::{
    FieldValue, Fields, Format, Level, Overrides,
    encode::{Clock, Fragments, Message, View, encode},
    field::Field,
    rules::RuleSet,
    sink::{Redactor, Sink, SinkState},
};

/// What all loggers of a backend share.
pub(crate) struct Engine {
    rules: ArcSwap<RuleSet>,
    /// The generation of `rules`, which children compare theirs with.
    generation: AtomicU64,
    secrets: ArcSwap<Secrets>,
    /// One change at a time; and the secrets that need not be masked, trimmed.
    changes: Mutex<HashSet<Box<str>>>,
    pub(crate) outputs: Box<[Output]>,
}

/// The sinks of one format.
pub(crate) struct Output {
    /// `None` for sinks of typed records.
    pub(crate) format: Option<Format>,
    pub(crate) sinks: Vec<Arc<dyn Sink>>,
}

impl Engine {
    pub(crate) fn new(level: Level, sinks: Vec<(Option<Format>, Arc<dyn Sink>)>) -> Self {
        let mut outputs: Vec<Output> = Vec::new();
        for (format, sink) in sinks {
            match outputs.iter_mut().find(|output| output.format == format) {
                Some(output) => output.sinks.push(sink),
                None => outputs.push(Output { format, sinks: vec![sink] }),
            }
        }
        Self {
            rules: ArcSwap::from_pointee(RuleSet {
                generation: 1,
                default: level,
                overrides: Overrides::none(),
            }),
            generation: AtomicU64::new(1),
            secrets: ArcSwap::from_pointee(Secrets::default()),
            changes: Mutex::default(),
            outputs: outputs.into(),
        }
    }

    /// The generation of the level rules in force.
    #[inline]
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(crate) fn rules(&self) -> Guard<Arc<RuleSet>> {
        self.rules.load()
    }

    pub(crate) fn secrets(&self) -> Guard<Arc<Secrets>> {
        self.secrets.load()
    }

    pub(crate) fn set_level(&self, level: Level) {
        self.change_rules(|old| RuleSet { default: level, overrides: old.overrides.clone(), ..*old });
    }

    pub(crate) fn set_overrides(&self, overrides: Overrides) {
        self.change_rules(|old| RuleSet { overrides, ..*old });
    }

    fn change_rules(&self, change: impl FnOnce(&RuleSet) -> RuleSet) {
        let _changing = self.changes.lock();
        let old = self.rules.load();
        let generation = old.generation + 1;
        self.rules.store(Arc::new(RuleSet { generation, ..change(&old) }));
        self.generation.store(generation, Ordering::Release);
    }

    /// Replaces the list of secrets that are not added.
    pub(crate) fn allow_in_lines(&self, secrets: Vec<String>) {
        *self.changes.lock() = secrets.iter().map(|secret| trim(secret).into()).collect();
    }

    /// Masks more secrets but those that are allowed; how many of them are new.
    pub(crate) fn add_secrets(&self, secrets: &[&str]) -> usize {
        let allowed = self.changes.lock();
        let masked = secrets.iter().copied().filter(|secret| !allowed.contains(trim(secret)));
        match self.secrets.load().with(masked) {
            None => 0,
            Some((next, new)) => {
                self.secrets.store(Arc::new(next));
                new
            }
        }
    }

    pub(crate) fn flush(&self, deadline: Duration) -> bool {
        let end = Instant::now() + deadline;
        let mut done = true;
        for sink in self.outputs.iter().flat_map(|output| &output.sinks) {
            done &= sink.flush(end.saturating_duration_since(Instant::now()));
        }
        done
    }

    pub(crate) fn sinks(&self) -> Vec<SinkState> {
        self.outputs.iter().flat_map(|output| &output.sinks).filter_map(|sink| sink.state()).collect()
    }

    /// Gives each sink what masks text, and lets it tell, in its own format, how many lines it had to drop.
    pub(crate) fn attach(self: &Arc<Self>, own: &Fields) {
        for output in &self.outputs {
            output.sinks.iter().for_each(|sink| sink.take_redactor(Redactor(Arc::downgrade(self))));
            let Some(format) = output.format else { continue };
            for sink in &output.sinks {
                let (engine, own) = (Arc::downgrade(self), own.clone());
                sink.tell_drops(Box::new(move |count| told(&engine, &own, format, count)));
            }
        }
    }
}

/// The line about dropped lines.
fn told(engine: &Weak<Engine>, own: &Fields, format: Format, count: u64) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(engine) = engine.upgrade() {
        let secrets = engine.secrets();
        let call = [Field::literal("dropped", FieldValue::U64(count))];
        let view = View {
            time: SystemTime::now(),
            level: Level::Warn,
            message: Message::Text("Log lines were dropped because the output was blocked"),
            own,
            call: &call,
            spread: &[],
            context: &[],
            is_foreign: false,
        };
        let fragments = Fragments::new(format, own, &secrets);
        let (mut value, mut clock) = (String::new(), Clock::default());
        encode(format, &view, &fragments, &secrets, &mut out, &mut value, &mut clock);
    }
    out
}
