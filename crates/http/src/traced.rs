//! The spans of requests: whether one is recorded is decided as it comes, and it is made from the exchange once that has ended. Nothing
//! is kept for it in between.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use greenroom_context::{Request as RequestContext, TraceContext};
use greenroom_redact as redact;
use greenroom_traces::{KeyValue, SpanData, SpanKind, Status, Tracer, TracerProvider};
use http::{Request, Version};

use crate::{
    exchange::{Exchange, request_context},
    health_routes, measured,
};

/// The spans of a server's requests.
#[derive(Clone)]
pub(crate) struct RequestTraces {
    provider: TracerProvider,
    tracer: Tracer,
    scheme: &'static str,
}

/// Which requests are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// Those of clients.
    Clients,
    /// Those that ask for a WebSocket, which stays for hours and has no span. What is traced within it belongs to the trace of a caller
    /// whose own is recorded.
    WebSockets,
    /// Those that are nobody's work, as of pages that ask again and again: nothing of them is recorded.
    Untraced,
}

impl RequestTraces {
    pub(crate) fn new(provider: TracerProvider, is_encrypted: bool) -> Self {
        let (tracer, scheme) = (provider.own(), if is_encrypted { "https" } else { "http" });
        Self { provider, tracer, scheme }
    }

    /// The request's name. Its trace is recorded as the sampler says; where nobody takes spans, it says what the client said.
    pub(crate) fn named<B>(&self, request: &Request<B>, of: Of) -> RequestContext {
        let named = request_context(request.headers());
        let Some(sampler) = self.provider.sampler() else { return named };
        named.sampled(|trace| {
            sampler.samples(trace)
                && match of {
                    Of::Clients => is_work(trace, request.uri().path()),
                    Of::WebSockets => trace.parent_span_id().is_some() && trace.is_sampled(),
                    Of::Untraced => false,
                }
        })
    }

    /// What makes the request's span when it is over, if it is recorded.
    pub(crate) fn begin(&self, request: &RequestContext) -> Option<Traced> {
        let is_recorded = request.trace().is_sampled() && self.tracer.is_open();
        is_recorded.then(|| Traced(self.clone()))
    }
}

/// A probe that nobody has made part of a trace tells nothing in one of its own.
fn is_work(trace: &TraceContext, path: &str) -> bool {
    trace.parent_span_id().is_some() || health_routes::probe(path).is_none()
}

/// The name of a request where nothing is said of its span.
pub(crate) fn name<B>(traces: Option<&RequestTraces>, request: &Request<B>, of: Of) -> RequestContext {
    match traces {
        Some(traces) => traces.named(request, of),
        None => request_context(request.headers()),
    }
}

/// A request that is recorded.
pub(crate) struct Traced(RequestTraces);

impl Traced {
    /// It is over. `sent` is how much of the body has left.
    pub(crate) fn end(self, exchange: &Exchange, sent: u64, is_aborted: bool, took: Duration) {
        let Exchange { asked, request, answered, .. } = exchange;
        let Self(RequestTraces { tracer, scheme, .. }) = self;
        let told = exchange.told.as_deref();
        let plugin = measured::plugin(exchange);
        let method = measured::method(&asked.method);
        let status = answered.map(|answered| answered.status.as_u16());

        let mut span = SpanData::new(tracer.scope().clone(), span_name(exchange, plugin), *request.trace());
        span.kind = SpanKind::Server;
        span.began = span.ended.checked_sub(took).unwrap_or(SystemTime::UNIX_EPOCH);
        span.has_remote_parent = request.trace().parent_span_id().is_some();
        span.trace_state = request.trace_state().map(Into::into);

        span.set(KeyValue::new("http.request.method", method.unwrap_or("_OTHER")));
        let mut text = |key, text: Option<Cow<'_, str>>| {
            if let Some(text) = text {
                span.set(KeyValue::new(key, text.into_owned()));
            }
        };
        let unnamed = method.is_none().then(|| asked.method.as_str().into());
        text("http.request.method_original", unnamed);
        text("http.route", request.route().map(Into::into));
        text("url.path", Some(redact::url(asked.uri.path())));
        text("url.scheme", Some(scheme.into()));
        text(
            "network.protocol.version",
            Some(if asked.version == Version::HTTP_10 { "1.0" } else { "1.1" }.into()),
        );
        let agent = asked.user_agent.as_ref().map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        // All of it: it is cut where all texts are, behind its secrets.
        text("user_agent.original", agent.map(|agent| redact::text(&agent).into_owned().into()));
        text("backstage.plugin.id", plugin.map(Into::into));
        let kind = request.principal_type().or(told.map(|_| "unverified"));
        text("backstage.principal.type", kind.map(Into::into));
        text("greenroom.request.id", Some(request.id().into()));
        text("session.id", request.session().map(Into::into));
        let code = told.and_then(|told| told.gateway_error());
        let has_broken = is_aborted && exchange.long_lived.is_none();
        let failed = status.filter(|status| *status >= 500).map(|status| status.to_string());
        let error = code.map(Cow::from).or(has_broken.then_some("aborted".into())).or(failed.map(Into::into));
        let has_failed = error.is_some();
        text("error.type", error);
        if let Some(status) = status {
            span.set(KeyValue::new("http.response.status_code", i64::from(status)));
        }
        span.set(KeyValue::new("http.response.body.size", i64::try_from(sent).unwrap_or(i64::MAX)));
        if has_failed {
            // What the code says already need not be said twice.
            span.status = Status::Error(String::new());
        }
        tracer.record(span);
    }
}

/// `GET /api/catalog/entities/{uid}`: the method and something of which there are few. What goes to a server behind has no route here,
/// but a plugin that is known to be there.
fn span_name(exchange: &Exchange, plugin: Option<&str>) -> Cow<'static, str> {
    let method = measured::method(&exchange.asked.method);
    match (exchange.request.route(), plugin) {
        (Some(route), _) => [method.unwrap_or("HTTP"), " ", route].concat().into(),
        (None, Some(plugin)) => [method.unwrap_or("HTTP"), " /api/", plugin].concat().into(),
        (None, None) => method.unwrap_or("HTTP").into(),
    }
}

#[cfg(test)]
mod tests {
    use greenroom_traces::Sampler;

    use super::*;

    #[test]
    fn a_probe_begins_no_trace_and_the_surface_of_operators_is_in_none() {
        let provider = TracerProvider::default();
        let traces = RequestTraces::new(provider.clone(), false);
        let asked = |path: &str, parent: Option<&str>| {
            let mut request = Request::builder().uri(path);
            if let Some(parent) = parent {
                request = request.header("traceparent", parent);
            }
            request.body(()).unwrap()
        };
        let parent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        let flags = |path, parent, of| traces.named(&asked(path, parent), of).trace().flags();
        // Nobody takes spans: what the client says goes on.
        assert_eq!(flags("/api/x", None, Of::Clients), "00");
        assert_eq!(flags("/api/x", parent, Of::Untraced), "01");

        let _spans = provider.open(Sampler::default(), 8, 8).unwrap();
        let probe = "/.backstage/health/v1/readiness";
        assert_eq!(flags("/api/x", None, Of::Clients), "01");
        assert_eq!(flags(probe, None, Of::Clients), "00");
        assert_eq!(flags(probe, parent, Of::Clients), "01");
        assert_eq!(flags("/.greenroom/", parent, Of::Untraced), "00");
        // A WebSocket begins none, and what is traced within it is part of a caller's.
        assert_eq!(flags("/api/x", None, Of::WebSockets), "00");
        assert_eq!(flags("/api/x", parent, Of::WebSockets), "01");
        assert!(traces.begin(&traces.named(&asked(probe, None), Of::Clients)).is_none());
        assert!(traces.begin(&traces.named(&asked("/api/x", None), Of::Clients)).is_some());
    }
}
