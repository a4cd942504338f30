//! The text that Prometheus reads, as the JavaScript exporter writes it.
//!
//! The order is ours: metrics by name, series by their labels, so that two readings compare. Where two meters have a metric of one
//! name, as plugins do that count the same, its head is said once: JavaScript says it twice, which parsers refuse.

use std::{borrow::Cow, ops::Range};

use greenroom_js::number;
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::metrics::data::{HistogramDataPoint, Metric, ResourceMetrics};

use crate::points::{Kind, Points, Recorded};

/// What the text is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// In bytes. Prometheus takes any length unless it is told a limit; nobody reads more.
const LONGEST_VALUE: usize = 1024;

/// Writes all of it.
pub(crate) fn write(metrics: &ResourceMetrics, out: &mut String) {
    let mut target = String::new();
    labels(metrics.resource().iter().map(|(key, value)| (key.as_str(), value)), "", &mut target);
    out.push_str("# HELP target_info Target metadata\n# TYPE target_info gauge\n");
    series(out, "target_info", "", &target, "", 1.0);

    let all = metrics.scope_metrics().flat_map(|of| of.metrics().map(move |metric| (of.scope(), metric)));
    let mut all: Vec<_> = all
        .filter_map(|(scope, metric)| {
            let points = Points::of(metric)?;
            Some((name(metric, points.kind), scope, metric, points))
        })
        .collect();
    all.sort_by(|(a, one, ..), (b, other, ..)| (a, one.name()).cmp(&(b, other.name())));
    let mut before: Option<(&str, &str)> = None;
    for (name, scope, metric, points) in &all {
        let kind = kind(points.kind);
        match before {
            Some((last, as_kind)) if last == name => {
                // Of two kinds under one name the first counts.
                if as_kind != kind {
                    continue;
                }
            }
            _ => head(out, name, kind, metric),
        }
        before = Some((name, kind));
        all_series(out, name, &scope_labels(scope), points);
    }
}

/// The name that Prometheus knows it under.
pub(crate) fn name(metric: &Metric, kind: Kind) -> String {
    let mut name = sanitized(metric.name()).into_owned();
    if kind == Kind::Counter && !name.ends_with("_total") {
        name.push_str("_total");
    }
    name
}

/// Prometheus' name of it.
fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "counter",
        Kind::UpDownCounter | Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    }
}

fn head(out: &mut String, name: &str, kind: &str, metric: &Metric) {
    let said = match metric.description() {
        "" => "description missing",
        said => said,
    };
    push_all(out, &["# HELP ", name, " "]);
    escape(out, said, false);
    if !metric.unit().is_empty() {
        push_all(out, &["\n# UNIT ", name, " "]);
        escape(out, metric.unit(), false);
    }
    push_all(out, &["\n# TYPE ", name, " ", kind, "\n"]);
}

fn all_series(out: &mut String, name: &str, scope: &str, points: &Points<'_>) {
    // All of a metric have the same.
    let bounds: Vec<String> = match points.all.first().map(|first| first.value) {
        Some(Recorded::Histogram(first)) => {
            first.bounds().map(number::to_string).chain(["+Inf".to_owned()]).collect()
        }
        _ => vec![],
    };
    let all = points.all.iter().map(|point| (point.attributes.iter().copied(), point.value));
    Sorted::new(all, scope).each(|labels, value| match value {
        Recorded::Number(value) => series(out, name, "", labels, "", value),
        Recorded::Histogram(point) => buckets(out, name, labels, point, &bounds),
    });
}

fn buckets(out: &mut String, name: &str, labels: &str, point: &HistogramDataPoint<f64>, bounds: &[String]) {
    series(out, name, "_count", labels, "", point.count() as f64);
    series(out, name, "_sum", labels, "", point.sum());
    let mut below = 0;
    for (bound, count) in bounds.iter().zip(point.bucket_counts()) {
        below += count;
        series(out, name, "_bucket", labels, bound, below as f64);
    }
}

/// One line. `bound` is the value of `le`, for a bucket.
fn series(out: &mut String, name: &str, suffix: &str, labels: &str, bound: &str, value: f64) {
    push_all(out, &[name, suffix]);
    match (labels, bound) {
        ("", "") => {}
        (labels, "") => push_all(out, &["{", labels, "}"]),
        ("", bound) => push_all(out, &["{le=\"", bound, "\"}"]),
        (labels, bound) => push_all(out, &["{", labels, ",le=\"", bound, "\"}"]),
    }
    out.push(' ');
    match value {
        f64::INFINITY => out.push_str("+Inf"),
        f64::NEG_INFINITY => out.push_str("-Inf"),
        value => out.push_str(number::Buffer::default().format(value)),
    }
    out.push('\n');
}

/// The series of a metric in the order of their labels, which stand in one text.
struct Sorted<T> {
    text: String,
    points: Vec<(Range<usize>, T)>,
}

impl<T: Copy> Sorted<T> {
    fn new<'a, A: Iterator<Item = &'a KeyValue>>(points: impl Iterator<Item = (A, T)>, scope: &str) -> Self {
        let mut text = String::new();
        let mut made: Vec<(Range<usize>, T)> = vec![];
        for (attributes, value) in points {
            let from = text.len();
            labels(attributes.map(|one| (one.key.as_str(), &one.value)), scope, &mut text);
            made.push((from..text.len(), value));
        }
        made.sort_by(|(a, _), (b, _)| text[a.clone()].cmp(&text[b.clone()]));
        // Attributes of two spellings can be the same labels, which Prometheus would refuse to read with all else.
        made.dedup_by(|(a, _), (b, _)| text[a.clone()] == text[b.clone()]);
        Self { text, points: made }
    }

    fn each(&self, mut put: impl FnMut(&str, T)) {
        for (range, value) in &self.points {
            put(&self.text[range.clone()], *value);
        }
    }
}

/// The labels of one series, those of its meter last. Attributes named `le` or `otel_scope_*` are left out: those labels are reserved.
fn labels<'a>(attributes: impl Iterator<Item = (&'a str, &'a Value)>, scope: &str, out: &mut String) {
    let mut attributes: Vec<_> = attributes.map(|(key, value)| (label(key), value)).collect();
    attributes.retain(|(key, _)| !key.is_empty() && key != "le" && !key.starts_with("otel_scope_"));
    attributes.sort_by(|(a, _), (b, _)| a.cmp(b));
    attributes.dedup_by(|(a, _), (b, _)| a == b);
    let from = out.len();
    for (key, value) in attributes {
        if out.len() > from {
            out.push(',');
        }
        push_all(out, &[&key, "=\""]);
        match value {
            Value::String(text) => escape(out, cut(text.as_str()), true),
            Value::F64(n) => out.push_str(number::Buffer::default().format(*n)),
            other => escape(out, cut(&other.to_string()), true),
        }
        out.push('"');
    }
    if !scope.is_empty() {
        if out.len() > from {
            out.push(',');
        }
        out.push_str(scope);
    }
}

fn scope_labels(scope: &InstrumentationScope) -> String {
    let mut out = String::new();
    let told = [
        ("otel_scope_name", Some(scope.name())),
        ("otel_scope_schema_url", scope.schema_url()),
        ("otel_scope_version", scope.version()),
    ];
    for (key, value) in told {
        let Some(value) = value else { continue };
        if !out.is_empty() {
            out.push(',');
        }
        push_all(&mut out, &[key, "=\""]);
        escape(&mut out, value, true);
        out.push('"');
    }
    out
}

/// As much of a label's value as is told: what a client or another process has chosen stands in each series of it.
fn cut(value: &str) -> &str {
    &value[..value.floor_char_boundary(LONGEST_VALUE)]
}

/// A label's name begins with no digit.
fn label(key: &str) -> Cow<'_, str> {
    let name = sanitized(key);
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}").into() } else { name }
}

/// Whatever is not of `a-z A-Z 0-9 _` is one `_`, together with those beside it.
fn sanitized(name: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.chars().all(is_plain) && !name.contains("__") {
        return name.into();
    }
    let mut out = String::with_capacity(name.len());
    for c in name.chars().map(|c| if is_plain(c) { c } else { '_' }) {
        if !(c == '_' && out.ends_with('_')) {
            out.push(c);
        }
    }
    out.into()
}

fn escape(out: &mut String, text: &str, in_quotes: bool) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if in_quotes => out.push_str("\\\""),
            c => out.push(c),
        }
    }
}

fn push_all(out: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| out.push_str(part));
}
