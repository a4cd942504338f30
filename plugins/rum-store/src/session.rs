//! When a session is over.

/// A browser that has done nothing for so long begins another session: 15 minutes.
pub const IDLE_MS: i64 = 15 * 60_000;
/// No session goes on for longer: 4 hours.
pub const LONGEST_MS: i64 = 4 * 3_600_000;

/// Whether a session goes on. Nobody says when it ends: the last view of a page that is left is told as if it went on for ever.
pub fn is_open(started_ms: i64, last_ms: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(last_ms) < IDLE_MS && now_ms.saturating_sub(started_ms) < LONGEST_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rum_89_a_session_is_over_after_a_quarter_of_an_hour_of_nothing_and_after_four_hours() {
        let minute = 60_000;
        assert!(is_open(0, 0, 14 * minute) && !is_open(0, 0, 15 * minute));
        assert!(is_open(0, 230 * minute, 239 * minute) && !is_open(0, 239 * minute, 240 * minute));
    }
}
