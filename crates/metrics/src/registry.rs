//! All metrics of a backend: where they are kept, and who reads them.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use greenroom_core::{Service, ServiceFactory, scope, service};
use greenroom_logging::{Logger, RootLogger, fields};
use opentelemetry::{InstrumentationScope, KeyValue, metrics::MeterProvider};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    metrics::{
        Instrument, InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Stream, Temporality,
        data::{self, ResourceMetrics},
        reader::MetricReader,
    },
};

use crate::{
    MOST_SERIES,
    cardinality::Overflows,
    points::{Kind, Points},
    service::{Meter, Metrics},
    text,
};

/// The meter of what the backend itself tells.
const OWN: &str = "greenroom";

/// What is asked is known beforehand, and has few series: the SDK takes memory for as many as there may be.
const MOST_SERIES_ASKED: usize = 1_000;

/// All metrics of this backend.
#[derive(Clone)]
pub struct MetricsRegistry(Arc<Inner>);

struct Inner {
    provider: SdkMeterProvider,
    reader: Reader,
    /// Of whoever sends them on, if what is said is to be since the last time.
    pushed: Option<Reader>,
    own: Metrics,
    overflows: Overflows,
}

impl Service for MetricsRegistry {
    const ID: &'static str = "greenroom.metrics";
    type Scope = scope::Root;
}

impl fmt::Debug for MetricsRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsRegistry")
    }
}

impl MetricsRegistry {
    /// An empty one; what is wrong with a metric is told by this logger.
    pub fn new(logger: &Logger) -> Self {
        Self::sent_as(logger, TemporalityPreference::Cumulative)
    }

    /// The same; [`read`](Self::read) says values of that kind.
    pub fn sent_as(logger: &Logger, preference: TemporalityPreference) -> Self {
        let reader = Reader::new(TemporalityPreference::Cumulative);
        // Sums from the beginning are the same whoever reads them: nothing is recorded twice for it.
        let is_its_own = preference != TemporalityPreference::Cumulative;
        let pushed = is_its_own.then(|| Reader::new(preference));
        // As the `service` of each line says it; what the SDK would read of the environment is left to who starts the process.
        let resource = Resource::builder_empty().with_attribute(KeyValue::new("service.name", "backstage"));
        let mut provider = SdkMeterProvider::builder().with_reader(reader.clone());
        if let Some(pushed) = &pushed {
            provider = provider.with_reader(pushed.clone());
        }
        let provider = provider.with_resource(resource.build()).with_view(few_for_what_is_asked).build();
        let own = Metrics::new(meter(&provider, &Meter::named(OWN)), logger.clone());
        Self(Arc::new(Inner { provider, reader, pushed, own, overflows: Overflows::new(logger.clone()) }))
    }

    /// The default factory.
    pub fn factory() -> ServiceFactory {
        service(async |logger: RootLogger| Ok(Self::new(&logger.child(fields! { service: "metrics" }))))
    }

    /// Instruments under that meter; what is wrong with one is told by the logger of whose they are.
    pub fn metrics(&self, of: &Meter, logger: Logger) -> Metrics {
        Metrics::new(meter(&self.0.provider, of), logger)
    }

    /// Those of the backend itself, under the meter `greenroom`.
    pub fn own(&self) -> &Metrics {
        &self.0.own
    }

    /// What all of them say now, as Prometheus reads it. Functions that observe are called for it, one after another, so that it may
    /// take some milliseconds.
    pub fn text(&self) -> String {
        let metrics = self.collect(&self.0.reader);
        let mut text = String::with_capacity(16 * 1024);
        text::write(&metrics, &mut text);
        text
    }

    /// What all of them say now, for who sends it on. There is one who does: with "delta" each value is said once.
    pub fn read(&self) -> ResourceMetrics {
        self.collect(self.0.pushed.as_ref().unwrap_or(&self.0.reader))
    }

    /// Which metrics there are, by name: those that have recorded something.
    pub fn described(&self) -> Vec<Described> {
        let metrics = self.collect(&self.0.reader);
        let mut all: Vec<_> = metrics
            .scope_metrics()
            .flat_map(|of| of.metrics().filter_map(move |metric| Described::of(of.scope().name(), metric)))
            .collect();
        all.sort();
        all
    }

    fn collect(&self, reader: &Reader) -> ResourceMetrics {
        let mut metrics = ResourceMetrics::default();
        // It fails when the provider has been shut down, which nobody does as long as this is here.
        let _ = reader.collect(&mut metrics);
        self.0.overflows.look(&metrics);
        metrics
    }
}

fn meter(provider: &SdkMeterProvider, of: &Meter) -> opentelemetry::metrics::Meter {
    let mut scope = InstrumentationScope::builder(of.name.clone());
    if let Some(version) = &of.version {
        scope = scope.with_version(version.clone());
    }
    if let Some(url) = &of.schema_url {
        scope = scope.with_schema_url(url.clone());
    }
    provider.meter_with_scope(scope.build())
}

fn few_for_what_is_asked(instrument: &Instrument) -> Option<Stream> {
    let is_own = instrument.scope().name() == OWN;
    let is_asked = matches!(
        instrument.kind(),
        InstrumentKind::ObservableCounter
            | InstrumentKind::ObservableUpDownCounter
            | InstrumentKind::ObservableGauge
    );
    let most = if is_own && is_asked { MOST_SERIES_ASKED } else { MOST_SERIES };
    Stream::builder().with_cardinality_limit(most).build().ok()
}

/// A metric as it is: what `telemetry.lock` holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Described {
    /// OpenTelemetry's name.
    pub name: String,
    /// Prometheus' name.
    pub prometheus: String,
    /// `counter`, `up-down counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// The unit, or nothing.
    pub unit: String,
    /// Whose it is.
    pub meter: String,
    /// The keys of its attributes.
    pub attributes: BTreeSet<String>,
    /// What is said of it.
    pub description: String,
}

impl Described {
    fn of(meter: &str, metric: &data::Metric) -> Option<Self> {
        let points = Points::of(metric)?;
        let attributes = points.all.iter().flat_map(|point| &point.attributes);
        Some(Self {
            name: metric.name().to_owned(),
            prometheus: text::name(metric, points.kind),
            kind: match points.kind {
                Kind::Counter => "counter",
                Kind::UpDownCounter => "up-down counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            },
            unit: metric.unit().to_owned(),
            meter: meter.to_owned(),
            attributes: attributes.map(|one| one.key.as_str().to_owned()).collect(),
            description: metric.description().to_owned(),
        })
    }
}

/// A reader that is asked, by as many as want to.
#[derive(Clone, Debug)]
struct Reader {
    reader: Arc<ManualReader>,
    preference: TemporalityPreference,
}

impl Reader {
    fn new(preference: TemporalityPreference) -> Self {
        Self { reader: Arc::new(ManualReader::builder().build()), preference }
    }
}

/// Whether values that are sent are sums since the beginning, or since the last time:
/// `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TemporalityPreference {
    /// Since the beginning.
    #[default]
    Cumulative,
    /// Since the last time, but of what also shrinks.
    Delta,
    /// Since the last time, where that needs no memory of the time before.
    LowMemory,
}

impl MetricReader for Reader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.reader.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.reader.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.reader.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.reader.shutdown_with_timeout(timeout)
    }

    /// Sums from the beginning, as Prometheus wants them. Of a gauge that is asked only what was said last is true: with "cumulative"
    /// the SDK would keep series for ever that nobody says any more.
    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        use InstrumentKind::{Counter, Histogram, ObservableCounter, ObservableGauge};
        use TemporalityPreference::{Delta, LowMemory};
        match (kind, self.preference) {
            (ObservableGauge, _) | (Counter | Histogram, Delta | LowMemory) | (ObservableCounter, Delta) => {
                Temporality::Delta
            }
            _ => Temporality::Cumulative,
        }
    }
}
