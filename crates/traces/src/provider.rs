//! Who makes spans, and where they go.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
};

use greenroom_context::{Context, TraceContext};
use greenroom_core::{Service, ServiceFactory, scope, service};

use crate::{
    data::{Scope, SpanData},
    queue::{Queue, SpanCounts, Spans},
    sampler::Sampler,
    span::SpanBuilder,
};

/// The tracer of what the backend itself tells.
const OWN: &str = "greenroom";

/// All spans of this backend.
#[derive(Clone, Default)]
pub struct TracerProvider(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Set once somebody takes them.
    open: OnceLock<Open>,
}

struct Open {
    sampler: Sampler,
    queue: Arc<Queue>,
}

impl Service for TracerProvider {
    const ID: &'static str = "greenroom.traces";
    type Scope = scope::Root;
}

impl fmt::Debug for TracerProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracerProvider").field("is_open", &self.is_open()).finish()
    }
}

impl TracerProvider {
    /// The default factory: one that nobody has opened yet.
    pub fn factory() -> ServiceFactory {
        service(async || Ok(Self::default()))
    }

    /// Records from now on, as the sampler says. At most `capacity` spans wait, and are taken `batch` at a time. `None` if somebody
    /// takes them already.
    ///
    /// ```
    /// use greenroom_traces::{Sampler, TracerProvider};
    ///
    /// let provider = TracerProvider::default();
    /// let spans = provider.open(Sampler::default(), 16, 4).unwrap();
    /// provider.own().span("task nightly").start().end();
    /// assert_eq!(spans.take()[0].name, "task nightly");
    /// assert!(provider.open(Sampler::default(), 16, 4).is_none());
    /// ```
    pub fn open(&self, sampler: Sampler, capacity: usize, batch: usize) -> Option<Spans> {
        let queue = Arc::new(Queue::new(capacity, batch));
        self.0.open.set(Open { sampler, queue: queue.clone() }).ok()?;
        Some(Spans(queue))
    }

    /// Whether somebody takes them.
    pub fn is_open(&self) -> bool {
        self.0.open.get().is_some()
    }

    /// Decides whether work is recorded that stands there in its trace, and has no parent in this process; `None` if nothing is
    /// recorded anyway.
    pub fn sampler(&self) -> Option<Sampler> {
        Some(self.0.open.get()?.sampler)
    }

    /// A tracer.
    pub fn tracer(&self, scope: Scope) -> Tracer {
        Tracer { provider: self.clone(), scope: Arc::new(scope) }
    }

    /// That of the backend itself, `greenroom`.
    pub fn own(&self) -> Tracer {
        self.tracer(Scope::named(OWN))
    }

    /// What has become of spans so far.
    pub fn counts(&self) -> SpanCounts {
        self.0.open.get().map(|open| open.queue.counts()).unwrap_or_default()
    }

    fn push(&self, span: Box<SpanData>) {
        if let Some(open) = self.0.open.get() {
            open.queue.push(span);
        }
    }
}

/// Makes spans of one scope.
#[derive(Clone, Debug)]
pub struct Tracer {
    provider: TracerProvider,
    scope: Arc<Scope>,
}

impl Tracer {
    /// One whose spans nobody takes: for a test of what traces, and where there is no backend.
    pub fn noop() -> Self {
        TracerProvider::default().own()
    }

    /// Whose spans they are.
    pub fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    /// Whether somebody takes them.
    pub fn is_open(&self) -> bool {
        self.provider.is_open()
    }

    /// Begins a span within what is at work: a child of the span or the request there, or else the beginning of a trace, which the
    /// sampler decides on. It tells which plugin is at work.
    pub fn span(&self, name: impl Into<Cow<'static, str>>) -> SpanBuilder {
        let Some(sampler) = self.provider.sampler() else { return SpanBuilder::nothing() };
        let context = Context::current();
        match context.trace() {
            // What is not recorded has no children that are.
            Some(parent) if !parent.is_sampled() => SpanBuilder::nothing(),
            Some(parent) => {
                let trace = parent.child();
                SpanBuilder::recording(self, name, trace, context)
            }
            None => self.decided(sampler, name, TraceContext::root(), context),
        }
    }

    /// Begins a span whose parent is elsewhere, as of a message that was taken: the sampler decides on it.
    pub fn span_of(&self, name: impl Into<Cow<'static, str>>, parent: TraceContext) -> SpanBuilder {
        let Some(sampler) = self.provider.sampler() else { return SpanBuilder::nothing() };
        let mut span = self.decided(sampler, name, parent.child(), Context::current());
        span.has_remote_parent();
        span
    }

    fn decided(
        &self,
        sampler: Sampler,
        name: impl Into<Cow<'static, str>>,
        trace: TraceContext,
        context: Context,
    ) -> SpanBuilder {
        let trace = trace.sampled(sampler.samples(&trace));
        match trace.is_sampled() {
            true => SpanBuilder::recording(self, name, trace, context),
            // What is called within it must not begin a trace of its own.
            false => SpanBuilder::unsampled(trace, context),
        }
    }

    /// Hands over a span that has ended, if its trace is recorded: for what is known only then.
    pub fn record(&self, span: SpanData) {
        if span.trace.is_sampled() {
            self.push(Box::new(span));
        }
    }

    pub(crate) fn push(&self, span: Box<SpanData>) {
        self.provider.push(span);
    }
}
