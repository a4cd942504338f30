//! Spans, their tracers, which are recorded, and where they wait.

mod queue;
mod sampler;
mod service;
mod span;

use greenroom_traces::{Sampler, SpanData, Spans, TracerProvider};

/// A provider whose spans are taken here.
fn open() -> (TracerProvider, Spans) {
    let provider = TracerProvider::default();
    let spans = provider.open(Sampler::default(), 64, 64).unwrap();
    (provider, spans)
}

/// What a span says under a key, as text.
fn said(span: &SpanData, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|one| one.key.as_str() == key)?;
    Some(found.value.to_string())
}
