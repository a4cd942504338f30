//! What libraries say through `tracing`, in the same pipeline.
//!
//! An event becomes a record of the root logger: its fields keep their types, the fields of its spans come first, and
//! the plugin is that of the current work. Libraries are heard down to info; crates of one's own by the level rules.

mod capture;
mod listen;

use std::sync::Arc;

use arc_swap::ArcSwap;
use greenroom_context::Context as Work;
use parking_lot::Mutex;
use tracing::{Event, Metadata, Subscriber, level_filters::LevelFilter, span};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

use crate::{
    FieldValue, Level, Record, RootLogger,
    bridge::{
        capture::{Captured, SpanFields},
        listen::{InSpan, Listeners, is_carrier},
    },
    field::Field,
};

pub use listen::{Carried, TracingListener, carrying};

/// Whose events are taken, and how far down.
#[derive(Clone, Debug)]
pub struct BridgeOptions {
    own: Vec<String>,
    excluded: Vec<String>,
    listeners: Listeners,
}

impl Default for BridgeOptions {
    fn default() -> Self {
        Self { own: vec!["greenroom".into()], excluded: Vec::new(), listeners: Listeners::default() }
    }
}

impl BridgeOptions {
    /// Greenroom's own crates by the level rules, all others down to info.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes targets that begin so by the level rules, as plugins' crates.
    #[must_use]
    pub fn own(mut self, prefix: impl Into<String>) -> Self {
        self.own.push(prefix.into());
        self
    }

    /// Leaves out targets that begin so: those of an exporter, which would log its own sending.
    #[must_use]
    pub fn exclude(mut self, prefix: impl Into<String>) -> Self {
        self.excluded.push(prefix.into());
        self
    }

    /// Has events of libraries heard by this, too.
    #[must_use]
    pub fn listener(mut self, listener: impl TracingListener) -> Self {
        self.listeners.push(listener);
        self
    }

    /// The most talkative level taken of a target; `None` for an excluded one.
    fn limit(&self, target: &str) -> Option<Level> {
        let begins = |list: &[String]| list.iter().any(|prefix| target.starts_with(&**prefix));
        match () {
            () if begins(&self.excluded) => None,
            () if begins(&self.own) => Some(Level::Silly),
            () => Some(Level::Info),
        }
    }
}

/// A layer for `tracing-subscriber` that logs events. Clones share their logger.
#[derive(Clone)]
pub struct TracingBridge(Arc<ArcSwap<Inner>>);

struct Inner {
    logger: RootLogger,
    options: BridgeOptions,
}

/// The bridge of the process, once there is one.
static INSTALLED: Mutex<Option<TracingBridge>> = Mutex::new(None);

impl RootLogger {
    /// A layer that logs events here, to be put in a subscriber of one's own.
    pub fn tracing_bridge(&self, options: BridgeOptions) -> TracingBridge {
        TracingBridge(Arc::new(ArcSwap::from_pointee(Inner { logger: self.clone(), options })))
    }

    /// Takes the events of the whole process. Called again, it redirects them; it fails only if the process has a
    /// subscriber of another kind, and says so by `false`.
    pub fn install_tracing(&self, options: BridgeOptions) -> bool {
        let mut installed = INSTALLED.lock();
        if let Some(bridge) = &*installed {
            bridge.0.store(Arc::new(Inner { logger: self.clone(), options }));
            tracing::callsite::rebuild_interest_cache();
            return true;
        }
        let bridge = self.tracing_bridge(options);
        let subscriber = tracing_subscriber::registry().with(bridge.clone());
        let done = tracing::subscriber::set_global_default(subscriber).is_ok();
        *installed = done.then_some(bridge);
        done
    }
}

fn level(level: &tracing::Level) -> Level {
    match *level {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::TRACE => Level::Silly,
    }
}

impl<S: Subscriber + for<'l> LookupSpan<'l>> Layer<S> for TracingBridge {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let inner = self.0.load();
        let listeners = &inner.options.listeners;
        if is_carrier(metadata) {
            return !listeners.is_empty();
        }
        if listeners.of(metadata.target()).next().is_some() {
            return true;
        }
        let level = level(metadata.level());
        let within = inner.options.limit(metadata.target()).is_some_and(|limit| level <= limit);
        // Spans down to info are kept whatever the threshold: an error within wants their fields.
        within && ((metadata.is_span() && level <= Level::Info) || inner.logger.enabled(level, &["plugin"]))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let inner = self.0.load();
        Some(match inner.logger.max_level() {
            _ if !inner.options.listeners.is_empty() => LevelFilter::TRACE,
            Level::Silly => LevelFilter::TRACE,
            Level::Debug => LevelFilter::DEBUG,
            _ => LevelFilter::INFO,
        })
    }

    fn on_new_span(&self, attrs: &span::Attributes<'_>, id: &span::Id, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id) {
            if is_carrier(attrs.metadata()) {
                if let Some(carried) = InSpan::take() {
                    span.extensions_mut().insert(carried);
                }
                return;
            }
            let fields = SpanFields::of(|visitor| attrs.record(visitor));
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<SpanFields>()
        {
            fields.record(|visitor| values.record(visitor));
        }
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let inner = self.0.load();
        let metadata = event.metadata();
        let level = level(metadata.level());
        for listener in inner.options.listeners.of(metadata.target()) {
            let mut spans = cx.event_scope(event).into_iter().flatten();
            if let Some(carried) = spans.find_map(|span| Some(span.extensions().get::<InSpan>()?.0.clone())) {
                listener.hear(event, &carried);
            }
        }
        // What is heard may be more than what is logged.
        let is_logged = inner.options.limit(metadata.target()).is_some_and(|limit| level <= limit);
        if !is_logged || !inner.logger.enabled(level, &["plugin"]) {
            return;
        }
        let scope = cx.event_scope(event).into_iter().flat_map(|scope| scope.from_root());
        let spans: Vec<SpanFields> =
            scope.filter_map(|span| span.extensions().get::<SpanFields>().cloned()).collect();
        let work = Work::current();
        Captured::with(|captured| {
            event.record(captured);
            let mut fields = Fieldset::default();
            spans.iter().flat_map(SpanFields::iter).for_each(|field| fields.push(field));
            captured.fields().for_each(|field| fields.push(field));
            // As if the plugin's own logger had been called, in every format.
            if let Some(plugin) = work.plugin().filter(|_| !fields.get().iter().any(|f| f.key == "plugin")) {
                fields.push(Field::literal("plugin", FieldValue::Str(plugin)).trusted());
            }
            fields.push(Field::literal("target", FieldValue::Str(metadata.target())).added());
            let message = format_args!("{}", captured.message());
            let record = Record::new(level, message).with_fields(fields.get()).of_target(metadata.target());
            inner.logger.log(&record);
        });
    }
}

/// Fields of one event: on the stack, unless there are many.
struct Fieldset<'a> {
    inline: [Field<'a>; 24],
    count: usize,
    heap: Vec<Field<'a>>,
}

impl Default for Fieldset<'_> {
    fn default() -> Self {
        let none = Field::literal("", FieldValue::Undefined);
        Self { inline: [none; 24], count: 0, heap: Vec::new() }
    }
}

impl<'a> Fieldset<'a> {
    fn push(&mut self, field: Field<'a>) {
        if self.heap.is_empty() && self.count < self.inline.len() {
            self.inline[self.count] = field;
            self.count += 1;
            return;
        }
        if self.heap.is_empty() {
            self.heap.extend_from_slice(&self.inline);
        }
        self.heap.push(field);
    }

    fn get(&self) -> &[Field<'a>] {
        if self.heap.is_empty() { &self.inline[..self.count] } else { &self.heap }
    }
}
