//! When the memory of a child is worth a warning: once at each share of the limit, and not again before it was well below.

/// Shares of the limit at which a warning is due, the lowest first, in percent.
const LEVELS: [u32; 2] = [80, 90];
/// So far below a level it must have been for the next warning.
const BELOW: u32 = 5;

/// Which warnings have been given.
///
/// ```
/// use greenroom_wrap::Thresholds;
///
/// let mut thresholds = Thresholds::default();
/// let warned = [0.5, 0.81, 0.85, 0.79, 0.82, 0.95, 0.7, 0.8].map(|share| thresholds.crossed(share));
/// assert_eq!(warned, [None, Some(80), None, None, None, Some(90), None, Some(80)]);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Thresholds {
    given: [bool; LEVELS.len()],
}

impl Thresholds {
    /// The level that this share of the limit has reached, if it is to be told.
    pub fn crossed(&mut self, share: f64) -> Option<u32> {
        let percent = share * 100.0;
        let mut told = None;
        for (level, given) in LEVELS.iter().zip(&mut self.given) {
            if percent >= f64::from(*level) && !*given {
                *given = true;
                told = Some(*level);
            } else if percent < f64::from(level - BELOW) {
                *given = false;
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_over_both_is_told_once_and_a_wobble_is_not_told_again() {
        let mut thresholds = Thresholds::default();
        assert_eq!(thresholds.crossed(0.93), Some(90));
        assert_eq!([0.89, 0.91, 0.86, 0.92].map(|share| thresholds.crossed(share)), [None; 4]);
        assert_eq!((thresholds.crossed(0.84), thresholds.crossed(0.9)), (None, Some(90)));
    }
}
