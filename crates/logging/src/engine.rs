//! The way of a record: level rules, (the ring's place), encoding, sinks.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use greenroom_context::Context;
use parking_lot::Mutex;

use crate::{
    FieldValue, Fields, Format, Level, Logger, LoggerService, Overrides, Record, RootLoggerService,
    encode::{Clock, Fragments, Message, Scratch, View, encode, text::render},
    field::Field,
    redact::{Doubts, Redactor},
    rules::{RuleSet, Subject, Verdict},
    sink::{Emitted, Sink},
};

/// What all loggers of a backend share.
pub(crate) struct Engine {
    rules: ArcSwap<RuleSet>,
    /// The generation of `rules`, which children compare theirs with.
    generation: AtomicU64,
    redactor: ArcSwap<Redactor>,
    changes: Mutex<()>,
    outputs: Box<[Output]>,
    additions: bool,
}

/// The sinks of one format.
struct Output {
    format: Option<Format>,
    sinks: Vec<Arc<dyn Sink>>,
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
            redactor: ArcSwap::from_pointee(Redactor::default()),
            changes: Mutex::new(()),
            additions: outputs.iter().any(|o| o.format.is_none_or(Format::has_additions)),
            outputs: outputs.into(),
        }
    }

    /// Lets each sink tell, in its own format, how many lines it had to drop.
    pub(crate) fn attach(self: &Arc<Self>, own: &Fields) {
        for output in &self.outputs {
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
        let redactor = engine.redactor.load();
        let call = [Field::literal("dropped", FieldValue::U64(count))];
        let view = View {
            time: SystemTime::now(),
            level: Level::Warn,
            message: Message::Text("Log lines were dropped because the output was blocked"),
            own,
            call: &call,
            spread: &[],
            context: &[],
        };
        let fragments = Fragments::new(format, own, &redactor);
        let (mut value, mut clock) = (String::new(), Clock::default());
        encode(format, &view, &fragments, &redactor, &mut out, &mut value, &mut clock);
    }
    out
}

/// A logger: the engine, and the fields that its lines carry.
pub(crate) struct Child {
    engine: Arc<Engine>,
    fields: Fields,
    /// The generation of the verdict and its most talkative level, in one word.
    gate: AtomicU64,
    verdict: ArcSwapOption<Verdict>,
    /// The fields encoded, per output.
    fragments: Box<[ArcSwapOption<Fragments>]>,
}

impl Child {
    pub(crate) fn new(engine: Arc<Engine>, fields: Fields) -> Self {
        let fragments = engine.outputs.iter().map(|_| ArcSwapOption::empty()).collect();
        let (gate, verdict) = (AtomicU64::new(0), ArcSwapOption::empty());
        Self { engine, fields: fields.without_reserved(), gate, verdict, fragments }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The verdict on the rules in force.
    fn verdict(&self) -> Guard<Option<Arc<Verdict>>> {
        let kept = self.verdict.load();
        let now = self.engine.generation.load(Ordering::Acquire);
        if kept.as_ref().is_some_and(|verdict| verdict.generation >= now) {
            return kept;
        }
        let verdict = self.engine.rules.load().settle(&self.fields);
        self.gate.store(verdict.generation << 8 | verdict.most as u64, Ordering::Relaxed);
        self.verdict.store(Some(Arc::new(verdict)));
        self.verdict.load()
    }

    #[cold]
    fn most(&self) -> Level {
        self.verdict().as_ref().map_or(Level::Silly, |verdict| verdict.most)
    }

    /// Whether a field of the call could turn a settled rule round.
    fn may_turn(&self, level: Level, keys: &[&str]) -> bool {
        let verdict = self.verdict();
        let Some(verdict) = verdict.as_ref() else { return true };
        level <= verdict.most_of_all() && keys.iter().any(|key| verdict.unsettled_by(&self.fields, key))
    }

    /// The fields encoded for an output, with the secrets of this very generation masked.
    fn fragments(&self, index: usize, format: Format, redactor: &Redactor) -> Guard<Option<Arc<Fragments>>> {
        let slot = &self.fragments[index];
        let kept = slot.load();
        if kept.as_ref().is_some_and(|kept| kept.generation == redactor.generation) {
            return kept;
        }
        let made = Arc::new(Fragments::new(format, &self.fields, redactor));
        slot.store(Some(made.clone()));
        Guard::from_inner(Some(made))
    }

    fn emit(&self, record: &Record<'_>, spread: &[Field<'_>], appended: Option<&str>) {
        let redactor = self.engine.redactor.load();
        let verdict = self.verdict();
        let Some(verdict) = verdict.as_ref() else { return };
        Scratch::with(|scratch| {
            let appends = appended.is_some() || record.fields().iter().any(|f| f.key == "message");
            let message = if appends || redactor.is_active() || verdict.reads_message() {
                scratch.text.clear();
                push_message(&mut scratch.text, record, appended);
                Message::Text(&scratch.text)
            } else {
                Message::Args(record.message())
            };
            let context = if self.engine.additions { Context::current() } else { Context::default() };
            let module =
                context.module().map(|id| Field::literal("module", FieldValue::Str(id)).added().trusted());
            let view = View {
                time: record.time(),
                level: record.level(),
                message,
                own: &self.fields,
                call: record.fields(),
                spread,
                context: module.as_slice(),
            };
            if !verdict.keeps(&self.fields, record.fields(), &view) {
                return;
            }
            // The ring takes the record here, before any format does.
            for (index, output) in self.engine.outputs.iter().enumerate() {
                scratch.line.clear();
                if let Some(format) = output.format
                    && let Some(fragments) = &*self.fragments(index, format, &redactor)
                {
                    let (line, value) = (&mut scratch.line, &mut scratch.value);
                    encode(format, &view, fragments, &redactor, line, value, &mut scratch.clock);
                }
                let emitted = Emitted {
                    record,
                    own: &self.fields,
                    context: &context,
                    line: &scratch.line,
                    redactor: &redactor,
                };
                output.sinks.iter().for_each(|sink| sink.emit(&emitted));
            }
        });
    }
}

/// The text of a line: the call's, its `message` field's, its error's.
fn push_message(out: &mut String, record: &Record<'_>, appended: Option<&str>) {
    render(out, record.message());
    let extra = record.field("message").filter(FieldValue::truthy);
    if let Some(extra) = extra {
        out.push(' ');
        extra.push_text(out);
    }
    if let Some(text) = appended.filter(|text| !text.is_empty()) {
        out.push(' ');
        out.push_str(text);
    }
}

impl Subject for View<'_> {
    fn field(&self, key: &str) -> Option<FieldValue<'_>> {
        let all = self.call.iter().chain(self.spread);
        let called = all.rev().find(|field| field.key == key).map(|field| field.value);
        let context = || self.context.iter().find(|field| field.key == key).map(|field| field.value);
        called.or_else(|| self.own.get(key)).or_else(context)
    }

    fn message(&self) -> &str {
        match self.message {
            Message::Text(text) => text,
            Message::Args(args) => args.as_str().unwrap_or_default(),
        }
    }

    fn level(&self) -> Level {
        self.level
    }
}

impl LoggerService for Child {
    #[inline]
    fn enabled(&self, level: Level, keys: &[&str]) -> bool {
        let gate = self.gate.load(Ordering::Relaxed);
        let most = if gate >> 8 == self.engine.generation.load(Ordering::Acquire) {
            Level::from_u8(gate as u8)
        } else {
            self.most()
        };
        level <= most || (!keys.is_empty() && self.may_turn(level, keys))
    }

    fn log(&self, record: &Record<'_>) {
        match record.error() {
            None => self.emit(record, &[], None),
            Some(error) => {
                let (message, fields) = crate::error::spread(error);
                let spread: Vec<Field<'_>> = fields.iter().collect();
                self.emit(record, &spread, Some(&message));
            }
        }
    }

    fn child(&self, fields: Fields) -> Logger {
        let mut all = self.fields.clone();
        all.extend(fields);
        Logger::new(Self::new(self.engine.clone(), all))
    }
}

/// The root logger: the one that may change what all of them do.
pub(crate) struct Root(pub(crate) Child);

impl LoggerService for Root {
    #[inline]
    fn enabled(&self, level: Level, keys: &[&str]) -> bool {
        self.0.enabled(level, keys)
    }

    fn log(&self, record: &Record<'_>) {
        self.0.log(record);
    }

    fn child(&self, fields: Fields) -> Logger {
        self.0.child(fields)
    }
}

impl RootLoggerService for Root {
    fn add_redactions(&self, secrets: &[&str]) {
        let engine = self.0.engine();
        let exempt: Vec<String> = self
            .0
            .fields()
            .iter()
            .filter(|field| matches!(field.key, "service" | "plugin"))
            .map(|field| {
                let mut text = String::new();
                field.value.push_text(&mut text);
                text
            })
            .chain(Level::ALL.map(|level| level.as_str().to_owned()))
            .collect();
        let changing = engine.changes.lock();
        let next = engine
            .redactor
            .load()
            .with(secrets.iter().copied(), |secret| exempt.iter().any(|text| text.contains(secret)));
        let Some((next, doubts)) = next else { return };
        engine.redactor.store(Arc::new(next));
        drop(changing);
        // Node has no such lines.
        if engine.additions {
            warn_of(&self.0, doubts);
        }
    }

    fn set_overrides(&self, overrides: Overrides) {
        let engine = self.0.engine();
        let changing = engine.changes.lock();
        let old = engine.rules.load();
        let generation = old.generation + 1;
        engine.rules.store(Arc::new(RuleSet { generation, default: old.default, overrides }));
        engine.generation.store(generation, Ordering::Release);
        drop(changing);
        // Libraries ask again which of their call sites are wanted.
        tracing::callsite::rebuild_interest_cache();
    }

    fn flush(&self, deadline: Duration) -> bool {
        let end = Instant::now() + deadline;
        let mut done = true;
        for sink in self.0.engine().outputs.iter().flat_map(|output| &output.sinks) {
            done &= sink.flush(end.saturating_duration_since(Instant::now()));
        }
        done
    }

    fn max_level(&self) -> Level {
        self.0.engine().rules.load().most()
    }
}

fn warn_of(logger: &Child, doubts: Doubts) {
    let warn = |count: usize, message: &str| {
        if count > 0 && logger.enabled(Level::Warn, &["count"]) {
            let fields = [Field::literal("count", FieldValue::U64(count as u64))];
            logger.log(&Record::new(Level::Warn, format_args!("{message}")).with_fields(&fields));
        }
    };
    warn(
        doubts.short,
        "Secrets in config are shorter than 8 characters, ordinary text that holds them is masked too",
    );
    warn(doubts.exempt, "Secrets in config are part of a level or service name, where they are not masked");
}
