//! What the operator hears on stderr when the log itself cannot be written.

use std::{
    fmt,
    io::{self, Write},
    time::{Duration, Instant},
};

/// How long complaints of one sink lie apart.
pub(super) const REMINDER: Duration = Duration::from_secs(60);

/// When the last complaint was.
#[derive(Default)]
pub(super) struct Complaints {
    last: Option<Instant>,
}

impl Complaints {
    /// Whether a complaint may be made now: the first at once, others [`REMINDER`] after the last. It counts as made.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = self.last.is_none_or(|last| now.duration_since(last) >= REMINDER);
        if due {
            self.last = Some(now);
        }
        due
    }

    /// Tells of lost lines, if it is time to.
    pub(super) fn lost(&mut self, error: &io::Error, lines: u64) {
        if self.is_due(Instant::now()) {
            complain(format_args!("the log cannot be written: {error}; lines lost so far: {lines}"));
        }
    }
}

/// One line on stderr; there is nobody to tell if that fails too.
pub(super) fn complain(text: fmt::Arguments<'_>) {
    let _ = io::stderr().lock().write_all(format!("greenroom: {text}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_complaint_is_made_at_once_and_others_a_minute_apart() {
        let (mut complaints, start) = (Complaints::default(), Instant::now());
        let mut due = |seconds| complaints.is_due(start + Duration::from_secs(seconds));
        assert_eq!(
            [due(0), due(1), due(59), due(60), due(61), due(119), due(400)],
            [true, false, false, true, false, false, true]
        );
    }
}
