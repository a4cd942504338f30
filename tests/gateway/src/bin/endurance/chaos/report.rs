//! What a run has to tell in the end.

use std::path::Path;

use super::{Chaos, Options};
use crate::{
    log::Counts,
    watch::{self, Sample},
};

/// What the third and the fourth quarter of a run may differ by in memory, in MiB.
const MOST_GROWTH: f64 = 12.0;
/// Shorter runs say nothing of memory.
const SHORTEST_FOR_MEMORY: u64 = 20;

impl Chaos {
    pub(super) fn report(&self, options: &Options, log: &Path) {
        println!("\n{}", self.table.borrow());
        let (times, long) = self.away.borrow().told();
        println!("Node was away {times} times, for {:.0} s in all.", long.as_secs_f64());
        self.memory(options.minutes);
        match Counts::of(log) {
            Ok(counts) => {
                println!(
                    "The log has {} lines, {} of them of requests; and:",
                    counts.lines, counts.access_lines
                );
                for (what, count) in counts.told {
                    println!("  {count} × {what}");
                }
                for panic in counts.panics {
                    self.fault(format!("a panic: {panic}"));
                }
            }
            Err(error) => self.fault(format!("no log: {error}")),
        }
    }

    fn memory(&self, minutes: u64) {
        let samples = self.samples.borrow();
        let quarter = samples.len().div_ceil(4).max(1);
        let quarters: Vec<_> = samples
            .chunks(quarter)
            .map(|some| {
                let of =
                    |number: fn(&Sample) -> f64| watch::median(some.iter().map(number)).unwrap_or_default();
                (of(|sample| sample.resident), of(|sample| sample.own))
            })
            .collect();
        println!("RSS and, of it, no file's, the median of each quarter (MiB): {quarters:.1?}");
        if minutes < SHORTEST_FOR_MEMORY {
            println!(
                "A run of less than {SHORTEST_FOR_MEMORY} minutes says nothing of whether memory grows."
            );
        } else if let [.., (third, _), (last, _)] = quarters[..] {
            let grown = last - third;
            println!(
                "From the third quarter to the last it grew by {grown:.1} MiB; {MOST_GROWTH} are allowed."
            );
            if grown > MOST_GROWTH {
                self.fault(format!("memory grows: by {grown:.1} MiB in the second half"));
            }
        }
    }
}
