//! What is sent, where, and what happens when nobody takes it.

mod collector;
mod exporting;
mod outage;
mod probe;
mod settings;

use greenroom_config::RootConfig;
use greenroom_core::{Backend, Running, service};
use greenroom_http_client::ClientEnvironment;
use greenroom_logging::{CaptureSink, Format, Level, RootLogger};
use greenroom_metrics::MetricsRegistry;
use greenroom_otlp::{OtelEnvironment, OtlpSettings, Telemetry};
use greenroom_traces::TracerProvider;

/// Variables with these values.
fn environment(variables: &[(&str, &str)]) -> OtelEnvironment {
    OtelEnvironment::from_variables(variables.iter().copied())
}

fn settings(yaml: &str, variables: &[(&str, &str)]) -> OtlpSettings {
    OtlpSettings::from_config(&RootConfig::from_yaml(yaml).unwrap(), &environment(variables)).unwrap()
}

/// A backend that sends.
struct Up {
    running: Running,
    provider: TracerProvider,
    registry: MetricsRegistry,
    lines: CaptureSink,
}

impl Up {
    async fn start(yaml: &str, variables: &[(&str, &str)]) -> Self {
        let settings = settings(yaml, variables);
        let (provider, lines) = (TracerProvider::default(), CaptureSink::in_format(Format::Backstage));
        let logger =
            RootLogger::builder().format(Format::Backstage).level(Level::Debug).sink(lines.clone()).build();
        let registry = MetricsRegistry::sent_as(&logger.child(Default::default()), settings.temporality);
        let config = RootConfig::from_yaml(yaml).unwrap();
        let (installed, all) = (provider.clone(), registry.clone());
        let backend = Backend::new([
            service(async move || Ok(config.clone())),
            service(async move || Ok(logger.clone())),
            service(async move || Ok(installed.clone())),
            service(async move || Ok(all.clone())),
            Telemetry::factory(environment(variables), ClientEnvironment::default()),
        ]);
        Self { running: backend.start().await.unwrap(), provider, registry, lines }
    }

    /// Records so many spans.
    fn spans(&self, count: usize) {
        let tracer = self.provider.own();
        for n in 0..count {
            tracer.span("work").attribute("n", n as i64).start().end();
        }
    }

    /// Its lines, as text.
    fn told(&self) -> Vec<String> {
        self.lines.lines()
    }

    /// What a series of the metrics says.
    fn metric(&self, series: &str) -> f64 {
        let text = self.registry.text();
        let line = text.lines().find(|line| line.starts_with(series));
        line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
    }
}
