//! A span from its beginning to its end.

use std::{
    borrow::Cow,
    error::Error as StdError,
    fmt,
    sync::Arc,
    thread,
    time::{Instant, SystemTime},
};

use greenroom_context::{Context, TraceContext};
use greenroom_errors::{Result, describe};
use opentelemetry::{Key, KeyValue, Value};
use parking_lot::Mutex;

use crate::{
    data::{SpanData, SpanKind, Status, short_name, shortened},
    provider::Tracer,
    service::Caller,
};

/// A span that is about to begin. See the [crate's example](crate).
#[must_use = "it ends in `run()` or `start()`"]
pub struct SpanBuilder {
    /// `None`: what is within it belongs to what it would belong to without it.
    within: Option<Context>,
    trace: Option<TraceContext>,
    recorded: Option<(Tracer, Box<SpanData>)>,
    captures_end_user: bool,
}

impl SpanBuilder {
    pub(crate) fn nothing() -> Self {
        Self { within: None, trace: None, recorded: None, captures_end_user: false }
    }

    pub(crate) fn unsampled(trace: TraceContext, context: Context) -> Self {
        let (within, trace) = (Some(context.with_span(trace)), Some(trace));
        Self { within, trace, ..Self::nothing() }
    }

    pub(crate) fn recording(
        tracer: &Tracer,
        name: impl Into<Cow<'static, str>>,
        trace: TraceContext,
        context: Context,
    ) -> Self {
        let mut data = SpanData::new(tracer.scope().clone(), name, trace);
        if let Some(plugin) = context.plugin() {
            data.set(KeyValue::new(PLUGIN, plugin.to_owned()));
        }
        let state = context.request().filter(|of| of.trace().trace_id() == trace.trace_id());
        data.trace_state = state.and_then(|request| request.trace_state()).map(Into::into);
        let recorded = Some((tracer.clone(), Box::new(data)));
        Self { recorded, ..Self::unsampled(trace, context) }
    }

    pub(crate) fn has_remote_parent(&mut self) {
        if let Some((_, data)) = &mut self.recorded {
            data.has_remote_parent = true;
        }
    }

    pub(crate) fn of_plugin(mut self, id: &str, captures_end_user: bool) -> Self {
        self.captures_end_user = captures_end_user;
        self.attributes(|| [KeyValue::new(PLUGIN, id.to_owned())])
    }

    /// Whether it will be recorded: what costs something to say need not be said otherwise.
    pub fn is_recording(&self) -> bool {
        self.recorded.is_some()
    }

    /// What it is, seen from outside.
    pub fn kind(mut self, kind: SpanKind) -> Self {
        if let Some((_, data)) = &mut self.recorded {
            data.kind = kind;
        }
        self
    }

    /// Says something of it.
    pub fn attribute(mut self, key: impl Into<Key>, value: impl Into<Value>) -> Self {
        if let Some((_, data)) = &mut self.recorded {
            data.set(KeyValue::new(key, value));
        }
        self
    }

    /// Says several things of it, which nobody has to make if it is not recorded.
    pub fn attributes<A: IntoIterator<Item = KeyValue>>(mut self, attributes: impl FnOnce() -> A) -> Self {
        if let Some((_, data)) = &mut self.recorded {
            attributes().into_iter().for_each(|attribute| data.set(attribute));
        }
        self
    }

    /// Says who it is done for: `backstage.principal.type`, and `enduser.id` where `backend.tracing.capture.endUser` is true. It goes
    /// before attributes of these names.
    pub fn caller(self, caller: &impl Caller) -> Self {
        let captures = self.captures_end_user;
        self.attributes(|| {
            let kind = KeyValue::new("backstage.principal.type", caller.principal_type());
            let user = caller.end_user().filter(|_| captures);
            [Some(kind), user.map(|user| KeyValue::new("enduser.id", user.to_owned()))].into_iter().flatten()
        })
    }

    /// Calls a function within the span, and ends it when that has ended. An error of it is noted, and goes on.
    ///
    /// The function gets the span, to say more of it. If it panics, or nobody waits for it any more, the span ends too, and tells it.
    ///
    /// # Errors
    /// Those of the function.
    pub async fn run<T, F>(self, f: impl FnOnce(Span) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut started = self.start();
        started.is_given_up_when_dropped = true;
        let within = started.context();
        let work = within.clone().sync_scope(|| f(started.span.clone()));
        let done = within.scope(work).await;
        if let Err(error) = &done {
            started.record_error(&**error);
        }
        started.end();
        done
    }

    /// Begins it, for whoever ends it by hand. Nothing is within it but what is run in its [context](StartedSpan::context).
    pub fn start(self) -> StartedSpan {
        let Self { within, trace, recorded, .. } = self;
        let recording = recorded.map(|(tracer, data)| {
            Arc::new(Recording { tracer, began: Instant::now(), data: Mutex::new(Some(data)) })
        });
        StartedSpan { span: Span(recording), within, trace, is_given_up_when_dropped: false }
    }
}

const PLUGIN: &str = "backstage.plugin.id";

struct Recording {
    tracer: Tracer,
    began: Instant,
    /// Until it has ended.
    data: Mutex<Option<Box<SpanData>>>,
}

/// A span that is at work, for who says something of it.
#[derive(Clone)]
pub struct Span(Option<Arc<Recording>>);

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Span").field("is_recording", &self.is_recording()).finish()
    }
}

impl Span {
    /// Whether it is recorded, and has not ended.
    pub fn is_recording(&self) -> bool {
        self.0.as_ref().is_some_and(|recording| recording.data.lock().is_some())
    }

    /// Says something of it. Of two with the same key the later one stays.
    pub fn set_attribute(&self, key: impl Into<Key>, value: impl Into<Value>) {
        self.change(|data| data.set(KeyValue::new(key, value)));
    }

    /// Says how it goes.
    pub fn set_status(&self, status: Status) {
        self.change(|data| {
            data.status = match status {
                Status::Error(why) => Status::Error(shortened(why)),
                other => other,
            }
        });
    }

    /// Says its name anew, once more is known.
    pub fn set_name(&self, name: impl Into<Cow<'static, str>>) {
        self.change(|data| data.name = short_name(name));
    }

    /// Notes that something happened, now.
    pub fn add_event(&self, name: impl Into<Cow<'static, str>>, attributes: Vec<KeyValue>) {
        self.change(|data| data.add_event(name, attributes));
    }

    /// Notes that it failed: an event `exception`, `error.type` and the status.
    pub fn record_error(&self, error: &(dyn StdError + 'static)) {
        self.change(|data| {
            let seen = describe(error);
            let (name, message) = (seen.name.into_owned(), shortened(seen.message));
            let told = [("exception.type", name.clone()), ("exception.message", message.clone())];
            data.add_event("exception", told.map(|(key, text)| KeyValue::new(key, text)).into());
            data.set(KeyValue::new(ERROR_TYPE, name));
            data.status = Status::Error(message);
        });
    }

    fn change(&self, change: impl FnOnce(&mut SpanData)) {
        if let Some(recording) = &self.0
            && let Some(data) = recording.data.lock().as_deref_mut()
        {
            change(data);
        }
    }

    fn end(&self) {
        let Some(recording) = &self.0 else { return };
        let Some(mut data) = recording.data.lock().take() else { return };
        // By the clock of now and the time it took: a clock that was set meanwhile does not change how long it was.
        data.ended = SystemTime::now();
        data.began = data.ended.checked_sub(recording.began.elapsed()).unwrap_or(data.ended);
        recording.tracer.push(data);
    }
}

const ERROR_TYPE: &str = "error.type";

/// A span that ends when this is dropped.
#[derive(Debug)]
pub struct StartedSpan {
    span: Span,
    within: Option<Context>,
    trace: Option<TraceContext>,
    is_given_up_when_dropped: bool,
}

impl StartedSpan {
    /// The context of what is done within it: calls that are made there are its children.
    pub fn context(&self) -> Context {
        self.within.clone().unwrap_or_else(Context::current)
    }

    /// Where it stands in its trace; `None` if it is none of its own.
    pub fn trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }

    /// Ends it.
    pub fn end(mut self) {
        self.is_given_up_when_dropped = false;
    }
}

impl std::ops::Deref for StartedSpan {
    type Target = Span;

    fn deref(&self) -> &Span {
        &self.span
    }
}

impl Drop for StartedSpan {
    fn drop(&mut self) {
        let why = match (thread::panicking(), self.is_given_up_when_dropped) {
            (true, _) => Some(("panic", "It panicked")),
            (false, true) => Some(("cancelled", "It was given up before it had ended")),
            (false, false) => None,
        };
        if let Some((kind, why)) = why {
            self.set_attribute(ERROR_TYPE, kind);
            self.set_status(Status::Error(why.to_owned()));
        }
        self.span.end();
    }
}
