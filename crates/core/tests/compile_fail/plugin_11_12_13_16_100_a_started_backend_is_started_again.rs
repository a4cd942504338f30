#![allow(unused)]
use greenroom_core::{Backend, Feature, Running};

async fn what_was_started_takes_nothing_more(backend: Backend, feature: Feature) {
    let running = backend.start().await;
    let more = backend.add(feature);
}

async fn what_has_started_or_failed_to_does_not_start_again(backend: Backend) {
    let running = backend.start().await;
    let again = backend.start().await;
}

async fn what_was_stopped_does_not_stop_again(running: Running) {
    running.stop().await;
    running.stop().await;
}

fn main() {}
