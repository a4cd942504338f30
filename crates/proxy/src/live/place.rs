//! A request's place among those that are on their way.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::SystemTime,
};

use greenroom_context::{Request as Named, spawn};
use http::{Method, StatusCode, Uri};

use super::{Full, Kind, Live, Plugin};

/// A request's place, from its beginning to the end of its answer.
pub(crate) struct Place {
    pub(super) live: Arc<Live>,
    pub(super) plugin: Arc<Plugin>,
    pub(super) kind: Kind,
    /// How many of its plugin's came before.
    pub(super) number: u64,
    /// It was answered, or has failed: its client has not given it up.
    pub(super) has_end: AtomicBool,
}

impl Place {
    /// It is for that request.
    pub(crate) fn is_for(&self, uri: &Uri, named: &Named) {
        self.plugin.last_begun.begins(self.number, uri, named);
    }

    /// Whether it is a health check.
    pub(crate) fn is_probe(&self) -> bool {
        self.kind == Kind::Probe
    }

    /// Whether it is for a plugin that the server behind has, as far as answers have shown.
    pub(crate) fn is_plugins(&self) -> bool {
        self.plugin.is_found.load(Relaxed)
    }

    /// It turns out to be that.
    pub(crate) fn becomes(&mut self, kind: Kind, id: Option<&str>) -> Result<(), Full> {
        if self.moves(kind) {
            return Ok(());
        }
        self.live.room(kind).refuse(id.filter(|_| self.is_plugins()));
        Err(Full)
    }

    /// Its answer has ended, and the rest of its body goes on, unless too many do.
    pub(crate) fn goes_on(&mut self) -> Result<(), Full> {
        if self.moves(Kind::Upload) { Ok(()) } else { Err(Full) }
    }

    fn moves(&mut self, kind: Kind) -> bool {
        if !self.live.room(kind).take() {
            return false;
        }
        self.leave();
        self.plugin.now[kind as usize].fetch_add(1, Relaxed);
        self.kind = kind;
        true
    }

    /// Its plugin has answered so, or whoever answers where there is no plugin.
    pub(crate) fn answered(&self, method: &Method, status: StatusCode, request: &str) {
        self.plugin.answered(method, status, &self.live);
        self.ends();
        // Of a health check, 503 is an answer: it is not ready.
        let is_failure = self.kind != Kind::Probe || status != StatusCode::SERVICE_UNAVAILABLE;
        if status.is_server_error() && is_failure {
            self.failed(status.as_str(), request);
        }
    }

    /// Its plugin has failed.
    pub(crate) fn failed(&self, code: &str, request: &str) {
        self.ends();
        self.plugin.failures.fetch_add(1, Relaxed);
        *self.plugin.last_failure.lock() = Some((SystemTime::now(), code.to_owned(), request.to_owned()));
    }

    /// Its plugin has answered so, for that reason.
    pub(crate) fn refused(&self, status: StatusCode, reason: &'static str) {
        self.plugin.refusals.lock().note(status, reason);
    }

    /// The same, for a reason that is not known yet.
    pub(crate) fn refused_later(
        &self,
        status: StatusCode,
        reason: impl Future<Output = &'static str> + Send + 'static,
    ) {
        let plugin = self.plugin.clone();
        drop(spawn("why it was refused", async move {
            let reason = reason.await;
            plugin.refusals.lock().note(status, reason);
        }));
    }

    fn ends(&self) {
        // One task has it at a time.
        if !self.has_end.load(Relaxed) {
            self.has_end.store(true, Relaxed);
            self.plugin.recent.ends(self.number);
            self.plugin.last_begun.ends(self.number);
        }
    }

    fn leave(&self) {
        self.live.room(self.kind).leave();
        self.plugin.now[self.kind as usize].fetch_sub(1, Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
        if !*self.has_end.get_mut() {
            self.plugin.given_up.fetch_add(1, Relaxed);
            self.plugin.recent.ends(self.number);
            self.plugin.last_begun.ends(self.number);
        }
    }
}
