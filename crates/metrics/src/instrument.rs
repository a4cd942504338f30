//! What is recorded where it happens: counters, histograms, gauges.
//!
//! Values are floats, as JavaScript's are: whole ones are exact up to 2^53.

use std::{fmt, marker::PhantomData};

use opentelemetry::{KeyValue, metrics as otel};

use crate::service::Metrics;

/// A number that can be recorded.
pub trait Number: Copy {
    /// The same as it is recorded.
    fn as_f64(self) -> f64;
}

macro_rules! numbers {
    ($($kind:ty),*) => {
        $(impl Number for $kind {
            fn as_f64(self) -> f64 {
                self as f64
            }
        })*
    };
}
numbers!(f64, f32, u64, u32, u16, u8, usize, i64, i32, i16, i8, isize);

/// What is said of an instrument when it is made.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) unit: String,
    pub(crate) buckets: Option<Vec<f64>>,
}

impl Options {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), description: String::new(), unit: String::new(), buckets: None }
    }
}

/// A kind of instrument: a counter, a counter that also goes down, a histogram, a gauge.
pub trait Instrument: Sized {
    #[doc(hidden)]
    fn make(meter: &otel::Meter, made: Made) -> Self;
}

/// Options that have been looked at.
#[doc(hidden)]
#[derive(Debug)]
pub struct Made(pub(crate) Options);

/// Makes an instrument of a plugin. See the [crate's example](crate).
#[must_use = "it ends in `build()`"]
#[derive(Debug)]
pub struct Builder<'m, I> {
    metrics: &'m Metrics,
    options: Options,
    kind: PhantomData<I>,
}

impl<'m, I: Instrument> Builder<'m, I> {
    pub(crate) fn new(metrics: &'m Metrics, name: impl Into<String>) -> Self {
        Self { metrics, options: Options::new(name), kind: PhantomData }
    }

    /// A sentence on what is counted.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.options.description = description.into();
        self
    }

    /// The unit, such as `s`, `By` or `{request}`. The name in Prometheus does not tell it, so that it is the same as Node's.
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.options.unit = unit.into();
        self
    }

    /// The instrument. One of the same name and kind that is there already is the same one.
    pub fn build(self) -> I {
        self.metrics.check(&self.options);
        I::make(self.metrics.meter(), Made(self.options))
    }
}

impl Builder<'_, Histogram> {
    /// The upper bounds of its buckets, ascending. Without them they are OpenTelemetry's, from 5 to 10,000, as in Node: of no use for
    /// seconds.
    pub fn buckets(mut self, bounds: impl Into<Vec<f64>>) -> Self {
        self.options.buckets = Some(bounds.into());
        self
    }
}

/// Counts what only grows.
#[derive(Clone)]
pub struct Counter(otel::Counter<f64>);

impl Counter {
    /// Adds what is not below 0; all else is left out, as in Node.
    pub fn add(&self, value: impl Number, attributes: &[KeyValue]) {
        if let Some(value) = grows(value) {
            self.0.add(value, attributes);
        }
    }

    /// The same for one set of attributes, looked up once: for what is counted very often. Its series is there from now on.
    pub fn bind(&self, attributes: &[KeyValue]) -> BoundCounter {
        BoundCounter(self.0.bind(attributes))
    }
}

/// A counter with its attributes.
#[derive(Clone, Debug)]
#[must_use = "it is to be kept: binding is what costs"]
pub struct BoundCounter(otel::BoundCounter<f64>);

impl BoundCounter {
    /// Adds what is not below 0.
    pub fn add(&self, value: impl Number) {
        if let Some(value) = grows(value) {
            self.0.add(value);
        }
    }
}

fn grows(value: impl Number) -> Option<f64> {
    Some(value.as_f64()).filter(|value| *value >= 0.0)
}

/// Counts what grows and shrinks.
#[derive(Clone)]
pub struct UpDownCounter(otel::UpDownCounter<f64>);

impl UpDownCounter {
    /// Adds, or takes away.
    pub fn add(&self, value: impl Number, attributes: &[KeyValue]) {
        self.0.add(value.as_f64(), attributes);
    }
}

/// Tells how values are distributed.
#[derive(Clone)]
pub struct Histogram(otel::Histogram<f64>);

impl Histogram {
    /// Records a value.
    pub fn record(&self, value: impl Number, attributes: &[KeyValue]) {
        self.0.record(value.as_f64(), attributes);
    }

    /// The same for one set of attributes, looked up once: for what is recorded very often. Its series is there from now on.
    pub fn bind(&self, attributes: &[KeyValue]) -> BoundHistogram {
        BoundHistogram(self.0.bind(attributes))
    }
}

/// A histogram with its attributes.
#[derive(Clone, Debug)]
#[must_use = "it is to be kept: binding is what costs"]
pub struct BoundHistogram(otel::BoundHistogram<f64>);

impl BoundHistogram {
    /// Records a value.
    pub fn record(&self, value: impl Number) {
        self.0.record(value.as_f64());
    }
}

/// Tells what is so now, and replaces what was said before.
#[derive(Clone)]
pub struct Gauge(otel::Gauge<f64>);

impl Gauge {
    /// Records a value.
    pub fn record(&self, value: impl Number, attributes: &[KeyValue]) {
        self.0.record(value.as_f64(), attributes);
    }
}

macro_rules! instruments {
    ($($kind:ident: $make:ident),*) => {
        $(impl Instrument for $kind {
            fn make(meter: &otel::Meter, Made(options): Made) -> Self {
                Self(meter.$make(options.name).with_description(options.description).with_unit(options.unit).build())
            }
        })*
    };
}
instruments!(Counter: f64_counter, UpDownCounter: f64_up_down_counter, Gauge: f64_gauge);

impl Instrument for Histogram {
    fn make(meter: &otel::Meter, Made(options): Made) -> Self {
        let made = meter.f64_histogram(options.name);
        let made = made.with_description(options.description).with_unit(options.unit);
        Self(match options.buckets {
            Some(bounds) => made.with_boundaries(bounds).build(),
            None => made.build(),
        })
    }
}

macro_rules! named {
    ($($kind:ident),*) => {
        $(impl fmt::Debug for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($kind))
            }
        })*
    };
}
named!(Counter, UpDownCounter, Histogram, Gauge);
