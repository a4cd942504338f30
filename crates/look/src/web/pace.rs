//! No more requests than so many in any second, and no more than so many in all.

use std::{collections::VecDeque, time::Duration};

use tokio::time::{Instant, sleep_until};

const WINDOW: Duration = Duration::from_secs(1);

/// Lets requests begin: the first ones at once, the next as soon as the window has room.
#[derive(Debug)]
pub(super) struct Pace {
    per_second: usize,
    /// When the last ones began, the oldest first.
    began: VecDeque<Instant>,
}

impl Pace {
    pub(super) fn new(per_second: usize) -> Self {
        Self { per_second: per_second.max(1), began: VecDeque::new() }
    }

    /// Waits until one more may begin.
    pub(super) async fn turn(&mut self) {
        if self.began.len() >= self.per_second
            && let Some(oldest) = self.began.pop_front()
        {
            sleep_until(oldest + WINDOW).await;
        }
        self.began.push_back(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn in_no_second_begin_more_than_allowed() {
        let mut pace = Pace::new(2);
        let mut began = vec![];
        for _ in 0..5 {
            pace.turn().await;
            began.push(Instant::now());
        }
        for three in began.windows(3) {
            assert!(three[2] - three[0] >= WINDOW - Duration::from_millis(1), "{began:?}");
        }
    }
}
