//! What is asked for when the metrics are: no cost in between.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use greenroom_context::catch_panic_in;
use greenroom_logging::{Logger, error};
use opentelemetry::{KeyValue, metrics::AsyncInstrument};

use crate::{
    instrument::{Number, Options},
    service::Metrics,
};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Counter,
    UpDownCounter,
    Gauge,
}

/// Makes an instrument that is asked by a function. See the [crate's example](crate).
///
/// The function is called each time that somebody reads the metrics: it says what is so now, does not wait, and makes no
/// instruments. Attributes that it does not say again are gone. If it panics, the plugin's log tells it, and it is asked no more.
#[must_use = "it ends in `observe()`"]
#[derive(Debug)]
pub struct Observable<'m> {
    metrics: &'m Metrics,
    kind: Kind,
    options: Options,
}

impl<'m> Observable<'m> {
    pub(crate) fn new(metrics: &'m Metrics, kind: Kind, name: impl Into<String>) -> Self {
        Self { metrics, kind, options: Options::new(name) }
    }

    /// A sentence on what is told.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.options.description = description.into();
        self
    }

    /// The unit, such as `s`, `By` or `{request}`.
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.options.unit = unit.into();
        self
    }

    /// Asks `look` from now on.
    pub fn observe(self, look: impl Fn(&Observation<'_>) + Send + Sync + 'static) {
        self.metrics.check(&self.options);
        let Options { name, description, unit, .. } = self.options;
        let guarded = Guarded::new(self.metrics.logger().clone(), name.clone(), look);
        let ask = move |to: &dyn AsyncInstrument<f64>| guarded.ask(to);
        let meter = self.metrics.meter();
        // The instrument is the meter's from here on; what `build` returns has nothing to call.
        match self.kind {
            Kind::Counter => {
                let made = meter.f64_observable_counter(name).with_description(description).with_unit(unit);
                made.with_callback(ask).build();
            }
            Kind::UpDownCounter => {
                let made =
                    meter.f64_observable_up_down_counter(name).with_description(description).with_unit(unit);
                made.with_callback(ask).build();
            }
            Kind::Gauge => {
                let made = meter.f64_observable_gauge(name).with_description(description).with_unit(unit);
                made.with_callback(ask).build();
            }
        }
    }
}

/// Where a function says what it sees.
pub struct Observation<'o>(&'o dyn AsyncInstrument<f64>);

impl Observation<'_> {
    /// Says a value. Of two with the same attributes the later one stays.
    pub fn observe(&self, value: impl Number, attributes: &[KeyValue]) {
        self.0.observe(value.as_f64(), attributes);
    }
}

/// A function of an author, which can do the reading no harm.
struct Guarded<F> {
    logger: Logger,
    name: String,
    has_panicked: AtomicBool,
    look: F,
}

impl<F: Fn(&Observation<'_>)> Guarded<F> {
    fn new(logger: Logger, name: String, look: F) -> Self {
        Self { logger, name, has_panicked: AtomicBool::default(), look }
    }

    fn ask(&self, to: &dyn AsyncInstrument<f64>) {
        if self.has_panicked.load(Relaxed) {
            return;
        }
        if let Err(panic) = catch_panic_in(|| (self.look)(&Observation(to)))
            && !self.has_panicked.swap(true, Relaxed)
        {
            let stack = format!("Error: panicked: {}", panic.stack());
            let (metric, text) = (&*self.name, &panic.text);
            error!(
                self.logger,
                metric, stack, "What observes a metric panicked, and is asked no more: {text}"
            );
        }
    }
}
