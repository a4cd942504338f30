//! The runtime on which everything runs: whether it has work that waits, and how busy its workers are.

use greenroom_metrics::Metrics;
use tokio::runtime::Handle;

pub(super) fn tell(metrics: &Metrics) {
    // The main one, whoever asks later.
    let Ok(handle) = Handle::try_current() else { return };
    let of = |look: fn(&tokio::runtime::RuntimeMetrics) -> f64| {
        let runtime = handle.metrics();
        move |now: &greenroom_metrics::Observation<'_>| now.observe(look(&runtime), &[])
    };
    metrics
        .observable_up_down_counter("greenroom.runtime.workers")
        .unit("{thread}")
        .description("Threads that run tasks.")
        .observe(of(|runtime| runtime.num_workers() as f64));
    metrics
        .observable_up_down_counter("greenroom.runtime.tasks")
        .unit("{task}")
        .description("Tasks that have not ended.")
        .observe(of(|runtime| runtime.num_alive_tasks() as f64));
    metrics
        .observable_gauge("greenroom.runtime.queue")
        .unit("{task}")
        .description("Tasks that wait for a worker, and that no worker has taken to itself yet.")
        .observe(of(|runtime| runtime.global_queue_depth() as f64));
    metrics
        .observable_counter("greenroom.runtime.busy.time")
        .unit("s")
        .description("How long all workers together have run tasks. It grows by the number of workers each second when all are busy.")
        .observe(of(|runtime| {
            (0..runtime.num_workers()).map(|at| runtime.worker_total_busy_duration(at).as_secs_f64()).sum()
        }));
}
