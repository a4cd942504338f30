//! What the last use of a database has shown of it, and the next try where that has failed.

use std::{sync::OnceLock, time::Duration};

use greenroom_context::spawn;
use parking_lot::Mutex;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use crate::{BoxFuture, error::DatabaseError};

/// How long the next try is waited for, where the last use has failed.
const SOON: Duration = Duration::from_secs(2);
/// How often a database is tried beside what is asked of it.
const BESIDE: Duration = Duration::from_secs(1);

type Outcome = Result<(), DatabaseError>;

/// What is known by the last use.
#[derive(Default)]
pub(crate) struct Away {
    last: Mutex<Last>,
    trial: Mutex<Option<Trial>>,
    /// Who wants to know at once when a use fails.
    watcher: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

#[derive(Default)]
enum Last {
    #[default]
    Answered,
    /// Nothing was heard in time: it is slow, or away.
    Silent,
    /// Nobody was there, or nobody was let in.
    Failed(DatabaseError),
}

/// A try in the background, which goes on when nobody waits for it any more.
struct Trial {
    began: Instant,
    news: watch::Receiver<Option<Outcome>>,
}

impl Away {
    /// A use went well.
    pub(crate) fn answered(&self) {
        *self.last.lock() = Last::Answered;
    }

    /// A use went wrong. What says nothing of the database itself changes nothing.
    pub(crate) fn heard(&self, error: &DatabaseError) {
        let is_new = {
            let mut last = self.last.lock();
            let (was_well, had_failed) = (matches!(*last, Last::Answered), matches!(*last, Last::Failed(_)));
            match error {
                DatabaseError::Unreachable { .. }
                | DatabaseError::Refused { .. }
                | DatabaseError::NotEnsured { .. } => {
                    *last = Last::Failed(error.clone());
                    !had_failed
                }
                DatabaseError::TimedOut { .. } if was_well => {
                    *last = Last::Silent;
                    true
                }
                _ => false,
            }
        };
        if let Some(tell) = self.watcher.get().filter(|_| is_new) {
            tell();
        }
    }

    /// Has `tell` called when a use fails that comes after one that went well.
    pub(crate) fn watch(&self, tell: impl Fn() + Send + Sync + 'static) {
        // There is one client of a database, with one check.
        let _ = self.watcher.set(Box::new(tell));
    }

    /// Whether the last use went wrong.
    pub(crate) fn is_in_doubt(&self) -> bool {
        !matches!(*self.last.lock(), Last::Answered)
    }

    /// Whether something is worth asking. Of what has failed, the next try is waited for, for a moment: who asks is told soon.
    pub(crate) async fn has_a_chance(&self, tries: impl FnOnce() -> BoxFuture<'static, Outcome>) -> Outcome {
        let why = match &*self.last.lock() {
            Last::Failed(why) => why.clone(),
            Last::Answered | Last::Silent => return Ok(()),
        };
        let mut news = self.trial(Duration::ZERO, tries);
        let heard = timeout(SOON, async {
            let outcome = news.wait_for(Option::is_some).await.ok()?;
            (*outcome).clone()
        });
        heard.await.ok().flatten().unwrap_or(Err(why))
    }

    /// Tries it beside something that takes long. A driver may learn by it that this is waited for in vain.
    pub(crate) fn try_beside(&self, tries: impl FnOnce() -> BoxFuture<'static, Outcome>) {
        drop(self.trial(BESIDE, tries));
    }

    /// What comes of the try that is under way, or of a new one unless the last one began just now.
    fn trial(
        &self,
        just_now: Duration,
        tries: impl FnOnce() -> BoxFuture<'static, Outcome>,
    ) -> watch::Receiver<Option<Outcome>> {
        let mut trial = self.trial.lock();
        if let Some(Trial { began, news }) = &*trial
            && (news.has_changed().is_ok() || began.elapsed() < just_now)
        {
            return news.clone();
        }
        let (tell, news) = watch::channel(None);
        let tries = tries();
        spawn("database trial", async move {
            tell.send_replace(Some(tries.await));
        });
        *trial = Some(Trial { began: Instant::now(), news: news.clone() });
        news
    }
}
