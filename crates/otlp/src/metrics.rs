//! Metrics, read and sent again and again.

use std::time::Duration;

use greenroom_context::spawn_blocking;
use greenroom_metrics::MetricsRegistry;
use opentelemetry_proto::tonic::resource::v1::Resource;

use crate::{
    deliver::{Delivery, pause},
    encode,
};

/// Sends what the metrics say, until the backend stops, and then once more.
pub(crate) struct MetricExport {
    pub(crate) registry: MetricsRegistry,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) resource: Resource,
    pub(crate) delivery: Delivery,
}

impl MetricExport {
    pub(crate) async fn run(mut self) {
        let stopping = self.delivery.stopping.clone();
        while !pause(&stopping, self.interval).await {
            tokio::select! {
                biased;
                () = stopping.cancelled() => break,
                () = self.delivery.rest() => {}
            }
            self.send().await;
        }
        self.send().await;
    }

    async fn send(&mut self) {
        let (registry, resource) = (self.registry.clone(), self.resource.clone());
        // On a thread for such work: functions of plugins are asked.
        let read = spawn_blocking("metrics", move || encode::metrics(&registry.read(), &resource));
        let Ok(request) = read.await else { return };
        let count = encode::points(&request);
        let Ok(body) = encode::body(&request, self.delivery.sender.target()) else {
            return self.delivery.counts.end(0, Some(("encoding", count)));
        };
        self.delivery.deliver(body, count, self.timeout, || 0).await;
    }
}
