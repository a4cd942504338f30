//! One call to the collector, and what it means. Words for it name no target: those are for lines.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use greenroom_http_client::{Call, CallError, Fault, HttpClient, Stage};
use http::{HeaderMap, Request, Response, StatusCode, header};
use opentelemetry_proto::tonic::collector::{
    metrics::v1::ExportMetricsServiceResponse, trace::v1::ExportTraceServiceResponse,
};
use prost::Message;

use crate::settings::{Protocol, Signal, Target};

/// No answer is longer.
const LONGEST_ANSWER: usize = 64 * 1024;

/// So long at most a collector can have us wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Sends one signal.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    client: HttpClient,
    signal: Signal,
    target: Arc<Target>,
}

/// What became of a call.
#[derive(Debug)]
pub(crate) enum Sent {
    /// It was taken, but for so many; why not those.
    Taken { rejected: u64, why: String },
    /// Somebody may take it later.
    Later { after: Option<Duration>, why: Why },
    /// Nobody will.
    Never(Why),
}

/// Why something was not taken.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Why {
    /// `error.type` of it.
    pub(crate) kind: String,
    /// The rest of a sentence that began with what was not taken. It names no target.
    pub(crate) text: String,
    /// The same for who may know the target.
    pub(crate) plain: String,
}

impl Sender {
    pub(crate) fn new(client: HttpClient, signal: Signal, target: Target) -> Self {
        Self { client, signal, target: Arc::new(target) }
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// Sends a body, within that time at most.
    pub(crate) async fn send(&self, body: Bytes, at_most: Duration) -> Sent {
        let Target { url, headers, timeout, is_packed, protocol } = &*self.target;
        let mut request = Request::new(body);
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = url.clone();
        let said = request.headers_mut();
        said.extend(headers.iter().cloned());
        said.insert(header::CONTENT_TYPE, protocol.content_type());
        if *is_packed {
            said.insert(header::CONTENT_ENCODING, http::HeaderValue::from_static("gzip"));
        }
        let call = Call::from(request).deadline((*timeout).min(at_most)).at_most(LONGEST_ANSWER);
        match self.client.send(call).await {
            Ok(answer) => self.meant(&answer),
            Err(error) => not_answered(&error),
        }
    }

    fn meant(&self, answer: &Response<Bytes>) -> Sent {
        let status = answer.status();
        if status.is_success() {
            let (rejected, why) = self.rejected(answer).unwrap_or_default();
            return Sent::Taken { rejected: u64::try_from(rejected).unwrap_or(0), why };
        }
        let text = format!("the collector answers {} ({})", status.as_u16(), hint(status));
        let why = Why { kind: status.as_str().to_owned(), plain: text.clone(), text };
        // Those that OTLP lists.
        match status.as_u16() {
            429 | 502 | 503 | 504 => Sent::Later { after: retry_after(answer.headers()), why },
            _ => Sent::Never(why),
        }
    }

    /// How many were not taken of those that came, and why.
    fn rejected(&self, answer: &Response<Bytes>) -> Option<(i64, String)> {
        let body = &answer.body()[..];
        match (self.signal, self.target.protocol) {
            (Signal::Traces, protocol) => {
                let read: ExportTraceServiceResponse = decoded(body, protocol)?;
                read.partial_success.map(|part| (part.rejected_spans, part.error_message))
            }
            (Signal::Metrics, protocol) => {
                let read: ExportMetricsServiceResponse = decoded(body, protocol)?;
                read.partial_success.map(|part| (part.rejected_data_points, part.error_message))
            }
        }
    }
}

fn decoded<M: Message + Default + serde::de::DeserializeOwned>(body: &[u8], protocol: Protocol) -> Option<M> {
    match protocol {
        Protocol::Protobuf => M::decode(body).ok(),
        Protocol::Json => serde_json::from_slice(body).ok(),
    }
}

/// What an operator may do about it.
fn hint(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => "it wants a key, or another one: see OTEL_EXPORTER_OTLP_HEADERS",
        404 | 405 => "nothing takes OTLP there: see the path of the endpoint",
        413 => "it takes no body of that size",
        415 => "it does not take this form: see OTEL_EXPORTER_OTLP_PROTOCOL",
        429 => "it has too much to do",
        500..=599 => "it is not well",
        300..=399 => "redirections are not followed: see the endpoint",
        _ => "it does not take what was sent",
    }
}

/// In seconds, or as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let said = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    let after = match said.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(said).ok()?.duration_since(SystemTime::now()).unwrap_or_default(),
    };
    Some(after.min(LONGEST_WAIT))
}

fn not_answered(error: &CallError) -> Sent {
    let late = |of| match of {
        Stage::Turn | Stage::Connect => "there was no connection to the collector in time",
        Stage::Answer | Stage::Body => "the collector did not answer in time",
    };
    let text = match error.fault() {
        Fault::Request(_) => "the request cannot be sent: see the endpoint",
        Fault::Name(_) => "the collector's name has no address",
        Fault::Address { .. } | Fault::NotPublic { .. } => {
            "the collector's address is one that no call may reach: see greenroom.httpClient.allowedAddresses"
        }
        Fault::Connect(_) => "nothing accepts connections at the collector's address",
        Fault::Tls(_) => "there is no encrypted connection to the collector that one may trust",
        Fault::ProxyRefused { .. } | Fault::ProxyFailed { .. } => "the proxy does not let it through",
        Fault::Deadline { of, .. } => late(*of),
        Fault::TooLarge { .. } => "the collector's answer is too long",
        Fault::ClosedEarly => "the collector closed the connection before it had answered",
        Fault::Protocol(_) => {
            "what listens there does not speak HTTP/1.1: see the port, which is 4318 for most collectors"
        }
        _ => "the collector cannot be reached",
    };
    let advice = match error.fault() {
        Fault::Connect(_) => ". See whether the collector runs, and whether the endpoint is its own",
        Fault::ClosedEarly | Fault::Protocol(_) => {
            ". Most collectors take OTLP over HTTP at the port 4318; 4317 is for gRPC"
        }
        _ => "",
    };
    let plain = format!("{error}{advice}");
    let why = Why { kind: error.kind().to_owned(), text: text.to_owned(), plain };
    match error.fault() {
        Fault::Request(_) | Fault::Address { .. } | Fault::NotPublic { .. } => Sent::Never(why),
        _ => Sent::Later { after: None, why },
    }
}
