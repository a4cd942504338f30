//! The context itself, kept in a task local.

use std::{future::Future, sync::Arc};

use crate::{Request, Tasks, TraceContext, request::TRACEPARENT};

tokio::task_local! {
    static CURRENT: Context;
}

/// What the current work belongs to.
#[derive(Clone, Debug, Default)]
pub struct Context(Option<Arc<Inner>>);

#[derive(Clone, Debug, Default)]
struct Inner {
    plugin: Option<Arc<str>>,
    module: Option<Arc<str>>,
    tasks: Option<Tasks>,
    request: Option<Request>,
    /// The span at work, if it is another than the request's own.
    span: Option<TraceContext>,
}

impl Context {
    /// The context of the running task; empty outside of any [`scope`](Self::scope).
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    fn change(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = self.0.as_deref().cloned().unwrap_or_default();
        change(&mut inner);
        Self(Some(Arc::new(inner)))
    }

    /// The same, at work for plugin `id` and no module.
    #[must_use]
    pub fn with_plugin(self, id: impl Into<Arc<str>>) -> Self {
        self.change(|c| (c.plugin, c.module) = (Some(id.into()), None))
    }

    /// The same, at work for a module of the plugin.
    #[must_use]
    pub fn with_module(self, id: impl Into<Arc<str>>) -> Self {
        self.change(|c| c.module = Some(id.into()))
    }

    /// The same, its spawned tasks tracked by `tasks`.
    #[must_use]
    pub fn with_tasks(self, tasks: Tasks) -> Self {
        self.change(|c| c.tasks = Some(tasks))
    }

    /// The same, at work on that request and in its own span.
    #[must_use]
    pub fn with_request(self, request: Request) -> Self {
        self.change(|c| (c.request, c.span) = (Some(request), None))
    }

    /// The same, in that span: lines tell it, and calls that are made within it are its children.
    #[must_use]
    pub fn with_span(self, span: TraceContext) -> Self {
        self.change(|c| c.span = Some(span))
    }

    /// The request at work.
    pub fn request(&self) -> Option<&Request> {
        self.0.as_ref()?.request.as_ref()
    }

    /// Where the work stands in its trace: the span that it is in, or else the request's own.
    pub fn trace(&self) -> Option<&TraceContext> {
        let inner = self.0.as_ref()?;
        inner.span.as_ref().or_else(|| Some(inner.request.as_ref()?.trace()))
    }

    /// The headers that let a call to another plugin be part of this work: those of its [request](Request::headers), the call being
    /// a child of the span at work.
    ///
    /// They are for backends of the same portal: the session tells a foreign host about a person.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let request = self.request();
        let id = request.map(|request| (Request::ID_HEADER, request.id().to_owned()));
        let session = request.and_then(Request::session_header);
        id.into_iter().chain(self.trace_headers()).chain(session)
    }

    /// The headers that let a call to any host be part of the trace: `traceparent`, and `tracestate` if the request came with one.
    ///
    /// ```
    /// use greenroom_context::{Context, Request};
    ///
    /// let context = Context::current().with_request(Request::new(None, None));
    /// let span = context.trace().unwrap().child();
    /// let within = context.with_span(span);
    /// assert_eq!(within.trace_headers().next(), Some(("traceparent", span.traceparent())));
    /// ```
    pub fn trace_headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let trace = self.trace();
        let parent = trace.map(|trace| (TRACEPARENT, trace.traceparent()));
        // What others keep of the request's trace says nothing of another one.
        let request = self
            .request()
            .filter(|request| trace.is_some_and(|trace| trace.trace_id() == request.trace().trace_id()));
        parent.into_iter().chain(request.and_then(Request::state_header))
    }

    /// What the work belongs to, as the fields of a log line or a span, each unless the line has it already:
    /// `plugin`, `module`, of a request `requestId` and `sessionId`, and of the span at work `trace_id`, `span_id` and `trace_flags`.
    ///
    /// The only place that decides which there are.
    pub fn each_field<'c>(&'c self, mut each: impl FnMut(ContextField<'c>)) {
        let Some(inner) = &self.0 else { return };
        let mut add = |key, value| each(ContextField { key, value });
        if let Some(plugin) = &inner.plugin {
            add("plugin", plugin);
        }
        if let Some(module) = &inner.module {
            add("module", module);
        }
        if let Some(request) = &inner.request {
            add("requestId", request.id());
        }
        let Some(trace) = self.trace() else { return };
        add("trace_id", trace.trace_id().as_str());
        add("span_id", trace.span_id().as_str());
        add("trace_flags", trace.flags());
        if let Some(session) = inner.request.as_ref().and_then(Request::session) {
            add("sessionId", session);
        }
    }

    /// The plugin at work.
    pub fn plugin(&self) -> Option<&str> {
        self.0.as_ref()?.plugin.as_deref()
    }

    /// The module at work.
    pub fn module(&self) -> Option<&str> {
        self.0.as_ref()?.module.as_deref()
    }

    /// Where spawned tasks are tracked.
    pub fn tasks(&self) -> Option<&Tasks> {
        self.0.as_ref()?.tasks.as_ref()
    }

    /// Runs a future in this context.
    // Not an `async fn`, which would hold the future twice: futures are moved often, and nested ones would double.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }

    /// Runs a function in this context.
    pub fn sync_scope<R>(self, f: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self, f)
    }
}

/// One field of a [`Context`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextField<'a> {
    /// Its key, the same in lines and spans.
    pub key: &'static str,
    /// Its value.
    pub value: &'a str,
}

impl ContextField<'_> {
    /// No context has more fields.
    pub const MOST: usize = 7;

    /// Whether somebody outside chose the value, which may hold anything that its form allows.
    pub fn is_foreign(&self) -> bool {
        self.key == "requestId"
    }
}
