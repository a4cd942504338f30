//! The span of a forwarded request: what the server behind does for it is a child of that. It is made when the answer's last byte has
//! come; nothing is kept of a request that is not recorded.

use std::{
    net::SocketAddr,
    time::{Instant, SystemTime},
};

use greenroom_context::{Context, Request as Named, TraceContext};
use greenroom_http::{Passage, known_method};
use greenroom_redact as redact;
use greenroom_traces::{KeyValue, SpanData, SpanKind, Status, Tracer};
use http::{Method, StatusCode, Uri};
use parking_lot::Mutex;

use crate::failure::Failure;

/// A request that is recorded, until its end.
pub(crate) struct Traced(Box<Inner>);

struct Inner {
    tracer: Tracer,
    named: Named,
    trace: TraceContext,
    method: Method,
    uri: Uri,
    began: Instant,
    told: Mutex<Told>,
}

/// What has become of it.
#[derive(Default)]
struct Told {
    server: Option<SocketAddr>,
    is_plugins: bool,
    status: Option<StatusCode>,
    failure: Option<Failure>,
    resent: u8,
    is_whole: bool,
}

impl Traced {
    /// One of a request that is recorded. Where bytes pass as they come the server behind learns nothing of ours.
    pub(crate) fn begin(
        tracer: &Tracer,
        named: Option<&Named>,
        passage: &Passage,
        method: &Method,
        uri: &Uri,
    ) -> Option<Self> {
        let named = named.filter(|named| named.trace().is_sampled() && !passage.is_transparent)?;
        tracer.is_open().then(|| {
            Self(Box::new(Inner {
                tracer: tracer.clone(),
                named: named.clone(),
                trace: named.trace().child(),
                method: method.clone(),
                uri: uri.clone(),
                began: Instant::now(),
                told: Mutex::default(),
            }))
        })
    }

    /// What the server behind is told of it.
    pub(crate) fn context(&self) -> Context {
        Context::default().with_request(self.0.named.clone()).with_span(self.0.trace)
    }

    /// It is sent there; not for the first time, perhaps.
    pub(crate) fn sent(&self, server: SocketAddr) {
        let mut told = self.0.told.lock();
        told.resent += u8::from(told.server.replace(server).is_some());
    }

    /// It is answered so, for a plugin that the server behind has, or not.
    pub(crate) fn answered(&self, status: StatusCode, is_plugins: bool) {
        let mut told = self.0.told.lock();
        (told.status, told.is_plugins) = (Some(status), is_plugins);
    }

    /// It has failed.
    pub(crate) fn failed(&self, failure: Failure) {
        self.0.told.lock().failure = Some(failure);
    }

    /// The last byte of its answer has come, or none is the last one.
    pub(crate) fn is_whole(&self) {
        self.0.told.lock().is_whole = true;
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        let Inner { tracer, named, trace, method, uri, began, told } = &*self.0;
        let told = told.lock();
        let known = known_method(method);
        let mut span = SpanData::new(tracer.scope().clone(), known.unwrap_or("HTTP"), *trace);
        span.kind = SpanKind::Client;
        span.began = span.ended.checked_sub(began.elapsed()).unwrap_or(SystemTime::UNIX_EPOCH);
        span.trace_state = named.trace_state().map(Into::into);
        span.set(KeyValue::new("http.request.method", known.unwrap_or("_OTHER")));
        if let Some(server) = told.server {
            let path = redact::url(uri.path());
            span.set(KeyValue::new("server.address", server.ip().to_string()));
            span.set(KeyValue::new("server.port", i64::from(server.port())));
            span.set(KeyValue::new("url.full", format!("http://{server}{path}")));
        }
        if told.resent > 0 {
            span.set(KeyValue::new("http.request.resend_count", i64::from(told.resent)));
        }
        if let Some(plugin) = named.target_plugin().filter(|_| told.is_plugins) {
            span.set(KeyValue::new("backstage.plugin.id", plugin.to_owned()));
        }
        let status = told.status.map(|status| status.as_u16());
        if let Some(status) = status {
            span.set(KeyValue::new("http.response.status_code", i64::from(status)));
        }
        let error = match (told.failure, status) {
            (Some(failure), _) => Some(failure.code().to_owned()),
            (None, Some(status @ 400..)) => Some(status.to_string()),
            (None, _) => (!told.is_whole).then(|| "aborted".to_owned()),
        };
        if let Some(error) = error {
            span.set(KeyValue::new("error.type", error));
            // What the code says already need not be said twice.
            span.status = Status::Error(String::new());
        }
        tracer.record(span);
    }
}
