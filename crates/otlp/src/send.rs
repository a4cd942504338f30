//! One call to the collector, and what it means. Words for it name no target: those are for lines.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use greenroom_http_client::{Call, CallError, Fault, HttpClient, Stage};
use greenroom_redact::Secrets;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use opentelemetry_proto::tonic::collector::{
    metrics::v1::ExportMetricsServiceResponse, trace::v1::ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::Value;

use crate::settings::{Protocol, Signal, Target};

/// So much of an answer is read: its status says whether something was taken.
const LONGEST_ANSWER: usize = 64 * 1024;

/// So long at most a collector can have us wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Sends one signal.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    client: HttpClient,
    signal: Signal,
    target: Arc<Target>,
    /// Keys that the collector gets, and may tell again.
    keys: Arc<Secrets>,
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
        let keys = Secrets::default().with(target.keys().iter().map(String::as_str));
        let keys = keys.map(|(keys, _)| keys).unwrap_or_default();
        Self { client, signal, target: Arc::new(target), keys: Arc::new(keys) }
    }

    /// A text without the keys that the collector gets.
    pub(crate) fn without_keys<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.keys.mask(text)
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
            said.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let call = Call::from(request).deadline((*timeout).min(at_most)).at_most(LONGEST_ANSWER).for_status();
        match self.client.send(call).await {
            Ok(answer) => self.meant(&answer),
            Err(error) => not_answered(&error),
        }
    }

    fn meant(&self, answer: &Response<Bytes>) -> Sent {
        let status = answer.status();
        let is_page = answer.headers().get(header::CONTENT_TYPE).is_some_and(is_html);
        if status.is_success() && is_page {
            let text =
                "what answers there is no collector: it answers with a page (see the endpoint, and its port)";
            let text = text.to_owned();
            return Sent::Never(Why { kind: "not_otlp".to_owned(), plain: text.clone(), text });
        }
        if status.is_success() {
            let (rejected, why) = self.rejected(answer).unwrap_or_default();
            return Sent::Taken { rejected: u64::try_from(rejected).unwrap_or(0), why };
        }
        let hint = match status.as_u16() {
            404 | 405 => path_hint(self.signal, self.target.url.path()),
            _ => None,
        };
        let hint = hint.unwrap_or_else(|| hint_of(status).into());
        let text = format!("the collector answers {} ({hint})", status.as_u16());
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
        match (self.target.protocol, self.signal) {
            (Protocol::Json, signal) => rejected_in_json(body, signal),
            (Protocol::Protobuf, Signal::Traces) => {
                let part = ExportTraceServiceResponse::decode(body).ok()?.partial_success?;
                Some((part.rejected_spans, part.error_message))
            }
            (Protocol::Protobuf, Signal::Metrics) => {
                let part = ExportMetricsServiceResponse::decode(body).ok()?.partial_success?;
                Some((part.rejected_data_points, part.error_message))
            }
        }
    }
}

/// ProtoJSON writes a number of 64 bits as a text, and reads both; it leaves out what is 0 or empty.
fn rejected_in_json(body: &[u8], signal: Signal) -> Option<(i64, String)> {
    let read: Value = serde_json::from_slice(body).ok()?;
    let part = read.get("partialSuccess")?;
    let count = match signal {
        Signal::Traces => &part["rejectedSpans"],
        Signal::Metrics => &part["rejectedDataPoints"],
    };
    let count = count.as_i64().or_else(|| count.as_str()?.parse().ok()).unwrap_or(0);
    Some((count, part["errorMessage"].as_str().unwrap_or_default().to_owned()))
}

/// A page for people: a login, an app that answers whatever is asked.
fn is_html(kind: &HeaderValue) -> bool {
    let kind = kind.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(b"text/html")
}

/// What is wrong with the path of an endpoint where nothing takes OTLP: it was meant for one signal, or for all.
pub(crate) fn path_hint(signal: Signal, path: &str) -> Option<String> {
    let (name, below) = (signal.in_variables(), signal.path());
    if path == "/" {
        return Some(format!(
            "OTEL_EXPORTER_OTLP_{name}_ENDPOINT is taken as it is: write {below} at its end"
        ));
    }
    let is_of_one = |of: &Signal| path.ends_with(&[of.path(), below].concat());
    let twice = Signal::ALL.into_iter().find(is_of_one)?.path();
    Some(format!(
        "{below} is added to the endpoint of all signals, which ends in {twice} already: leave that out"
    ))
}

/// What an operator may do about it.
fn hint_of(status: StatusCode) -> &'static str {
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
