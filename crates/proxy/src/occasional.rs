//! A line that would come for each of many requests.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How often it comes at most.
const INTERVAL: Duration = Duration::from_secs(5);

/// Lets a line pass now and then, and counts the others.
#[derive(Default)]
pub(crate) struct Occasional(Mutex<(Option<Instant>, u64)>);

impl Occasional {
    /// How many were left out since the last one, if this one is to be written.
    pub(crate) fn passes(&self) -> Option<u64> {
        let (last, left_out) = &mut *self.0.lock();
        if last.is_some_and(|last| last.elapsed() < INTERVAL) {
            *left_out += 1;
            return None;
        }
        *last = Some(Instant::now());
        Some(std::mem::take(left_out))
    }
}
