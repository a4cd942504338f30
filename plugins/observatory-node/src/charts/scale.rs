//! The axis of values: from 0, with three to five round numbers.

use crate::text::format;

/// See the [module](self).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    /// The distance between two ticks.
    step: f64,
    /// How many there are beside that at 0.
    steps: usize,
}

impl Scale {
    /// One on which `max` has a place.
    pub(super) fn up_to(max: f64) -> Self {
        let max = if max.is_finite() && max > 0.0 { max.clamp(1e-6, 1e15) } else { 1.0 };
        let magnitude = 10f64.powf(max.log10().floor() - 1.0);
        let round = [2.5, 5.0, 10.0, 20.0, 25.0, 50.0].map(|step| step * magnitude);
        // A step of 2.5 would need more decimals than 2 or 5.
        let step = round.into_iter().find(|step| max / step <= 4.0).unwrap_or(max);
        Self { step, steps: ((max / step).ceil() as usize).max(2) }
    }

    /// For things that are counted: no tick between two of them.
    pub(super) fn of_counts(max: f64) -> Self {
        if max <= 2.0 { Self { step: 1.0, steps: 2 } } else { Self::up_to(max) }.whole()
    }

    fn whole(self) -> Self {
        let top = self.top();
        let step = self.step.ceil();
        Self { step, steps: ((top / step).ceil() as usize).max(2) }
    }

    /// The highest value.
    pub(super) fn top(&self) -> f64 {
        self.step * self.steps as f64
    }

    /// Values with their labels, 0 first.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, String)> + '_ {
        let decimals = (0..7).find(|decimals| is_whole(self.step * 10f64.powi(*decimals))).unwrap_or(7);
        (0..=self.steps).map(move |index| {
            let value = self.step * index as f64;
            (value, if index == 0 { "0".to_owned() } else { format::decimal(value, decimals as usize) })
        })
    }
}

fn is_whole(value: f64) -> bool {
    (value - value.round()).abs() < 1e-6
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(max: f64) -> Vec<String> {
        Scale::up_to(max).ticks().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(labels(4.0), ["0", "1", "2", "3", "4"]);
        assert_eq!(labels(0.31), ["0", "0.1", "0.2", "0.3", "0.4"]);
        assert_eq!(labels(118.0), ["0", "50", "100", "150"]);
        assert_eq!(labels(4812.0), ["0", "2,000", "4,000", "6,000"]);
        assert_eq!(labels(f64::NAN), labels(1.0));
        let counts = |max| Scale::of_counts(max).ticks().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(
            (counts(0.0), counts(3.0)),
            (vec!["0".into(), "1".into(), "2".into()], vec!["0".into(), "1".into(), "2".into(), "3".into()])
        );
    }

    proptest! {
        #[test]
        fn each_value_has_a_place_and_there_are_three_to_five_ticks(max in 1e-6..1e15f64) {
            let scale = Scale::up_to(max);
            prop_assert!(scale.top() >= max * 0.999_999, "{scale:?}");
            prop_assert!((3..=5).contains(&scale.ticks().count()), "{scale:?}");
        }
    }
}
