//! The process, by OpenTelemetry's names, as Linux shows it in `/proc`; nothing elsewhere.

use std::{fs, time::Instant};

use greenroom_metrics::{KeyValue, Metrics};
use rustix::{
    param::{clock_ticks_per_second, page_size},
    process::getpid,
};

pub(super) fn tell(metrics: &Metrics) {
    let began = Instant::now();
    metrics
        .observable_counter("process.cpu.time")
        .unit("s")
        .description("Total CPU seconds broken down by different states.")
        .observe(|now| {
            if let Some(spent) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(cpu) {
                for (mode, seconds) in [("user", spent.0), ("system", spent.1)] {
                    now.observe(seconds, &[KeyValue::new("cpu.mode", mode)]);
                }
            }
        });
    metrics
        .observable_up_down_counter("process.memory.usage")
        .unit("By")
        .description("The amount of physical memory in use.")
        .observe(|now| {
            if let Some(pages) = fs::read_to_string("/proc/self/statm").ok().as_deref().and_then(resident) {
                now.observe(pages * page_size() as u64, &[]);
            }
        });
    metrics
        .observable_up_down_counter("process.open_file_descriptor.count")
        .unit("{file_descriptor}")
        .description("Number of file descriptors in use by the process.")
        .observe(|now| {
            if let Ok(open) = fs::read_dir(format!("/proc/{}/fd", getpid().as_raw_nonzero())) {
                // One of them is that of the directory, which is read now.
                now.observe(open.count().saturating_sub(1), &[]);
            }
        });
    metrics
        .observable_gauge("process.uptime")
        .unit("s")
        .description("The time the process has been running.")
        .observe(move |now| now.observe(began.elapsed().as_secs_f64(), &[]));
}

/// Seconds in user mode and in the kernel. The name in front of them may hold anything, parentheses too.
fn cpu(stat: &str) -> Option<(f64, f64)> {
    let mut fields = stat.rsplit_once(") ")?.1.split_ascii_whitespace();
    let mut seconds =
        |at| Some(fields.nth(at)?.parse::<u64>().ok()? as f64 / clock_ticks_per_second() as f64);
    Some((seconds(11)?, seconds(0)?))
}

/// Pages in memory.
fn resident(statm: &str) -> Option<u64> {
    statm.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proc_says_is_read_whatever_the_process_is_called() {
        let ticks = clock_ticks_per_second() as f64;
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 0 0 0 130 7 0 0 20 0 1 0 1 1 1";
        assert_eq!(cpu(stat), Some((130.0 / ticks, 7.0 / ticks)));
        assert_eq!(cpu("42 (a"), None);
        assert_eq!(resident("5000 1234 800 1 0 900 0\n"), Some(1234));
        assert_eq!(resident(""), None);
    }
}
