//! One look for all pages that are open: twenty cost no more than one.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::Instant};

use super::{Now, Parts, page};
use crate::look::Errors;

/// For how long a look is as good as a new one.
const FRESH: Duration = Duration::from_secs(1);

/// The last look.
#[derive(Clone, Default)]
pub(crate) struct LastLook(Arc<Mutex<Option<Arc<Looked>>>>);

/// What was seen, as streams need it.
pub(super) struct Looked {
    at: Instant,
    /// The parts of this page, those of the frame among them.
    pub(super) page: Parts,
    /// The parts of the frame, which other pages have, too.
    pub(super) frame: Parts,
    pub(super) errors: Errors,
}

impl LastLook {
    pub(super) async fn looked(&self, now: &Now) -> Arc<Looked> {
        let mut last = self.0.lock().await;
        if let Some(looked) = &*last
            && looked.at.elapsed() < FRESH
        {
            return looked.clone();
        }
        let seen = now.look.now().await;
        let (_, mut page) = page::page(&seen, &now.look.services.config);
        let (mut frame, readiness) = (Parts::default(), now.frame.readiness().await);
        page.note("readiness", &readiness);
        frame.note("readiness", readiness);
        let looked = Arc::new(Looked { at: Instant::now(), page, frame, errors: seen.errors });
        *last = Some(looked.clone());
        looked
    }
}
