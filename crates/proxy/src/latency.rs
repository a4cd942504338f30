//! How long the last answers took to begin.

use std::time::Duration;

use parking_lot::Mutex;

/// Of so many.
const KEPT: usize = 512;

/// The last ones, in microseconds.
#[derive(Default)]
pub(crate) struct Latency(Mutex<Ring>);

#[derive(Default)]
struct Ring {
    micros: Vec<u32>,
    next: usize,
}

impl Latency {
    pub(crate) fn note(&self, took: Duration) {
        let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        let mut ring = self.0.lock();
        let next = ring.next;
        match ring.micros.get_mut(next) {
            Some(oldest) => *oldest = micros,
            None => ring.micros.push(micros),
        }
        ring.next = (next + 1) % KEPT;
    }

    /// The median and the 95th percentile.
    pub(crate) fn look(&self) -> Option<(Duration, Duration)> {
        let mut micros = self.0.lock().micros.clone();
        micros.sort_unstable();
        let at = |percent: usize| {
            let rank = (micros.len() * percent).div_ceil(100).max(1) - 1;
            micros.get(rank).map(|micros| Duration::from_micros((*micros).into()))
        };
        at(50).zip(at(95))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answers_count_and_none_before_them() {
        let latency = Latency::default();
        assert_eq!(latency.look(), None);
        latency.note(Duration::from_millis(7));
        let one = Duration::from_millis(7);
        assert_eq!(latency.look(), Some((one, one)));
        for _ in 0..3 {
            (1..=100).for_each(|millis| latency.note(Duration::from_millis(millis)));
        }
        let (middle, late) = latency.look().unwrap();
        assert!(
            (49..=51).contains(&middle.as_millis()) && (94..=96).contains(&late.as_millis()),
            "{middle:?} {late:?}"
        );
        (0..KEPT).for_each(|_| latency.note(Duration::from_secs(1)));
        assert_eq!(latency.look(), Some((Duration::from_secs(1), Duration::from_secs(1))));
    }
}
