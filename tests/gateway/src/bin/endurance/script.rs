//! The requests of a run, one after the other, as a seed makes them.

use std::time::Duration;

use fastrand::Rng;

use crate::{kind::Kind, lines};

/// One request, and what its client does beside asking.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) nonce: String,
    pub(crate) kind: Kind,
    /// How long after the one before.
    pub(crate) after: Duration,
    /// On a connection that was used before, if there is one.
    pub(crate) is_kept: bool,
    pub(crate) leaves: Option<Leaves>,
    /// It leaves with a reset.
    pub(crate) resets: bool,
}

/// When a client leaves too early.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leaves {
    After(Duration),
    Sent(u64),
    Read(u64),
}

/// All requests of a seed.
pub(crate) struct Script {
    rng: Rng,
    seed: u64,
    number: u64,
    mean_pause: f64,
}

impl Script {
    pub(crate) fn new(seed: u64, rate: f64) -> Self {
        Self { rng: Rng::with_seed(seed), seed, number: 0, mean_pause: 1.0 / rate }
    }

    pub(crate) fn next(&mut self) -> Plan {
        let rng = &mut self.rng;
        self.number += 1;
        let kind = kind(rng);
        // As they come from many people: with pauses, and several at once.
        let after = Duration::from_secs_f64(-self.mean_pause * (1.0 - rng.f64()).ln());
        let leaves = (rng.u32(..100) < 9).then(|| leaves(rng, &kind)).flatten();
        let nonce = lines::nonce(self.seed, self.number);
        Plan { nonce, kind, after, is_kept: rng.u32(..10) < 8, leaves, resets: rng.bool() }
    }
}

fn kind(rng: &mut Rng) -> Kind {
    let is_chunked = rng.bool();
    match rng.u32(..1000) {
        ..540 => Kind::Small,
        540..640 => Kind::Long { bytes: length(rng, 2 << 20), is_chunked },
        640..820 => Kind::Store { bytes: length(rng, 4 << 20), is_chunked },
        820..860 => Kind::Mirror { bytes: length(rng, 256 << 10) },
        860..900 => Kind::Wait { ms: rng.u64(10..2500) },
        900..922 => Kind::Events { count: rng.u64(1..30), ms: rng.u64(20..1000) },
        922..940 => Kind::Socket { turns: rng.u64(1..30), ms: rng.u64(10..1000) },
        940..948 => Kind::SlowReader { seconds: rng.u64(2..40), finishes: rng.bool() },
        948..956 => Kind::SlowWriter { bytes: rng.u64(2..40) },
        956..958 => Kind::SlowHead,
        958..966 => Kind::LargeHead { bytes: rng.u64(1 << 10..48 << 10) },
        966..970 => Kind::HugeHead { bytes: 1 << 20 },
        970..975 => Kind::HugeRequest { bytes: rng.usize(20 << 10..60 << 10) },
        975..985 => Kind::Reset { bytes: length(rng, 256 << 10), is_chunked },
        985..993 => Kind::Silent,
        _ => Kind::Rubbish,
    }
}

/// From 1 byte to so many; as many short ones as long ones.
fn length(rng: &mut Rng, most: u64) -> u64 {
    ((most as f64).powf(rng.f64()) as u64).clamp(1, most)
}

fn leaves(rng: &mut Rng, kind: &Kind) -> Option<Leaves> {
    match kind {
        Kind::Small => Some(Leaves::After(Duration::from_micros(rng.u64(..20_000)))),
        Kind::Store { bytes, .. } | Kind::Mirror { bytes } if rng.bool() => {
            Some(Leaves::Sent(rng.u64(..*bytes)))
        }
        Kind::Long { bytes, .. } if rng.bool() => Some(Leaves::Read(rng.u64(1..=*bytes))),
        Kind::Events { .. } | Kind::Socket { .. } | Kind::SlowWriter { .. } => {
            Some(Leaves::After(Duration::from_millis(rng.u64(..15_000))))
        }
        Kind::Long { .. } | Kind::Store { .. } | Kind::Mirror { .. } | Kind::Wait { .. } => {
            Some(Leaves::After(Duration::from_millis(rng.u64(..1000))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Script;

    #[test]
    fn a_seed_says_all_requests() {
        let all = |seed| {
            let mut script = Script::new(seed, 70.0);
            (0..500).map(|_| format!("{:?}", script.next())).collect::<Vec<_>>()
        };
        assert_eq!(all(7), all(7));
        assert_ne!(all(7), all(8));
    }

    #[test]
    fn the_rate_is_as_said() {
        let mut script = Script::new(1, 50.0);
        let took: f64 = (0..5000).map(|_| script.next().after.as_secs_f64()).sum();
        assert!((90.0..110.0).contains(&took), "{took}");
    }
}
