//! What is kept no longer: by its age, by how much there is, and because somebody says so.

mod delete;
mod size;
mod steps;

pub use delete::Deleted;

use std::time::Duration;

use greenroom::errors::Error;

use crate::Store;
use steps::Step;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// What is older goes. A session is as old as its end.
    pub age: Duration,
    /// How many bytes there may be; then the oldest go.
    pub bytes: u64,
}

/// What a sweep has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many sessions are gone.
    pub sessions: u64,
    /// How many requests of the backend are.
    pub requests: u64,
    /// Whether it was too much to be done at once: the next sweep goes on.
    pub is_unfinished: bool,
}

/// How many steps a sweep takes at most; each is a transaction of its own, so that those who write wait for none for long.
const MOST_STEPS: usize = 200;

impl Store {
    /// Deletes what is too old or too much. Where several replicas sweep at once, one of them does it.
    ///
    /// # Errors
    /// If the database does not let it.
    pub async fn sweep(&self, limits: Limits, now_ms: i64) -> Result<Swept, Error> {
        let age = i64::try_from(limits.age.as_millis()).unwrap_or(i64::MAX);
        let oldest_ms = now_ms.saturating_sub(age);
        let mut swept = Swept { is_unfinished: true, ..Swept::default() };
        let mut has_deleted = false;
        for _ in 0..MOST_STEPS {
            match self.run(Box::pin(self.step(oldest_ms, limits.bytes))).await? {
                Step::Deleted { sessions, requests } => {
                    // Of a large session there may be only some events yet.
                    has_deleted = true;
                    swept.sessions += sessions;
                    swept.requests += requests;
                }
                Step::NothingLeft | Step::ByAnother => {
                    swept.is_unfinished = false;
                    break;
                }
            }
        }
        if has_deleted {
            while self.run(self.shrink()).await? > 0 {}
        }
        Ok(swept)
    }
}
