//! One request and its answer, from the first byte to the last: the one place that holds what is known of them.

use std::{sync::Arc, time::Instant};

use axum::extract::Request;
use greenroom_context::{Context, Request as RequestContext, TraceContext};
use greenroom_http_server::{Arrival, InFlight};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version};

use crate::{
    access_line::AccessLine,
    client::Peer,
    envelope::Envelope,
    express::{cors::Grant, headers::both, rate_limit::Hit},
};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What names a request, in the order in which [`named`] takes it.
static NAMES: [HeaderName; 7] = [
    REQUEST_ID,
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("baggage"),
    HeaderName::from_static("x-datadog-trace-id"),
    HeaderName::from_static("x-datadog-parent-id"),
    HeaderName::from_static("x-datadog-sampling-priority"),
    HeaderName::from_static("x-datadog-tags"),
];

/// One request and its answer.
pub(crate) struct Exchange {
    /// What it belongs to before the routes and after them.
    pub(crate) context: Context,
    /// What its body belongs to: the plugin that answers, if one does.
    pub(crate) work: Context,
    pub(crate) request: RequestContext,
    pub(crate) asked: Asked,
    pub(crate) peer: Peer,
    /// No further request is wanted on the connection.
    pub(crate) is_last: bool,
    pub(crate) began: Instant,
    /// What the request's origin is granted.
    pub(crate) grant: Option<Grant>,
    /// The limits that it was counted against, the plugin's last.
    pub(crate) hits: Vec<Hit>,
    /// What is written when the last byte has left.
    pub(crate) line: Option<AccessLine>,
    /// Whose log tells of an answer that breaks: the innermost router's.
    pub(crate) envelope: Option<Arc<Envelope>>,
    /// What the client was answered, once that is known.
    pub(crate) answered: Option<Answered>,
    /// The connection stays, and a drain waits, as long as this is here.
    _in_flight: InFlight,
}

/// What the steps behind the routes need of the request.
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// As it came.
    pub(crate) uri: Uri,
    pub(crate) version: Version,
    pub(crate) connection: Option<HeaderValue>,
    pub(crate) accept_encoding: Option<HeaderValue>,
    pub(crate) cache_control: Option<HeaderValue>,
    pub(crate) if_modified_since: Option<HeaderValue>,
    pub(crate) if_none_match: Option<HeaderValue>,
    /// The first one that came, as in Node, unless it is empty; so is the next.
    pub(crate) user_agent: Option<HeaderValue>,
    pub(crate) referrer: Option<HeaderValue>,
}

/// What a client was answered.
#[derive(Clone, Copy)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    /// What `Content-Length` says.
    pub(crate) length: Option<u64>,
    /// The body is not sent, whatever it is.
    pub(crate) is_bodiless: bool,
}

impl Exchange {
    pub(crate) fn begin(request: &Request, arrival: Arrival, peer: Peer) -> Self {
        let headers = request.headers();
        let named = named(headers);
        let context = Context::current().with_request(named.clone());
        Self {
            work: context.clone(),
            context,
            request: named,
            asked: Asked::of(request),
            peer,
            is_last: arrival.is_last,
            began: Instant::now(),
            grant: None,
            hits: Vec::new(),
            line: None,
            envelope: None,
            answered: None,
            _in_flight: arrival.in_flight,
        }
    }

    /// Writes the access line, unless there is none or it is written. `sent` is how much of the body has left.
    pub(crate) fn end(&mut self, sent: u64, aborted: bool) {
        if let Some(line) = self.line.take() {
            let context = self.context.clone();
            context.sync_scope(|| line.write(self, sent, aborted));
        }
    }
}

impl Drop for Exchange {
    /// The client has left before there was an answer, or whoever made it was ended.
    fn drop(&mut self) {
        self.end(0, true);
    }
}

/// The request's name: its id, its trace and its session, as far as the client gave them.
pub(crate) fn named(headers: &HeaderMap) -> RequestContext {
    let mut sent = [None; NAMES.len()];
    // One look at what came, in place of one for each name.
    for (name, value) in headers {
        if let Some(at) = NAMES.iter().position(|known| known == name) {
            sent[at].get_or_insert(value);
        }
    }
    let [id, traceparent, baggage, trace, parent, priority, tags] =
        sent.map(|value: Option<&HeaderValue>| value?.to_str().ok());
    let datadog = || TraceContext::from_datadog(trace?, parent?, priority, tags);
    let trace = traceparent.and_then(TraceContext::from_traceparent).or_else(datadog);
    match baggage {
        None => RequestContext::new(id, trace),
        Some(baggage) => RequestContext::in_session(id, trace, baggage),
    }
}

impl Asked {
    pub(crate) fn of(request: &Request) -> Self {
        let mut asked = Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            connection: None,
            accept_encoding: None,
            cache_control: None,
            if_modified_since: None,
            if_none_match: None,
            user_agent: None,
            referrer: None,
        };
        let mut misspelt = None;
        for (name, value) in request.headers() {
            let (kept, is_list) = match name.as_str() {
                "connection" => (&mut asked.connection, true),
                "accept-encoding" => (&mut asked.accept_encoding, true),
                "cache-control" => (&mut asked.cache_control, true),
                "if-modified-since" => (&mut asked.if_modified_since, true),
                "if-none-match" => (&mut asked.if_none_match, true),
                "user-agent" => (&mut asked.user_agent, false),
                "referer" => (&mut asked.referrer, false),
                "referrer" => (&mut misspelt, false),
                _ => continue,
            };
            *kept = Some(match kept.take() {
                None => value.clone(),
                Some(first) if is_list => both(first, value),
                Some(first) => first,
            });
        }
        let said = |value: &HeaderValue| !value.is_empty();
        asked.user_agent = asked.user_agent.filter(said);
        asked.referrer = asked.referrer.filter(said).or(misspelt.filter(said));
        asked
    }

    /// The path and the query, as error bodies tell them.
    pub(crate) fn url(&self) -> &str {
        self.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
    }

    /// Whether the client wants the connection kept.
    pub(crate) fn keeps_alive(&self) -> bool {
        let connection = self.connection.as_ref().and_then(|value| value.to_str().ok());
        let says = |word: &str| {
            connection.is_some_and(|all| all.split(',').any(|token| token.trim().eq_ignore_ascii_case(word)))
        };
        if self.version == Version::HTTP_10 { says("keep-alive") } else { !says("close") }
    }
}
