//! Times as text.

use std::time::{SystemTime, UNIX_EPOCH};

/// RFC 3339 in UTC with milliseconds; the date is worked out once a second.
///
/// ```
/// use std::time::UNIX_EPOCH;
/// use greenroom_logging::Clock;
///
/// assert_eq!(Clock::default().text(UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    second: Option<u64>,
    text: [u8; 24],
}

impl Default for Clock {
    fn default() -> Self {
        Self { second: None, text: *b"1970-01-01T00:00:00.000Z" }
    }
}

impl Clock {
    /// The time as text. Times before 1970 or after 9999 are shown as the nearest that fits.
    pub fn text(&mut self, time: SystemTime) -> &str {
        std::str::from_utf8(self.bytes(time)).unwrap_or_default()
    }

    /// The text as bytes: nobody has to see that they are text.
    pub(crate) fn bytes(&mut self, time: SystemTime) -> &[u8; 24] {
        const LAST: u64 = 253_402_207_200;
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let second = since.as_secs().min(LAST);
        if self.second != Some(second) {
            self.second = Some(second);
            let date = jiff::Timestamp::from_second(second as i64).unwrap_or_default();
            let text = format!("{date:.3}");
            if let Ok(text) = text.as_bytes().try_into() {
                self.text = text;
            }
        }
        let ms = since.subsec_millis();
        for (place, unit) in [(20, 100), (21, 10), (22, 1)] {
            self.text[place] = b'0' + (ms / unit % 10) as u8;
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_date_is_redone_when_the_second_changes() {
        let mut clock = Clock::default();
        let at = |ms| UNIX_EPOCH + Duration::from_millis(ms);
        assert_eq!(clock.text(at(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(clock.text(at(1_795_332_421_529)), "2026-11-22T07:27:01.529Z");
        assert_eq!(clock.text(at(1_795_332_421_009)), "2026-11-22T07:27:01.009Z");
        assert_eq!(clock.text(at(951_782_400_000)), "2000-02-29T00:00:00.000Z");
        assert_eq!(clock.text(at(u64::MAX / 2)).len(), 24);
    }
}
