//! The backend under test, once it runs.

use std::fmt;

use greenroom::{
    core::{
        Running, Service,
        boot::{BootReport, BootResult},
        scope,
    },
    errors::Error,
};
use http::Method;
use serde_json::Value;

use crate::{Captured, TestClient, TestRequest};

/// A backend that runs.
///
/// [`stop`](Self::stop) it to see its shutdown; one that is dropped instead ends with the test's runtime.
pub struct RunningTestBackend {
    pub(crate) running: Running,
    pub(crate) client: TestClient,
    pub(crate) lines: Captured,
}

impl RunningTestBackend {
    /// Where it listens: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        self.client.url()
    }

    /// A client of it, which may be kept while the backend stops.
    pub fn client(&self) -> TestClient {
        self.client
    }

    /// A request of any method.
    #[track_caller]
    pub fn request(&self, method: Method, path: &str) -> TestRequest {
        self.client.request(method, path)
    }

    /// A GET request, sent when awaited.
    #[track_caller]
    pub fn get(&self, path: &str) -> TestRequest {
        self.client.get(path)
    }

    /// A POST request without a body, sent when awaited.
    #[track_caller]
    pub fn post(&self, path: &str) -> TestRequest {
        self.client.post(path)
    }

    /// A POST request with a JSON body, sent when awaited.
    #[track_caller]
    pub fn post_json(&self, path: &str, body: &Value) -> TestRequest {
        self.client.post_json(path, body)
    }

    /// All lines logged so far.
    pub fn logs(&self) -> Vec<Value> {
        self.lines.all()
    }

    /// The first line that `wanted` accepts, of those so far and those to come.
    ///
    /// # Panics
    /// When none came within 10 s; the text holds all lines that did.
    pub async fn await_log(&self, wanted: impl Fn(&Value) -> bool + Send + Sync) -> Value {
        self.lines.wait_for(wanted).await
    }

    /// The lines themselves, which may be kept while the backend stops.
    pub fn captured(&self) -> Captured {
        self.lines.clone()
    }

    /// A root service of the backend.
    ///
    /// # Errors
    /// When it is not installed, or could not be made.
    pub async fn service<T: Service<Scope = scope::Root>>(&self) -> Result<T, Error> {
        self.running.service().await
    }

    /// How the start ended.
    pub fn result(&self) -> &BootResult {
        self.running.result()
    }

    /// What the start did, with times.
    pub fn report(&self) -> &BootReport {
        self.running.report()
    }

    /// Stops it as a signal would, and returns all lines that it logged in its life.
    pub async fn stop(self) -> Vec<Value> {
        self.running.stop().await;
        self.lines.all()
    }
}

impl fmt::Debug for RunningTestBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningTestBackend").field("url", &self.url()).finish_non_exhaustive()
    }
}
