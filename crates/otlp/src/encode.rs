//! Spans and metrics as OTLP has them.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use greenroom_config::Masks;
use greenroom_metrics::ResourceMetrics;
use greenroom_traces::{Event, KeyValue, LONGEST_TEXT, Scope, SpanData, SpanKind, Status};
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue as Said, any_value},
    metrics::v1::metric::Data,
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status as StatusSaid, span, status::StatusCode},
};
use prost::Message;

use crate::settings::{Protocol, Target};

/// Who says it: the same in all that is sent.
pub(crate) fn resource(attributes: &BTreeMap<String, String>) -> Resource {
    let said = attributes.iter().map(|(key, value)| string(key, value.clone()));
    Resource { attributes: said.collect(), ..Resource::default() }
}

fn string(key: &str, value: String) -> Said {
    let value = Some(AnyValue { value: Some(any_value::Value::StringValue(value)) });
    Said { key: key.to_owned(), value, ..Said::default() }
}

/// A batch of spans, each with those of its tracer. Secrets of the config are masked in all that somebody has said.
pub(crate) fn spans(batch: Vec<SpanData>, resource: &Resource, masks: &Masks) -> ExportTraceServiceRequest {
    let mut scopes: Vec<ScopeSpans> = vec![];
    for span in batch {
        let scope = &span.scope;
        let is_its = |of: &ScopeSpans| {
            of.schema_url == scope.schema_url.as_deref().unwrap_or_default()
                && of.scope.as_ref().is_some_and(|said| {
                    said.name == scope.name && said.version == scope.version.as_deref().unwrap_or_default()
                })
        };
        let at = match scopes.iter().position(is_its) {
            Some(at) => at,
            None => {
                scopes.push(scope_spans(scope));
                scopes.len() - 1
            }
        };
        scopes[at].spans.push(one(span, masks));
    }
    let of_all =
        ResourceSpans { resource: Some(resource.clone()), scope_spans: scopes, ..Default::default() };
    ExportTraceServiceRequest { resource_spans: vec![of_all] }
}

fn scope_spans(scope: &Scope) -> ScopeSpans {
    let (name, version) = (scope.name.clone(), scope.version.clone().unwrap_or_default());
    let said = InstrumentationScope { name, version, ..Default::default() };
    ScopeSpans { scope: Some(said), spans: vec![], schema_url: scope.schema_url.clone().unwrap_or_default() }
}

/// Bits of a span's flags: whether it is known where the parent is, and whether that is elsewhere.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

fn one(span: SpanData, masks: &Masks) -> Span {
    let trace = &span.trace;
    let said = |attributes: Vec<KeyValue>| attributes.into_iter().map(|of| attribute(of, masks)).collect();
    let remote = if span.has_remote_parent { IS_REMOTE } else { 0 };
    let event = |Event { name, at, attributes, dropped_attributes }: Event| span::Event {
        time_unix_nano: nanos(at),
        name: told(&name, masks),
        attributes: said(attributes),
        dropped_attributes_count: dropped_attributes,
    };
    Span {
        trace_id: bytes(trace.trace_id().as_str()),
        span_id: bytes(trace.span_id().as_str()),
        trace_state: span.trace_state.map(|said| told(&String::from(said), masks)).unwrap_or_default(),
        parent_span_id: trace.parent_span_id().map(|parent| bytes(parent.as_str())).unwrap_or_default(),
        flags: u32::from(trace.is_sampled()) | HAS_IS_REMOTE | remote,
        name: told(&span.name, masks),
        kind: kind(span.kind).into(),
        start_time_unix_nano: nanos(span.began),
        end_time_unix_nano: nanos(span.ended),
        attributes: said(span.attributes),
        dropped_attributes_count: span.dropped_attributes,
        events: span.events.into_iter().map(event).collect(),
        dropped_events_count: span.dropped_events,
        status: match span.status {
            Status::Unset => None,
            Status::Ok => Some(StatusSaid { code: StatusCode::Ok.into(), ..Default::default() }),
            Status::Error(why) => {
                Some(StatusSaid { message: told(&why, masks), code: StatusCode::Error.into() })
            }
        },
        ..Default::default()
    }
}

fn kind(kind: SpanKind) -> span::SpanKind {
    match kind {
        SpanKind::Internal => span::SpanKind::Internal,
        SpanKind::Server => span::SpanKind::Server,
        SpanKind::Client => span::SpanKind::Client,
        SpanKind::Producer => span::SpanKind::Producer,
        SpanKind::Consumer => span::SpanKind::Consumer,
    }
}

fn attribute(of: KeyValue, masks: &Masks) -> Said {
    let mut value = AnyValue::from(of.value);
    hide(&mut value, masks);
    Said { key: told(of.key.as_str(), masks), value: Some(value), ..Default::default() }
}

/// Hides secrets in whatever texts there are.
fn hide(value: &mut AnyValue, masks: &Masks) {
    match &mut value.value {
        Some(any_value::Value::StringValue(text)) => *text = told(text, masks),
        Some(any_value::Value::ArrayValue(ArrayValue { values })) => {
            values.iter_mut().for_each(|value| hide(value, masks));
        }
        _ => {}
    }
}

/// What goes out of a text that somebody has said: secrets are hidden before it is cut, or half of one would be left.
fn told(text: &str, masks: &Masks) -> String {
    let mut told = if text.len() > LONGEST_TEXT { masks.of_cut(text) } else { masks.all(text) };
    told.truncate(told.floor_char_boundary(LONGEST_TEXT));
    told
}

/// What hex digits stand for.
fn bytes(digits: &str) -> Vec<u8> {
    let digits = digits.as_bytes().chunks_exact(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.map(|pair| byte(pair).unwrap_or_default()).collect()
}

fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// What the metrics say.
pub(crate) fn metrics(read: &ResourceMetrics, resource: &Resource) -> ExportMetricsServiceRequest {
    let mut request = ExportMetricsServiceRequest::from(read);
    for of in &mut request.resource_metrics {
        of.resource = Some(resource.clone());
        of.scope_metrics.retain(|of| !of.metrics.is_empty());
    }
    request
}

/// How many points that is.
pub(crate) fn points(request: &ExportMetricsServiceRequest) -> u64 {
    let metrics = request.resource_metrics.iter().flat_map(|of| &of.scope_metrics).flat_map(|of| &of.metrics);
    let count = |data: &Data| match data {
        Data::Gauge(gauge) => gauge.data_points.len(),
        Data::Sum(sum) => sum.data_points.len(),
        Data::Histogram(histogram) => histogram.data_points.len(),
        Data::ExponentialHistogram(histogram) => histogram.data_points.len(),
        Data::Summary(summary) => summary.data_points.len(),
    };
    metrics.filter_map(|metric| metric.data.as_ref()).map(count).sum::<usize>() as u64
}

/// A message as its target wants it.
pub(crate) fn body<M: Message + serde::Serialize>(message: &M, target: &Target) -> io::Result<Bytes> {
    let plain = match target.protocol {
        Protocol::Protobuf => message.encode_to_vec(),
        Protocol::Json => serde_json::to_vec(message)?,
    };
    if !target.is_packed {
        return Ok(plain.into());
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::fast());
    encoder.write_all(&plain)?;
    Ok(encoder.finish()?.into())
}
