//! Recorded requests of browsers, and an intake that remembers what it gets.

use std::{collections::VecDeque, path::PathBuf, sync::Arc};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use greenroom_plugin_rum::{Forward, Outcome, Transport, rum};
use greenroom_test::{RunningTestBackend, TestBackend, TestRequest, TestResponse};
use http::{Method, StatusCode};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// What the recorded pages were set up with.
pub(crate) const ID: &str = "11111111-2222-4333-8444-555555555555";
pub(crate) const TOKEN: &str = "pub00000000000000000000000000000000";

/// Takes what it gets, or answers what it is told to.
#[derive(Clone, Default)]
pub(crate) struct FakeIntake {
    seen: Arc<Mutex<Vec<Forward>>>,
    answers: Arc<Mutex<VecDeque<Outcome>>>,
}

impl FakeIntake {
    pub(crate) fn seen(&self) -> Vec<Forward> {
        self.seen.lock().clone()
    }

    pub(crate) fn answers(&self, outcome: Outcome) {
        self.answers.lock().push_back(outcome);
    }
}

impl Transport for FakeIntake {
    fn send(&self, forward: Forward) -> BoxFuture<'_, Outcome> {
        self.seen.lock().push(forward);
        let answer = self.answers.lock().pop_front();
        Box::pin(async { answer.unwrap_or(Outcome::Answered(StatusCode::ACCEPTED)) })
    }
}

/// The config of a portal that forwards; `more` goes to `greenroom.rum`.
pub(crate) fn config(more: &Value) -> Value {
    let mut config = json!({
        "app": {
            "baseUrl": "http://127.0.0.1:17200",
            "datadogRum": {"clientToken": TOKEN, "applicationId": ID, "site": "datadoghq.eu"}
        },
        "greenroom": {"rum": {"mode": "forward"}},
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        config["greenroom"]["rum"][name] = value.clone();
    }
    config
}

/// A backend that forwards to the fake.
pub(crate) async fn forwarding(more: &Value) -> (RunningTestBackend, FakeIntake) {
    let intake = FakeIntake::default();
    let backend = TestBackend::new().config(config(more)).add(rum().transport(intake.clone()));
    (backend.start().await.unwrap(), intake)
}

/// A request that a browser has sent, as it was recorded.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) name: String,
    method: Method,
    pub(crate) url: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Recorded {
    pub(crate) fn named(name: &str) -> Self {
        let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
        let told: Value =
            serde_json::from_slice(&std::fs::read(dir.join(format!("{name}.json"))).unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let body =
            told.get("body").map(|body| std::fs::read(dir.join(text(body))).unwrap()).unwrap_or_default();
        let headers =
            told["headers"].as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value)));
        Self {
            name: name.to_owned(),
            method: text(&told["method"]).parse().unwrap(),
            // Some visits were recorded with a proxy at another path.
            url: text(&told["url"]).replacen(
                "/rum?",
                "/api/rum/intake?",
                usize::from(text(&told["url"]).starts_with("/rum?")),
            ),
            headers: headers.collect(),
            body: body.into(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same with another header, or without it.
    pub(crate) fn with(mut self, name: &str, value: Option<&str>) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        self
    }

    pub(crate) fn url(mut self, url: String) -> Self {
        self.url = url;
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it as a page of the portal would.
    pub(crate) async fn send(&self, backend: &RunningTestBackend) -> TestResponse {
        self.request(backend).await
    }

    pub(crate) fn request(&self, backend: &RunningTestBackend) -> TestRequest {
        let request =
            backend.request(self.method.clone(), &self.url).without_credentials().body(self.body.clone());
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }
}

/// All recorded requests of the track `rum`.
pub(crate) fn rum_requests() -> Vec<Recorded> {
    [
        "v7-string-proxy-001-rum",
        "v7-string-proxy-003-rum",
        "v7-string-proxy-009-rum",
        "v7-string-proxy-010-rum",
        "v7-deflate-004-rum",
        "v7-deflate-006-rum",
        "v7-deflate-long-002-rum",
        "v7-function-proxy-003-rum",
        "v6-string-proxy-003-rum",
        "v6-string-proxy-009-rum",
        "v5-string-proxy-002-rum",
        "v5-string-proxy-006-rum",
        "v5-string-proxy-008-rum",
    ]
    .map(Recorded::named)
    .to_vec()
}
