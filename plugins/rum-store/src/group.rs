//! How long an error has been there: since when, until when, and whether it had gone away.

/// An error that was not seen for so long had gone away: 24 hours.
pub const AWAY_MS: i64 = 24 * 60 * 60 * 1000;

/// When the errors of a group occurred: a row of the table, whose columns have these names.
///
/// Seen twice, a time changes nothing; first and last are the same in whatever order the times come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The first time.
    pub first_ms: i64,
    /// The last time.
    pub last_ms: i64,
    /// When it came back after it had gone away, the last time that it did.
    pub back_ms: Option<i64>,
    /// For how long it had been away then.
    pub away_ms: Option<i64>,
}

/// What is said of a group on a page about a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its first error is of that span.
    New,
    /// It came back within the span.
    Back,
    /// It was there before.
    Ongoing,
}

impl State {
    /// The word for it, as it is filtered by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Back => "back",
            Self::Ongoing => "ongoing",
        }
    }
}

impl Seen {
    /// At that time, and not before.
    pub fn once(at_ms: i64) -> Self {
        Self { first_ms: at_ms, last_ms: at_ms, back_ms: None, away_ms: None }
    }

    /// At that time, too.
    pub fn also(self, other: Self) -> Self {
        let (earlier, later) = if self.last_ms <= other.last_ms { (self, other) } else { (other, self) };
        let gap = later.first_ms.saturating_sub(earlier.last_ms);
        let joined = (gap >= AWAY_MS).then_some((later.first_ms, gap));
        let own = |seen: Self| seen.back_ms.zip(seen.away_ms);
        let back = own(later).or(joined).or(own(earlier));
        Self {
            first_ms: self.first_ms.min(other.first_ms),
            last_ms: later.last_ms,
            back_ms: back.map(|(back, _)| back),
            away_ms: back.map(|(_, away)| away),
        }
    }

    /// What is said of it on a page about the time since then.
    pub fn state(&self, from_ms: i64) -> State {
        match self.back_ms {
            _ if self.first_ms >= from_ms => State::New,
            Some(back) if back >= from_ms => State::Back,
            _ => State::Ongoing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(times: &[i64]) -> Seen {
        times[1..].iter().fold(Seen::once(times[0]), |seen, at| seen.also(Seen::once(*at)))
    }

    #[test]
    fn a_group_is_new_ongoing_or_back() {
        assert_eq!(seen(&[100, 200]).state(100), State::New);
        assert_eq!(seen(&[100, 200]).state(101), State::Ongoing);
        let back = seen(&[100, 200, 200 + AWAY_MS, 300 + AWAY_MS]);
        assert_eq!((back.back_ms, back.away_ms), (Some(200 + AWAY_MS), Some(AWAY_MS)));
        assert_eq!(back.state(201), State::Back);
        assert_eq!(back.state(201 + AWAY_MS), State::Ongoing);
        assert_eq!(back.state(100), State::New);
        assert_eq!(seen(&[100, 199 + AWAY_MS / 2, 199 + AWAY_MS]).back_ms, None);
    }

    proptest::proptest! {
        #[test]
        fn times_may_come_twice_and_in_any_order(mut times in proptest::collection::vec(proptest::num::i64::ANY, 1..8)) {
            let one = seen(&times);
            proptest::prop_assert_eq!(one.also(Seen::once(*times.last().unwrap())).last_ms, one.last_ms);
            times.sort_unstable();
            let sorted = seen(&times);
            proptest::prop_assert_eq!((one.first_ms, one.last_ms), (sorted.first_ms, sorted.last_ms));
        }
    }
}
