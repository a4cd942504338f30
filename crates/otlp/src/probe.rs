//! One span and one point of a metric, sent now: whether they arrive.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use greenroom_config::RootConfig;
use greenroom_context::TraceContext;
use greenroom_errors::Result;
use greenroom_http_client::ClientEnvironment;
use greenroom_logging::{Logger, visible};
use greenroom_metrics::MetricsRegistry;
use greenroom_traces::{Scope, SpanData};

use crate::{
    deliver::words,
    encode,
    send::{Sender, Sent},
    service::client,
    settings::{OtlpSettings, Signal},
};

/// What the metric is called.
pub const METRIC: &str = "greenroom.telemetry.test";

/// What the span is called.
pub const SPAN: &str = "greenroom telemetry test";

/// What was sent, where to, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// What it is.
    pub signal: Signal,
    /// By what it is found: the trace's id, or the metric's name.
    pub found_by: String,
    /// Host and path.
    pub target: String,
    /// Nothing, or why it was not taken and what to look at, for a terminal.
    pub failed: Option<String>,
}

/// Sends one of each signal that has a target.
///
/// # Errors
/// When the config of calls cannot be read.
pub async fn send_one(
    config: &RootConfig,
    settings: &OtlpSettings,
    calls: ClientEnvironment,
) -> Result<Vec<Probed>> {
    let client = client(config, calls)?;
    let mut probed = vec![];
    for signal in Signal::ALL {
        let Some(target) = settings.target(signal) else { continue };
        let resource = encode::resource(&settings.resource);
        let (body, found_by) = match signal {
            Signal::Traces => {
                let trace = TraceContext::root().sampled(true);
                let scope = Scope::named("greenroom").into();
                let span = SpanData::new(scope, SPAN, trace);
                let request = encode::spans(vec![span], &resource, &config.masks());
                (encode::body(&request, target)?, trace.trace_id().as_str().to_owned())
            }
            Signal::Metrics => {
                let registry = MetricsRegistry::sent_as(&Logger::noop(), settings.temporality);
                let gauge = registry.own().gauge(METRIC).unit("s").description("When this was sent.").build();
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                gauge.record(now.as_secs_f64(), &[]);
                let request = encode::metrics(&registry.read(), &resource);
                (encode::body(&request, target)?, METRIC.to_owned())
            }
        };
        let sender = Sender::new(client.clone(), signal, target.clone());
        let failed = match sender.send(body, Duration::MAX).await {
            Sent::Taken { rejected: 0, .. } => None,
            Sent::Taken { why, .. } => {
                let why = words(&sender.without_keys(&why), &config.masks());
                Some(format!("The collector took the call, and rejected what was in it: {}", visible(&why)))
            }
            Sent::Later { why, .. } | Sent::Never(why) => Some(visible(&why.plain).into_owned()),
        };
        probed.push(Probed { signal, found_by, target: target.shown(), failed });
    }
    Ok(probed)
}
