//! The request that the current work answers: what names it in every line, span and outgoing call.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use crate::{
    trace::{TraceContext, TraceId},
    trace_state::TraceState,
};

pub(crate) const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";

/// The headers that are read.
const READ: [&str; 8] = [
    Request::ID_HEADER,
    TRACEPARENT,
    BAGGAGE,
    "x-datadog-origin",
    "x-datadog-trace-id",
    "x-datadog-parent-id",
    "x-datadog-sampling-priority",
    "x-datadog-tags",
];

/// The longest request id that is taken from a client.
const LONGEST_ID: usize = 64;

/// One request, from its first byte to the last byte of its answer, and what is learned of it on the way.
///
/// ```
/// use greenroom_context::{Context, Request};
///
/// let request = Request::new(Some("checkout-7"), None);
/// Context::current().with_request(request).sync_scope(|| {
///     assert_eq!(Context::current().request().unwrap().id(), "checkout-7");
/// });
/// ```
#[derive(Clone)]
pub struct Request(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    id: RequestId,
    trace: TraceContext,
    /// What other systems keep of the trace.
    state: Option<TraceState>,
    session: Option<SessionId>,
    is_of_rum: bool,
    principal: OnceLock<&'static str>,
    route: OnceLock<Arc<str>>,
    target: OnceLock<Arc<str>>,
}

impl Request {
    /// The header of a request's id.
    pub const ID_HEADER: &str = "x-request-id";

    /// A request with the client's id, if it is 1 to 64 of `A-Z a-z 0-9 . _ -`, and its trace; what is missing is made.
    pub fn new(id: Option<&str>, trace: Option<TraceContext>) -> Self {
        Self::with(id, trace, None, None, false)
    }

    /// The request that has these headers, by their names in lower case. Of a repeated one the first counts.
    ///
    /// ```
    /// use greenroom_context::Request;
    ///
    /// let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// let request = Request::from_headers([("x-request-id", "checkout-7"), ("traceparent", traceparent)]);
    /// assert_eq!(request.id(), "checkout-7");
    /// assert_eq!(request.trace().trace_id().as_str(), "4bf92f3577b34da6a3ce929d0e0e4736");
    /// ```
    ///
    /// `x-request-id` is its id, as [`new`](Self::new) takes it. Its trace is in `traceparent`, or else in
    /// [Datadog's headers](TraceContext::from_datadog); `tracestate` goes on as it came. `session.id` in `baggage` is the browser session, if it is a UUID.
    pub fn from_headers<'a, V: AsRef<[u8]> + ?Sized + 'a>(
        headers: impl IntoIterator<Item = (&'a str, &'a V)>,
    ) -> Self {
        let mut found = [None; READ.len()];
        let mut state = TraceState::default();
        for (name, value) in headers {
            if let Some(at) = READ.iter().position(|known| *known == name) {
                found[at].get_or_insert(value.as_ref());
            } else if name == TRACESTATE {
                state.push(value.as_ref());
            }
        }
        let [id, trace, baggage, origin, datadog @ ..] = found.map(|value| std::str::from_utf8(value?).ok());
        let w3c = trace.and_then(TraceContext::from_traceparent);
        // It belongs to the trace of `traceparent`.
        let state = w3c.and_then(|_| state.checked());
        let trace = w3c.or_else(|| {
            let [id, parent, priority, tags] = datadog;
            TraceContext::from_datadog(id?, parent?, priority, tags)
        });
        let is_of_rum =
            origin == Some("rum") || state.as_ref().is_some_and(|state| state.origin() == Some("rum"));
        Self::with(id, trace, state, baggage.and_then(SessionId::from_baggage), is_of_rum)
    }

    fn with(
        id: Option<&str>,
        trace: Option<TraceContext>,
        state: Option<TraceState>,
        session: Option<SessionId>,
        is_of_rum: bool,
    ) -> Self {
        let id = match id.filter(|id| is_id(id)) {
            Some(id) => RequestId::Given(id.into()),
            None => RequestId::Made(TraceId::random()),
        };
        let trace = trace.map_or_else(TraceContext::root, |parent| parent.child());
        let (principal, route, target) = Default::default();
        Self(Arc::new(Inner { id, trace, state, session, is_of_rum, principal, route, target }))
    }

    /// The same, its trace recorded if `is_sampled` says so of it: asked once. Whoever has this request already keeps it as it was.
    ///
    /// ```
    /// use greenroom_context::Request;
    ///
    /// let request = Request::new(None, None).sampled(|trace| trace.parent_span_id().is_none());
    /// assert_eq!(request.trace().flags(), "01");
    /// ```
    #[must_use]
    pub fn sampled(mut self, is_sampled: impl FnOnce(&TraceContext) -> bool) -> Self {
        let is_sampled = is_sampled(&self.0.trace);
        let inner = Arc::make_mut(&mut self.0);
        inner.trace = inner.trace.sampled(is_sampled);
        self
    }

    /// Its id: the client's `x-request-id`, or one of our own.
    pub fn id(&self) -> &str {
        match &self.0.id {
            RequestId::Given(id) => id,
            RequestId::Made(id) => id.as_str(),
        }
    }

    /// Where it stands in its trace; the span is ours.
    pub fn trace(&self) -> &TraceContext {
        &self.0.trace
    }

    /// The browser session that it was sent in, a UUID.
    pub fn session(&self) -> Option<&str> {
        self.0.session.as_ref().map(SessionId::as_str)
    }

    /// Whether it says that a browser whose page is measured has sent it: `x-datadog-origin` is `rum`, or the member `dd` of
    /// `tracestate` holds `o:rum`. Anybody can say so.
    ///
    /// ```
    /// use greenroom_context::Request;
    ///
    /// let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// let asked = [("traceparent", traceparent), ("tracestate", "dd=s:1;o:rum")];
    /// assert!(Request::from_headers(asked).is_of_rum());
    /// assert!(!Request::from_headers([("traceparent", traceparent)]).is_of_rum());
    /// ```
    pub fn is_of_rum(&self) -> bool {
        self.0.is_of_rum
    }

    /// Backstage's word for who sent it, once that is known: `none`, `user` or `service`.
    pub fn principal_type(&self) -> Option<&'static str> {
        self.0.principal.get().copied()
    }

    /// Notes who sent it; the first note stays.
    pub fn set_principal_type(&self, kind: &'static str) {
        let _ = self.0.principal.set(kind);
    }

    /// The template of the route that answers it, such as `/api/catalog/entities/{uid}`, once that is known.
    pub fn route(&self) -> Option<&str> {
        self.0.route.get().map(|route| &**route)
    }

    /// Notes which route answers it; the first note stays.
    pub fn set_route(&self, template: impl Into<Arc<str>>) {
        let _ = self.0.route.set(template.into());
    }

    /// The plugin whose mount the request was sent to, once that is known.
    pub fn target_plugin(&self) -> Option<&str> {
        self.0.target.get().map(|plugin| &**plugin)
    }

    /// Notes which plugin it was sent to; the first note stays.
    pub fn set_target_plugin(&self, plugin: Arc<str>) {
        let _ = self.0.target.set(plugin);
    }

    /// The headers that let a call to any host be part of the trace: `traceparent`, and `tracestate` if the request came with
    /// one.
    pub fn trace_headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        [(TRACEPARENT, self.trace().traceparent())].into_iter().chain(self.state_header())
    }

    /// What other systems keep of its trace, as it came in `tracestate`.
    pub fn trace_state(&self) -> Option<&str> {
        self.0.state.as_ref().map(TraceState::as_str)
    }

    pub(crate) fn state_header(&self) -> Option<(&'static str, String)> {
        Some((TRACESTATE, self.trace_state()?.to_owned()))
    }

    pub(crate) fn session_header(&self) -> Option<(&'static str, String)> {
        Some((BAGGAGE, format!("session.id={}", self.session()?)))
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("id", &self.id()).field("trace", self.trace()).finish_non_exhaustive()
    }
}

#[derive(Clone)]
enum RequestId {
    Given(Box<str>),
    Made(TraceId),
}

fn is_id(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(is_allowed)
}

/// A UUID: what the browser SDK calls a session, and nothing that names a person.
#[derive(Clone)]
struct SessionId([u8; 36]);

impl SessionId {
    /// `session.id` among the members of a baggage header; of several the last counts.
    ///
    /// Source: W3C Baggage, "Baggage HTTP Header Format": a member's properties stand behind its value. The key is of
    /// OpenTelemetry's semantic conventions.
    fn from_baggage(baggage: &str) -> Option<Self> {
        let mut values = baggage.split(',').filter_map(|member| {
            let (key, value) = member.split(';').next()?.split_once('=')?;
            (key.trim() == "session.id").then(|| value.trim())
        });
        values.next_back().and_then(Self::parse)
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 36] = text.as_bytes().try_into().ok()?;
        let fits = |(at, byte): (usize, &u8)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        bytes.iter().enumerate().all(fits).then(|| Self(bytes.map(|byte| byte.to_ascii_lowercase())))
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}
