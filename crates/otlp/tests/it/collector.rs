//! A collector in this process, which reads what comes as the protocol has it.

use std::{collections::VecDeque, io::Read, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{OriginalUri, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use greenroom_context::spawn;
use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::ExportMetricsServiceRequest,
        trace::v1::{ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse},
    },
    metrics::v1::Metric,
    resource::v1::Resource,
    trace::v1::{ScopeSpans, Span},
};
use parking_lot::Mutex;
use prost::Message;

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What the collector does with a call.
#[derive(Clone, Debug)]
pub(crate) enum Does {
    Takes,
    Answers(u16),
    /// With `Retry-After`, in seconds.
    Later(u16, u64),
    /// With a `Retry-After` that is a date gone by.
    Past(u16),
    /// It takes the call, but for so many spans.
    Rejects(i64),
    /// It takes the call, but for one span, and says this.
    Says(String),
    /// It is none: it answers 200 with this body, of this type.
    Writes(&'static str, &'static str),
    /// It never answers.
    Hangs,
}

#[derive(Clone, Default)]
pub(crate) struct Collector(Arc<Inner>);

#[derive(Default)]
struct Inner {
    next: Mutex<VecDeque<Does>>,
    always: Mutex<Option<Does>>,
    calls: Mutex<Vec<Call>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) is_taken: bool,
    traces: Option<ExportTraceServiceRequest>,
    metrics: Option<ExportMetricsServiceRequest>,
}

impl Collector {
    pub(crate) async fn start() -> (Self, String) {
        Self::at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn at(address: SocketAddr) -> (Self, String) {
        let collector = Self::default();
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(post(take)).with_state(collector.clone());
        drop(spawn("collector", async move { axum::serve(listener, router).await.unwrap() }));
        (collector, url)
    }

    /// What it does with the next calls; then it takes all.
    pub(crate) fn then(&self, next: impl IntoIterator<Item = Does>) {
        self.0.next.lock().extend(next);
    }

    /// What it does with all calls from now on.
    pub(crate) fn always(&self, does: Does) {
        *self.0.always.lock() = Some(does);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.0.calls.lock().clone()
    }

    /// Waits until that is so.
    pub(crate) async fn until(&self, holds: impl Fn(&Self) -> bool) {
        until(|| holds(self)).await;
    }

    fn taken(&self) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.is_taken).collect()
    }

    pub(crate) fn scopes(&self) -> Vec<(Resource, ScopeSpans)> {
        let of = |call: Call| call.traces.map_or(vec![], |traces| traces.resource_spans);
        let all = self.taken().into_iter().flat_map(of);
        all.flat_map(|of| of.scope_spans.into_iter().map(move |scope| (of.resource.clone().unwrap(), scope)))
            .collect()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.scopes().into_iter().flat_map(|(_, scope)| scope.spans).collect()
    }

    /// The metrics of that name, one for each time that it came.
    pub(crate) fn metrics(&self, name: &str) -> Vec<Metric> {
        let of = |call: Call| call.metrics.map_or(vec![], |metrics| metrics.resource_metrics);
        let scopes = self.taken().into_iter().flat_map(of).flat_map(|of| of.scope_metrics);
        scopes.flat_map(|of| of.metrics).filter(|metric| metric.name == name).collect()
    }
}

/// Waits until that is so.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    let waits = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waits).await.expect("it comes to be so");
}

async fn take(
    State(collector): State<Collector>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let always = collector.0.always.lock().clone();
    let does = always.or_else(|| collector.0.next.lock().pop_front()).unwrap_or(Does::Takes);
    let mut plain = body.to_vec();
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding == "gzip") {
        plain.clear();
        flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
    }
    let is_json = headers[header::CONTENT_TYPE] == "application/json";
    let (mut traces, mut metrics) = (None, None);
    match (uri.path().ends_with("/v1/metrics"), is_json) {
        (false, false) => traces = Some(ExportTraceServiceRequest::decode(&plain[..]).unwrap()),
        (false, true) => traces = Some(serde_json::from_slice(&plain).unwrap()),
        (true, false) => metrics = Some(ExportMetricsServiceRequest::decode(&plain[..]).unwrap()),
        (true, true) => metrics = Some(serde_json::from_slice(&plain).unwrap()),
    }
    let is_taken = matches!(does, Does::Takes | Does::Rejects(_) | Does::Says(_));
    let path = uri.path_and_query().unwrap().to_string();
    collector.0.calls.lock().push(Call { path, headers, is_taken, traces, metrics });
    match does {
        Does::Takes => StatusCode::OK.into_response(),
        Does::Answers(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Does::Later(status, seconds) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [(header::RETRY_AFTER, seconds.to_string())]).into_response()
        }
        Does::Past(status) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [(header::RETRY_AFTER, "Wed, 21 Oct 2015 07:28:00 GMT")]).into_response()
        }
        Does::Rejects(rejected_spans) => {
            rejects(rejected_spans, "the tenant's limit, see https://me:pw@limits.example".to_owned())
        }
        Does::Says(text) => rejects(1, text),
        Does::Writes(kind, body) => ([(header::CONTENT_TYPE, kind)], body).into_response(),
        Does::Hangs => std::future::pending().await,
    }
}

fn rejects(rejected_spans: i64, error_message: String) -> Response {
    let partial_success = Some(ExportTracePartialSuccess { rejected_spans, error_message });
    ExportTraceServiceResponse { partial_success }.encode_to_vec().into_response()
}
