//! One call of `Client::run`: what is heard of its statements, and with what it ends.

use std::{
    future::Future,
    mem::take,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, SystemTime},
};

use greenroom_logging::{Carried, carrying};
use parking_lot::Mutex;
use tracing::{Instrument, Span};

use super::{ClientMetrics, Work};

/// A call under way. What it has asked ends with it.
pub(crate) struct Asked(Arc<Asking>);

/// The same for who hears the library.
pub(super) struct Asking {
    pub(super) client: Arc<ClientMetrics>,
    /// What has asked, if it is recorded.
    work: Option<Work>,
    heard: Mutex<Heard>,
}

/// A statement has failed if it was the last one of a call that failed: the library does not say it.
#[derive(Default)]
struct Heard {
    last: Option<Statement>,
    error: Option<String>,
    /// The call is over. What is heard now was its last statement: a thread of the driver's may be late.
    is_over: bool,
}

/// A statement that has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement {
    pub(super) operation: usize,
    pub(super) took: Duration,
    pub(super) ended: SystemTime,
    /// How many rows it has given.
    pub(super) rows: u64,
}

impl Asked {
    pub(crate) fn begin(client: &Arc<ClientMetrics>) -> Self {
        client.running.fetch_add(1, Relaxed);
        let (work, heard) = (client.traces.work(), Mutex::default());
        Self(Arc::new(Asking { client: client.clone(), work, heard }))
    }

    /// What is asked, so that it is known whose it is.
    pub(crate) fn within<F: Future>(of: Option<&Self>, asked: F) -> impl Future<Output = F::Output> {
        let span = of.map_or_else(Span::none, |asked| carrying(asked.0.clone() as Carried));
        asked.instrument(span)
    }

    /// The call fails; with what its last statement did, if it was that.
    pub(crate) fn fails(&self, error: Option<String>) {
        self.0.heard.lock().error = error;
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let Asking { client, work, heard } = &*self.0;
        client.running.fetch_sub(1, Relaxed);
        let (last, error) = {
            let mut heard = heard.lock();
            heard.is_over = true;
            (heard.last.take(), heard.error.clone())
        };
        if let Some(last) = last {
            client.ended(&last, work.as_ref(), error.as_deref());
        }
    }
}

impl Asking {
    /// A statement has ended.
    pub(super) fn hears(&self, statement: Statement) {
        let (ended, error) = {
            let mut heard = self.heard.lock();
            match heard.is_over {
                true => (Some(statement), take(&mut heard.error)),
                false => (heard.last.replace(statement), None),
            }
        };
        if let Some(ended) = ended {
            self.client.ended(&ended, self.work.as_ref(), error.as_deref());
        }
    }
}
