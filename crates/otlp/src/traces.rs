//! Spans on their way from the queue to the collector.

use greenroom_traces::{SpanData, Spans};
use opentelemetry_proto::tonic::resource::v1::Resource;

use crate::{deliver::Delivery, encode, settings::QueueSettings};

/// Sends spans until the backend stops, and then those that are left.
pub(crate) struct TraceExport {
    pub(crate) spans: Spans,
    pub(crate) queue: QueueSettings,
    pub(crate) resource: Resource,
    pub(crate) delivery: Delivery,
}

impl TraceExport {
    pub(crate) async fn run(mut self) {
        let stopping = self.delivery.stopping.clone();
        loop {
            let batch = tokio::select! {
                biased;
                () = stopping.cancelled() => break,
                // Meanwhile they wait in the queue, which has its bound.
                batch = async {
                    self.delivery.rest().await;
                    self.spans.next(self.queue.delay).await
                } => batch,
            };
            self.send(batch).await;
        }
        loop {
            let batch = self.spans.take();
            if batch.is_empty() {
                return;
            }
            self.send(batch).await;
        }
    }

    async fn send(&mut self, batch: Vec<SpanData>) {
        if batch.is_empty() {
            return;
        }
        let count = batch.len() as u64;
        let request = encode::spans(batch, &self.resource, &self.delivery.config.masks());
        let Ok(body) = encode::body(&request, self.delivery.sender.target()) else {
            return self.delivery.counts.end(0, Some(("encoding", count)));
        };
        let (spans, timeout) = (&self.spans, self.queue.timeout);
        self.delivery.deliver(body, count, timeout, || spans.counts().dropped).await;
    }
}
