//! Recorded requests of browsers, and an intake that remembers what it gets.

use std::{
    collections::VecDeque,
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use greenroom::{
    core::ServiceFactory,
    http_client::{Call, CallError, Fault},
};
use greenroom_plugin_app::app;
use greenroom_plugin_rum::{rum, rum_page};
use greenroom_test::{RunningTestBackend, TestBackend, TestRequest, TestResponse, mock};
use http::{HeaderMap, Method, Response, StatusCode};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// What the recorded pages were set up with.
pub(crate) const ID: &str = "11111111-2222-4333-8444-555555555555";
pub(crate) const TOKEN: &str = "pub00000000000000000000000000000000";

/// A request that has left.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Takes what it gets, or answers what it is told to.
#[derive(Clone, Default)]
pub(crate) struct FakeIntake {
    seen: Arc<Mutex<Vec<Seen>>>,
    answers: Arc<Mutex<VecDeque<Result<StatusCode, Fault>>>>,
}

impl FakeIntake {
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().clone()
    }

    pub(crate) fn answers(&self, outcome: Result<StatusCode, Fault>) {
        self.answers.lock().push_back(outcome);
    }

    /// What calls out in the backend's place.
    pub(crate) fn client(&self) -> ServiceFactory {
        let intake = self.clone();
        mock::http_client(move |call| intake.answer(call))
    }

    fn answer(&self, call: &Call) -> Result<Response<Bytes>, CallError> {
        let request = call.request();
        assert_eq!(request.method(), Method::POST);
        let (url, headers, body) =
            (request.uri().to_string(), request.headers().clone(), request.body().clone());
        self.seen.lock().push(Seen { url, headers, body });
        let answer = self.answers.lock().pop_front().unwrap_or(Ok(StatusCode::ACCEPTED));
        let status = answer.map_err(|fault| CallError::new("browser-intake-datadoghq.eu:443", fault))?;
        let mut answer = Response::default();
        *answer.status_mut() = status;
        Ok(answer)
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
    let backend = TestBackend::new().config(config(more)).add(rum()).add(intake.client());
    (backend.start().await.unwrap(), intake)
}

/// The page of a bundle, before anything is added.
pub(crate) const TEMPLATE: &str =
    "<html><head><title>Portal</title><script src=\"/static/main.js\"></script></head></html>";

/// A portal with a bundle of this template, beside which `dir` holds what else the config names.
pub(crate) async fn portal(dir: &Path, template: &str, mut config: Value) -> RunningTestBackend {
    let dist = dir.join("dist");
    fs::create_dir_all(&dist).unwrap();
    fs::write(dist.join("index.html.tmpl"), template).unwrap();
    fs::write(dist.join(".config-schema.json"), r#"{"backstageConfigSchemaVersion": 1, "schemas": []}"#)
        .unwrap();
    config["greenroom"]["app"] = json!({"dist": dist});
    config["greenroom"]["dataDir"] = json!(dir);
    TestBackend::new().config(config).add(app()).add(rum()).add(rum_page()).start().await.unwrap()
}

/// The URLs of the scripts that are loaded by the page of the portal, but for those of the bundle.
pub(crate) async fn scripts(portal: &RunningTestBackend) -> Vec<String> {
    let page = portal.get("/").without_credentials().await.text();
    let urls = page.split("<script src=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    urls.filter(|url| !url.starts_with("/static/")).collect()
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

    /// The same from a page whose URL tells nothing: those of the recordings tell what the SDK was started with.
    pub(crate) fn of_a_harmless_page(self) -> Self {
        let body = match self.url.contains("deflate") {
            false => without_cfg(&self.body).into(),
            true => {
                let mut inflated = vec![];
                ZlibDecoder::new(&*self.body).read_to_end(&mut inflated).unwrap();
                let mut deflated = ZlibEncoder::new(vec![], Compression::default());
                deflated.write_all(&without_cfg(&inflated)).unwrap();
                deflated.finish().unwrap().into()
            }
        };
        Self { body, ..self }
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

fn without_cfg(text: &[u8]) -> Vec<u8> {
    let cfg = regex::Regex::new("cfg=[^\"&]*").unwrap();
    cfg.replace_all(std::str::from_utf8(text).unwrap(), "cfg=1").into_owned().into_bytes()
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
