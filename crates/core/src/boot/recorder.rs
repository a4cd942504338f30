//! Times the steps of a start, and tells the observer once there is one.

use std::{
    future::Future,
    sync::{Arc, OnceLock},
    time::{Duration, Instant, SystemTime},
};

use parking_lot::Mutex;

use super::{BootEvent, BootObserver, Step, StepKind};
use crate::owner::Owner;

#[derive(Clone)]
pub(crate) struct Recorder(Arc<Inner>);

struct Inner {
    pub(crate) began_at: SystemTime,
    began: Instant,
    steps: Mutex<Vec<Step>>,
    observer: OnceLock<Arc<dyn BootObserver>>,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            began_at: SystemTime::now(),
            began: Instant::now(),
            steps: Mutex::default(),
            observer: OnceLock::new(),
        }))
    }

    /// Steps from now on are told to `observer`, those before it at once.
    pub(crate) fn tell(&self, observer: Arc<dyn BootObserver>) {
        for step in &*self.0.steps.lock() {
            observer.on(&BootEvent::StepDone(step));
        }
        let _ = self.0.observer.set(observer);
    }

    pub(crate) fn began_at(&self) -> SystemTime {
        self.0.began_at
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.began.elapsed()
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        self.0.steps.lock().clone()
    }

    pub(crate) async fn time<T, E>(
        &self,
        kind: StepKind,
        owner: Option<Owner>,
        name: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let began = self.elapsed();
        let result = work.await;
        self.done(kind, owner, name, began, result.is_ok());
        result
    }

    pub(crate) fn done(&self, kind: StepKind, owner: Option<Owner>, name: &str, began: Duration, ok: bool) {
        let took = self.elapsed().saturating_sub(began);
        let step = Step { kind, owner, name: name.to_owned(), began, took, ok };
        if let Some(observer) = self.0.observer.get() {
            observer.on(&BootEvent::StepDone(&step));
        }
        self.0.steps.lock().push(step);
    }
}
