//! How long the answers of the last minute took to begin.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Of so many at most.
const KEPT: usize = 512;

/// What came before says nothing of now.
const RECENT: Duration = Duration::from_secs(60);

/// The last ones.
#[derive(Default)]
pub(crate) struct Latency(Mutex<Ring>);

#[derive(Default)]
struct Ring {
    /// When each began, and how long that took in microseconds.
    answers: Vec<(Instant, u32)>,
    next: usize,
}

impl Latency {
    /// One has begun.
    pub(crate) fn note(&self, took: Duration) {
        self.note_at(Instant::now(), took);
    }

    fn note_at(&self, now: Instant, took: Duration) {
        let answer = (now, u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        let mut ring = self.0.lock();
        let next = ring.next;
        match ring.answers.get_mut(next) {
            Some(oldest) => *oldest = answer,
            None => ring.answers.push(answer),
        }
        ring.next = (next + 1) % KEPT;
    }

    /// The median and the 95th percentile of the last minute.
    pub(crate) fn look(&self) -> Option<(Duration, Duration)> {
        self.look_at(Instant::now())
    }

    fn look_at(&self, now: Instant) -> Option<(Duration, Duration)> {
        let is_recent = |(at, _): &&(Instant, u32)| now.saturating_duration_since(*at) <= RECENT;
        let mut micros: Vec<_> =
            self.0.lock().answers.iter().filter(is_recent).map(|(_, micros)| *micros).collect();
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

    /// Whoever looks changes nothing, however often.
    #[test]
    fn what_it_took_more_than_a_minute_ago_says_nothing_and_until_then_it_does() {
        let latency = Latency::default();
        let (begun, slow) = (Instant::now(), Duration::from_secs(3));
        latency.note_at(begun, slow);
        for seconds in [1, 10, 59] {
            assert_eq!(latency.look_at(begun + Duration::from_secs(seconds)), Some((slow, slow)));
        }
        let later = begun + RECENT + Duration::from_secs(1);
        assert_eq!(latency.look_at(later), None);
        latency.note_at(later, Duration::from_millis(5));
        assert_eq!(latency.look_at(later).unwrap().0, Duration::from_millis(5));
    }
}
