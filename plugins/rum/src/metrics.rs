//! What became of browser events, as metrics: the same counts as `GET /api/rum/status`, asked for when somebody reads.

use std::sync::Arc;

use greenroom::{metrics::Observation, prelude::*};

use crate::{
    counts::{Counts, Status},
    refusal::Refusal,
};

/// Tells them under the plugin's meter.
pub(crate) fn tell(metrics: &Metrics, counts: &Arc<Counts>) {
    let of = |look: fn(&Status, &Observation<'_>)| {
        let counts = counts.clone();
        move |now: &Observation<'_>| look(&counts.told(), now)
    };
    metrics
        .observable_counter("greenroom.rum.requests")
        .unit("{request}")
        .description("Requests of browsers that have come to the intake.")
        .observe(of(|told, now| now.observe(told.received, &[])));
    metrics
        .observable_up_down_counter("greenroom.rum.waiting")
        .unit("{request}")
        .description("Requests that are looked at, wait to be sent, or are on their way.")
        .observe(of(|told, now| now.observe(told.waiting, &[])));
    metrics
        .observable_counter("greenroom.rum.refused")
        .unit("{request}")
        .description("Requests that went no further, by reason.")
        .observe(of(|told, now| {
            for code in Refusal::codes() {
                let count = told.refused.get(code).copied().unwrap_or_default();
                now.observe(count, &[KeyValue::new("reason", code)]);
            }
        }));
    metrics
        .observable_counter("greenroom.rum.forwarded")
        .unit("{request}")
        .description("Requests that were sent on, by whether they were taken there.")
        .observe(of(|told, now| {
            each(now, "outcome", [("taken", told.taken), ("failed", told.failed)]);
        }));
    metrics
        .observable_counter("greenroom.rum.stored")
        .unit("{request}")
        .description("Requests whose events are in the store.")
        .observe(of(|told, now| now.observe(told.kept, &[])));
    metrics
        .observable_counter("greenroom.rum.dropped")
        .unit("{request}")
        .description(
            "Requests of which nothing was sent or kept though nobody refused them, by reason: their browser had gone, there was \
             nothing in them, or they were of a track that is not kept.",
        )
        .observe(of(|told, now| {
            let reasons = [("gone", told.unsent), ("empty", told.empty), ("notKept", told.left_out)];
            each(now, "reason", reasons);
        }));
    metrics
        .observable_counter("greenroom.rum.events")
        .unit("{event}")
        .description(
            "Events in these requests, by outcome: accepted, rejected because they cannot be read or are of another application, \
             and of the accepted ones those that the store leaves out.",
        )
        .observe(of(|told, now| {
            let outcomes = [("accepted", told.events), ("rejected", told.rejected), ("notStored", told.unkept)];
            each(now, "outcome", outcomes);
        }));
}

fn each<const N: usize>(now: &Observation<'_>, key: &'static str, counts: [(&'static str, u64); N]) {
    for (value, count) in counts {
        now.observe(count, &[KeyValue::new(key, value)]);
    }
}
