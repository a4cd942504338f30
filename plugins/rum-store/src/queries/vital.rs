//! The five Core Web Vitals, in the units in which they are kept, and what values mean.

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vital {
    /// Largest Contentful Paint.
    Lcp,
    /// Interaction to Next Paint.
    Inp,
    /// Cumulative Layout Shift, which has no unit.
    Cls,
    /// First Contentful Paint.
    Fcp,
    /// Time to First Byte.
    Ttfb,
}

/// What the 75th percentile of a vital says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rating {
    /// At most the lower limit.
    Good,
    /// Between the limits.
    NeedsImprovement,
    /// Above the upper limit.
    Poor,
}

impl Rating {
    /// As people and programs read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::NeedsImprovement => "needs improvement",
            Self::Poor => "poor",
        }
    }
}

/// How many values it takes to rate their percentile.
pub const ENOUGH: i64 = 20;

impl Vital {
    /// In the order in which they are told.
    pub const ALL: [Self; 5] = [Self::Lcp, Self::Inp, Self::Cls, Self::Fcp, Self::Ttfb];

    /// `lcp`, as parameters and members of JSON name it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Lcp => "lcp",
            Self::Inp => "inp",
            Self::Cls => "cls",
            Self::Fcp => "fcp",
            Self::Ttfb => "ttfb",
        }
    }

    /// The one of that name.
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vital| vital.key() == key)
    }

    /// Up to where it is good, and above what it is poor: milliseconds, or nothing for CLS.
    pub fn limits(self) -> (f64, f64) {
        match self {
            Self::Lcp => (2500.0, 4000.0),
            Self::Inp => (200.0, 500.0),
            Self::Cls => (0.1, 0.25),
            Self::Fcp => (1800.0, 3000.0),
            Self::Ttfb => (800.0, 1800.0),
        }
    }

    /// What a value means.
    pub fn rate(self, value: f64) -> Rating {
        let (good, poor) = self.limits();
        if value <= good {
            Rating::Good
        } else if value <= poor {
            Rating::NeedsImprovement
        } else {
            Rating::Poor
        }
    }

    /// The column of `rum_view` that has it.
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Lcp => "lcp_ns",
            Self::Inp => "inp_ns",
            Self::Cls => "cls",
            Self::Fcp => "fcp_ns",
            Self::Ttfb => "ttfb_ns",
        }
    }

    /// From how it is kept: nanoseconds to milliseconds.
    pub(super) fn told(self, kept: f64) -> f64 {
        if self == Self::Cls { kept } else { kept / 1e6 }
    }
}

/// A vital of many views.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Which.
    pub vital: Vital,
    /// The 75th percentile: milliseconds, or nothing for CLS.
    pub p75: Option<f64>,
    /// How many views had it.
    pub n: i64,
    /// How many of them were good, how many poor.
    pub good: i64,
    #[expect(missing_docs, reason = "said above")]
    pub poor: i64,
}

impl Measured {
    /// What the percentile means, if enough was measured.
    pub fn rating(&self) -> Option<Rating> {
        self.p75.filter(|_| self.n >= ENOUGH).map(|value| self.vital.rate(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_at_the_limit_is_still_of_the_better_side() {
        let rated = |vital: Vital| {
            let (good, poor) = vital.limits();
            [good, good * 1.001, poor, poor * 1.001].map(|value| vital.rate(value))
        };
        for vital in Vital::ALL {
            use Rating::{Good, NeedsImprovement, Poor};
            assert_eq!(rated(vital), [Good, NeedsImprovement, NeedsImprovement, Poor], "{vital:?}");
            assert_eq!(Vital::of_key(vital.key()), Some(vital));
        }
    }

    #[test]
    fn rum_101_fewer_than_20_values_are_not_rated() {
        let measured = |n| Measured { vital: Vital::Lcp, p75: Some(9000.0), n, good: 0, poor: n };
        assert_eq!(measured(19).rating(), None);
        assert_eq!(measured(20).rating(), Some(Rating::Poor));
    }
}
