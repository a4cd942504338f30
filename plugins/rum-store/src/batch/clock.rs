//! When something was, if a browser's clock is wrong.

use super::Arrival;

/// A difference that is the way to here, and not the clock's.
const ON_THE_WAY_MS: i64 = 5_000;
/// How old an event may be when it is sent: a machine may have slept.
const OLDEST_MS: i64 = 7 * 24 * 3_600_000;

/// By what the times of a browser are told in those of this backend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    received_ms: i64,
    sent_ms: Option<i64>,
}

impl Arrival {
    pub(crate) fn clock(&self) -> Clock {
        Clock { received_ms: self.received_ms, sent_ms: self.sent_ms }
    }
}

impl Clock {
    /// The time of an event, by the clock of this backend: as long ago as the browser's own clock says. Nothing is of the future.
    pub(crate) fn time(self, date_ms: i64) -> i64 {
        let now = self
            .sent_ms
            .filter(|sent| sent.saturating_sub(self.received_ms).saturating_abs() > ON_THE_WAY_MS);
        let age = now.unwrap_or(self.received_ms).saturating_sub(date_ms);
        self.received_ms.saturating_sub(age.clamp(0, OLDEST_MS))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::device::Device;

    const HOUR: i64 = 3_600_000;
    const NOW: i64 = 1_795_331_814_719;

    fn time(sent_ms: Option<i64>, date_ms: i64) -> i64 {
        let device = Device::from_headers("", None);
        let (tags, sdk_version, routes) = Default::default();
        Arrival { received_ms: NOW, sent_ms, tags, sdk_version, device, routes }.clock().time(date_ms)
    }

    #[test]
    fn rum_84_a_clock_that_is_wrong_is_corrected() {
        for wrong in [-24 * HOUR, -HOUR, HOUR, 24 * HOUR, 9_000 * HOUR] {
            assert_eq!(time(Some(NOW + wrong), NOW + wrong - 2_000), NOW - 2_000, "{wrong}");
        }
        // Half a second on the way.
        assert_eq!(time(Some(NOW - 500), NOW - 700), NOW - 700);
        assert_eq!(time(None, NOW - HOUR), NOW - HOUR);
    }

    proptest! {
        #[test]
        fn rum_84_nothing_is_of_the_future_or_older_than_is_believed(sent: Option<i64>, date: i64) {
            let time = time(sent, date);
            prop_assert!((NOW - OLDEST_MS..=NOW).contains(&time));
        }
    }
}
