//! When a child that has ended is started again, and after how long.
//!
//! Must not know of processes or clocks: it is told how a child ended, and says what follows.

use std::time::Duration;

use crate::Ended;

/// Whether a child that has failed is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartPolicy {
    /// It is not: whoever has started us must see it.
    #[default]
    Never,
    /// It is, unless it ended with exit code 0.
    OnFailure,
}

/// The first pause; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Who has run for so long has started well: what ends it is something new.
const RESET_AFTER: Duration = Duration::from_secs(10 * 60);
/// So many restarts in a row are tried.
const ATTEMPTS: u32 = 10;

/// The policy, and how many restarts there were in a row.
///
/// ```
/// use std::time::Duration;
/// use greenroom_wrap::{Ended, Exit, Next, RestartPolicy, Restarts};
///
/// let mut restarts = Restarts::new(RestartPolicy::OnFailure);
/// let crash = Ended { exit: Exit::Code(7), uptime: Duration::from_secs(3) };
/// assert_eq!(restarts.after(&crash), Next::Restart { after: Duration::from_secs(1), attempt: 1 });
/// assert_eq!(restarts.after(&crash), Next::Restart { after: Duration::from_secs(2), attempt: 2 });
/// ```
#[derive(Clone, Debug)]
pub struct Restarts {
    policy: RestartPolicy,
    made: u32,
}

/// What follows an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A new start.
    Restart {
        /// After this pause.
        after: Duration,
        /// Which restart in a row this is, from 1.
        attempt: u32,
    },
    /// Nothing: the policy has no restart for such an end.
    End,
    /// Nothing any more: so many restarts in a row have not helped.
    GiveUp {
        /// How many there were.
        attempts: u32,
    },
}

impl Restarts {
    /// No restart yet.
    pub fn new(policy: RestartPolicy) -> Self {
        Self { policy, made: 0 }
    }

    /// What follows this end.
    pub fn after(&mut self, ended: &Ended) -> Next {
        if self.policy == RestartPolicy::Never || ended.exit_code() == 0 {
            return Next::End;
        }
        if ended.uptime >= RESET_AFTER {
            self.made = 0;
        }
        if self.made == ATTEMPTS {
            return Next::GiveUp { attempts: ATTEMPTS };
        }
        let after = FIRST_PAUSE.saturating_mul(1 << self.made).min(LONGEST_PAUSE);
        self.made += 1;
        Next::Restart { after, attempt: self.made }
    }
}
