//! `alpha.core.metrics`: the handle that plugins ask for, and its default factory.

use std::{collections::BTreeMap, fmt, sync::Arc};

use greenroom_config::{ConfigError, DeclareConfig, RootConfig, all, each};
use greenroom_core::{PluginMetadata, Service, ServiceFactory, scope, service};
use greenroom_logging::{Logger, warn};
use opentelemetry::metrics as otel;

use crate::{
    instrument::{Builder, Counter, Gauge, Histogram, Options, UpDownCounter},
    observable::{Kind, Observable},
    registry::MetricsRegistry,
};

const PLUGINS: &str = "backend.metrics.plugin";

/// The instruments of one plugin. Backstage's `alpha.core.metrics`. See the [crate's example](crate).
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    meter: otel::Meter,
    logger: Logger,
}

impl Service for Metrics {
    const ID: &'static str = "alpha.core.metrics";
    type Scope = scope::Plugin;
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    pub(crate) fn new(meter: otel::Meter, logger: Logger) -> Self {
        Self(Arc::new(Inner { meter, logger }))
    }

    /// Those that nobody reads: for a test of what records.
    pub fn noop() -> Self {
        MetricsRegistry::new(&Logger::noop()).metrics(&Meter::of_plugin("noop"), Logger::noop())
    }

    /// The default factory: the plugin's meter, as `backend.metrics.plugin.<id>.meter` says it.
    pub fn factory() -> ServiceFactory {
        service(async |registry: MetricsRegistry, config: RootConfig, logger: Logger, me: PluginMetadata| {
            let settings = MetricsSettings::from_config(&config)?;
            Ok(registry.metrics(&settings.meter(me.id()), logger))
        })
        .reads(MetricsSettings::from_config)
    }

    /// A counter of what only grows. In Prometheus its name ends in `_total`.
    pub fn counter(&self, name: impl Into<String>) -> Builder<'_, Counter> {
        Builder::new(self, name)
    }

    /// A counter of what grows and shrinks.
    pub fn up_down_counter(&self, name: impl Into<String>) -> Builder<'_, UpDownCounter> {
        Builder::new(self, name)
    }

    /// A histogram, which tells how values are distributed.
    pub fn histogram(&self, name: impl Into<String>) -> Builder<'_, Histogram> {
        Builder::new(self, name)
    }

    /// A gauge, which tells the last value.
    pub fn gauge(&self, name: impl Into<String>) -> Builder<'_, Gauge> {
        Builder::new(self, name)
    }

    /// A counter that is asked for its sum.
    pub fn observable_counter(&self, name: impl Into<String>) -> Observable<'_> {
        Observable::new(self, Kind::Counter, name)
    }

    /// A counter of what grows and shrinks that is asked for its sum.
    pub fn observable_up_down_counter(&self, name: impl Into<String>) -> Observable<'_> {
        Observable::new(self, Kind::UpDownCounter, name)
    }

    /// A gauge that is asked for its value.
    pub fn observable_gauge(&self, name: impl Into<String>) -> Observable<'_> {
        Observable::new(self, Kind::Gauge, name)
    }

    pub(crate) fn meter(&self) -> &otel::Meter {
        &self.0.meter
    }

    pub(crate) fn logger(&self) -> &Logger {
        &self.0.logger
    }

    /// Tells of what the SDK would leave out without a word.
    pub(crate) fn check(&self, options: &Options) {
        let metric = &*options.name;
        if let Some(why) = wrong_name(metric) {
            warn!(self.0.logger, metric, "Nothing is recorded for this metric: {why}");
        }
        if options.unit.len() > LONGEST_UNIT || !options.unit.is_ascii() {
            warn!(
                self.0.logger,
                metric,
                "Nothing is recorded for this metric: its unit is not at most {LONGEST_UNIT} ASCII characters"
            );
        }
        let ascends = |bounds: &Vec<f64>| {
            bounds.iter().all(|bound| bound.is_finite()) && bounds.is_sorted_by(|a, b| a < b)
        };
        if options.buckets.as_ref().is_some_and(|bounds| !ascends(bounds)) {
            warn!(
                self.0.logger,
                metric, "Nothing is recorded for this metric: the bounds of its buckets do not ascend"
            );
        }
    }
}

const LONGEST_NAME: usize = 255;
const LONGEST_UNIT: usize = 63;

fn wrong_name(name: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Some("its name does not begin with a letter from a to z".to_owned());
    }
    if name.len() > LONGEST_NAME {
        return Some(format!("its name has more than {LONGEST_NAME} characters"));
    }
    let odd = name.chars().find(|c| !is_plain(*c))?;
    Some(format!("its name holds {odd:?}; letters, digits and _ . - / may be in it"))
}

/// What tells whose series are whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    /// `otel_scope_name`.
    pub name: String,
    /// `otel_scope_version`.
    pub version: Option<String>,
    /// `otel_scope_schema_url`.
    pub schema_url: Option<String>,
}

impl Meter {
    /// A plugin's, unless the config says another.
    pub fn of_plugin(id: &str) -> Self {
        Self::named(format!("backstage-plugin-{id}"))
    }

    /// One of that name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), version: None, schema_url: None }
    }
}

/// `backend.metrics.plugin.<id>.meter`.
#[derive(Clone, Debug, Default)]
pub struct MetricsSettings(BTreeMap<String, Meter>);

impl MetricsSettings {
    /// Reads it.
    ///
    /// # Errors
    /// When something of it is no text.
    pub fn from_config(config: &RootConfig) -> Result<Self, ConfigError> {
        let Some(plugins) = config.optional_config(PLUGINS)? else { return Ok(Self::default()) };
        let meters = each(plugins.keys().into_iter().map(|id| {
            let key = |name| format!("{PLUGINS}.{id}.meter.{name}");
            let [name, version, schema_url] = ["name", "version", "schemaUrl"].map(key);
            let read = |key: &str| config.optional_string(key);
            let (name, version, schema_url) = all((read(&name), read(&version), read(&schema_url)))?;
            let name = name.unwrap_or_else(|| Meter::of_plugin(&id).name);
            Ok((id, Meter { name, version, schema_url }))
        }))?;
        Ok(Self(meters.into_iter().collect()))
    }

    /// That of a plugin.
    pub fn meter(&self, id: &str) -> Meter {
        self.0.get(id).cloned().unwrap_or_else(|| Meter::of_plugin(id))
    }
}
