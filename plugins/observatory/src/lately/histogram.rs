//! How long requests took: counts in steps of a sixteenth of each doubling, so that a percentile is right to 6 %.

use std::time::Duration;

/// Steps of each doubling.
const STEPS: u64 = 16;
/// From a microsecond on, 27 doublings: 134 s. What took longer counts as that.
const SLOTS: usize = (28 * STEPS) as usize;

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    /// Empty until there is something: most minutes of most plugins have nothing.
    slots: Vec<u32>,
    count: u64,
}

impl Histogram {
    pub(super) fn add(&mut self, took: Duration) {
        if self.slots.is_empty() {
            self.slots = vec![0; SLOTS];
        }
        self.slots[slot(took)] += 1;
        self.count += 1;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if self.slots.is_empty() {
            self.slots = vec![0; SLOTS];
        }
        for (slot, more) in self.slots.iter_mut().zip(&other.slots) {
            *slot += more;
        }
        self.count += other.count;
    }

    /// What three of four were at most.
    pub(super) fn p75(&self) -> Option<Duration> {
        let wanted = (self.count * 3).div_ceil(4).max(1);
        let mut seen = 0;
        let found = self.slots.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted
        })?;
        Some(middle(found as u64))
    }
}

fn slot(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    let doubling = u64::from(micros.ilog2());
    // Below 16 µs the steps are finer than a microsecond.
    let step =
        if doubling >= 4 { (micros >> (doubling - 4)) - STEPS } else { (micros << (4 - doubling)) - STEPS };
    ((doubling * STEPS + step) as usize).min(SLOTS - 1)
}

fn middle(slot: u64) -> Duration {
    let (doubling, step) = (slot / STEPS, slot % STEPS);
    let low = 2f64.powi(doubling as i32) * (1.0 + step as f64 / STEPS as f64);
    Duration::from_secs_f64(low * (1.0 + 0.5 / STEPS as f64) / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_is_right_to_six_per_cent() {
        for micros in [1, 7, 16, 999, 84_000, 4_812_000, 90_000_000] {
            let mut times = Histogram::default();
            times.add(Duration::from_micros(micros));
            let found = times.p75().unwrap().as_secs_f64() * 1e6;
            assert!((found / micros as f64 - 1.0).abs() < 0.063, "{micros}: {found}");
        }
        let mut times = Histogram::default();
        (1..=100).for_each(|ms| times.add(Duration::from_millis(ms)));
        let found = times.p75().unwrap().as_secs_f64() * 1e3;
        assert!((found / 75.0 - 1.0).abs() < 0.063, "{found}");
    }

    #[test]
    fn nothing_and_too_much_are_no_panic() {
        assert_eq!(Histogram::default().p75(), None);
        let mut times = Histogram::default();
        times.add(Duration::MAX);
        times.add(Duration::ZERO);
        times.merge(&Histogram::default());
        assert!(times.p75().unwrap() > Duration::from_secs(100));
    }
}
