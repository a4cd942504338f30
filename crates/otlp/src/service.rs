//! `greenroom.telemetry`: the service that sends, where somebody has said where to.

use std::{fmt, time::Duration};

use greenroom_config::{DeclareConfig, RootConfig};
use greenroom_context::{Context, spawn};
use greenroom_core::{InstanceMetadata, Phase, RootLifecycle, Service, ServiceFactory, scope, service};
use greenroom_errors::Result;
use greenroom_http_client::{ClientEnvironment, ClientSettings, HttpClient};
use greenroom_logging::{Logger, RootLogger, fields, info};
use greenroom_metrics::MetricsRegistry;
use greenroom_traces::TracerProvider;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    counts::{self, Counts},
    deliver::{Delivery, FLUSH},
    encode,
    environment::OtelEnvironment,
    metrics::MetricExport,
    outage::{Outage, capitalized},
    send::Sender,
    settings::{OtlpSettings, Signal, Target},
    traces::TraceExport,
};

/// That traces and metrics are sent, if they are.
#[derive(Clone)]
pub struct Telemetry {
    settings: OtlpSettings,
}

impl Service for Telemetry {
    const ID: &'static str = "greenroom.telemetry";
    type Scope = scope::Root;
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").field("settings", &self.settings).finish()
    }
}

impl Telemetry {
    /// The default factory. Nothing is sent, and nothing recorded, unless the config or the environment says where to.
    pub fn factory(environment: OtelEnvironment, calls: ClientEnvironment) -> ServiceFactory {
        let read = environment.clone();
        service(
            async move |config: RootConfig,
                        logger: RootLogger,
                        lifecycle: RootLifecycle,
                        metadata: InstanceMetadata,
                        provider: TracerProvider,
                        registry: MetricsRegistry| {
                let mut settings = OtlpSettings::from_config(&config, &environment)?;
                // Sums of two replicas are two.
                let instance = || metadata.id().to_owned();
                settings.resource.entry("service.instance.id".to_owned()).or_insert_with(instance);
                if settings.traces.is_none() && settings.metrics.is_none() {
                    return Ok(Self { settings });
                }
                let logger = logger.child(fields! { service: "telemetry" });
                let client = client(&config, calls)?;
                let start = Start { settings: &settings, config, logger, lifecycle, client };
                start.traces(provider, &registry)?;
                start.metrics(registry)?;
                start.tell();
                Ok(Self { settings })
            },
        )
        .reads_with_warnings(
            move |config| OtlpSettings::from_config(config, &read),
            |settings| settings.warnings.clone(),
        )
    }

    /// What is sent, where and how.
    pub fn settings(&self) -> &OtlpSettings {
        &self.settings
    }
}

/// The client that sends: its calls are told in no line, which would name their target.
pub(crate) fn client(config: &RootConfig, calls: ClientEnvironment) -> Result<HttpClient> {
    Ok(HttpClient::builder(calls).settings(ClientSettings::from_config(config)?).build())
}

struct Start<'s> {
    settings: &'s OtlpSettings,
    config: RootConfig,
    logger: Logger,
    lifecycle: RootLifecycle,
    client: HttpClient,
}

impl Start<'_> {
    fn traces(&self, provider: TracerProvider, registry: &MetricsRegistry) -> Result {
        let OtlpSettings { traces: Some(target), sampler, queue, resource, .. } = self.settings else {
            return Ok(());
        };
        // Somebody else may take them, as a test does.
        let Some(spans) = provider.open(*sampler, queue.capacity, queue.batch) else { return Ok(()) };
        let (delivery, left) = self.delivery(Signal::Traces, target);
        counts::tell_of_spans(registry, &provider, &left.counts);
        let export = TraceExport { spans, queue: *queue, resource: encode::resource(resource), delivery };
        self.run(Signal::Traces, left, export.run(), move |counts| {
            provider.counts().waiting + counts.in_flight()
        })
    }

    fn metrics(&self, registry: MetricsRegistry) -> Result {
        let OtlpSettings { metrics: Some(target), interval, metrics_timeout, resource, .. } = self.settings
        else {
            return Ok(());
        };
        let (delivery, left) = self.delivery(Signal::Metrics, target);
        counts::tell_of_metrics(&registry, &left.counts);
        let (interval, timeout, resource) = (*interval, *metrics_timeout, encode::resource(resource));
        let export = MetricExport { registry, interval, timeout, resource, delivery };
        self.run(Signal::Metrics, left, export.run(), Counts::in_flight)
    }

    fn delivery(&self, signal: Signal, target: &Target) -> (Delivery, Left) {
        let (counts, stopping) = (Counts::default(), CancellationToken::new());
        let delivery = Delivery {
            sender: Sender::new(self.client.clone(), signal, target.clone()),
            counts: counts.clone(),
            outage: Outage::new(self.logger.clone(), signal),
            logger: self.logger.clone(),
            config: self.config.clone(),
            stopping: stopping.clone(),
            ends: None,
            rests_until: None,
            has_told_of_part: false,
        };
        (delivery, Left { counts, stopping })
    }

    /// Runs an export until telemetry is flushed.
    fn run(
        &self,
        signal: Signal,
        left: Left,
        export: impl Future<Output = ()> + Send + 'static,
        unsent: impl FnOnce(&Counts) -> u64 + Send + 'static,
    ) -> Result {
        // No task of the backend's: those end before telemetry is flushed. Nor is it part of anything that is traced.
        let mut task = Context::default().sync_scope(|| spawn("otlp", export));
        let (outage, Left { counts, stopping }) = (Outage::new(self.logger.clone(), signal), left);
        let name = format!("send the last {}", signal.as_str());
        let deadline = FLUSH + Duration::from_secs(1);
        self.lifecycle.add_hook_in(Phase::Flush, name, deadline, async move || {
            let lost = counts.lost();
            stopping.cancel();
            let is_late = timeout(FLUSH, &mut task).await.is_err();
            task.abort();
            let unsent = if is_late { unsent(&counts) } else { 0 };
            outage.ends(unsent + counts.lost().saturating_sub(lost));
            Ok(())
        })
    }

    /// One line, which names no target.
    fn tell(&self) {
        let OtlpSettings { traces, metrics, interval, .. } = self.settings;
        let sent: Vec<_> = [
            traces.as_ref().map(|_| Signal::Traces.as_str().to_owned()),
            metrics
                .as_ref()
                .map(|_| format!("{} every {} s", Signal::Metrics.as_str(), interval.as_secs_f64())),
        ]
        .into_iter()
        .flatten()
        .collect();
        info!(self.logger, "{} go out by OTLP", capitalized(&sent.join(" and ")));
    }
}

/// What the hook at the end needs.
struct Left {
    counts: Counts,
    stopping: CancellationToken,
}
