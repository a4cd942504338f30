//! What was so in the last hour, minute by minute.

use std::time::{SystemTime, UNIX_EPOCH};

/// How many minutes an hour has: as many as lines of the pages go over.
pub const MINUTES: usize = 60;

/// The number of a minute, counted since 1970.
pub fn minute_of(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / 60
}

/// Something for each minute of the last hour; a minute without it has its default.
///
/// ```
/// use greenroom_plugin_observatory_node::Hour;
///
/// let mut failures = Hour::<u32>::new(3);
/// *failures.at(100).unwrap() += 2;
/// *failures.at(101).unwrap() += 1;
/// assert_eq!(failures.list(101), [0, 2, 1]);
/// ```
#[derive(Clone, Debug)]
pub struct Hour<T> {
    /// The minute of the last entry.
    newest: u64,
    entries: Vec<T>,
}

impl<T: Clone + Default> Hour<T> {
    /// One that keeps so many minutes.
    pub fn new(minutes: usize) -> Self {
        Self { newest: 0, entries: vec![T::default(); minutes] }
    }

    /// The entry of a minute; `None` for one that is over for good. A later one than all before makes room for itself.
    pub fn at(&mut self, minute: u64) -> Option<&mut T> {
        let length = self.entries.len() as u64;
        for passed in self.newest.max(minute.saturating_sub(length)) + 1..=minute {
            self.entries[(passed % length) as usize] = T::default();
        }
        self.newest = self.newest.max(minute);
        (minute + length > self.newest).then(|| &mut self.entries[(minute % length) as usize])
    }

    /// The entries up to a minute, the oldest first.
    pub fn list(&self, now: u64) -> Vec<T> {
        let length = self.entries.len() as u64;
        let entry = |minute: u64| {
            let is_kept = minute <= self.newest && minute + length > self.newest;
            if is_kept { self.entries[(minute % length) as usize].clone() } else { T::default() }
        };
        (0..length).map(|ago| entry(now.saturating_sub(length - 1 - ago))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_forgets_what_is_older() {
        let mut hour = Hour::<u32>::new(3);
        *hour.at(100).unwrap() += 1;
        *hour.at(101).unwrap() += 2;
        assert_eq!(hour.list(101), [0, 1, 2]);
        *hour.at(103).unwrap() += 4;
        assert_eq!(hour.list(103), [2, 0, 4]);
        assert_eq!(hour.at(100), None);
        assert_eq!((hour.list(104), hour.list(900)), (vec![0, 4, 0], vec![0, 0, 0]));
        *hour.at(900).unwrap() += 1;
        assert_eq!(hour.list(900), [0, 0, 1]);
    }
}
