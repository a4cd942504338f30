//! A backend with something on its surface.

use axum::{
    Router,
    routing::{get, post},
};
use greenroom_core::{Plugin, plugin};
use greenroom_errors::Error;
use greenroom_http::HttpError;
use greenroom_ops::{Operator, Ops};
use greenroom_test::{RunningTestBackend, TestBackend, TestRequest, mock::OPS_TOKEN};
use http::Method;
use serde_json::{Value, json};

pub(crate) const SESSION: &str = "/.greenroom/v1/session";

/// What a config of these tests begins with: lines have all fields.
pub(crate) fn config(more: Value) -> Value {
    let mut config = json!({
        "backend": {"baseUrl": "https://portal.example.com:8443", "cors": {"origin": "http://localhost:3000", "credentials": true}},
        "app": {"baseUrl": "https://app.example.com"},
        "greenroom": {"logger": {"format": "backstage"}},
    });
    merge(&mut config, more);
    config
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}

/// A plugin that mounts one of each.
pub(crate) fn queue() -> Plugin {
    plugin("queue", |env| {
        env.register_init(async |ops: Ops| {
            let clear = ops.clone();
            let depth = get(async || axum::Json(json!({"depth": 7}))).delete(async || "gone");
            let away = async || HttpError::from(Error::service_unavailable("The queue is away"));
            let api = Router::new().route("/depth", depth.put(away)).route(
                "/{id}/clear",
                post(async move |operator: Operator| {
                    clear.audit(&operator, "queue.clear", "queue 7", "it was stuck");
                    axum::Json(json!({"by": operator.actor()}))
                }),
            );
            ops.mount_api("queue", api)?;
            ops.mount_pages(
                "queue",
                Router::new().route("/", get(async || axum::response::Html("<h1>7 wait.</h1>"))),
            )?;
            ops.mount_pages(
                "",
                Router::new().route("/", get(async || axum::response::Html("<h1>Ready.</h1>"))),
            )?;
            ops.files(
                Router::new().route("/queue.css", get(async || ([("cache-control", "max-age=60")], "h1{}"))),
            )
        });
    })
}

pub(crate) async fn start() -> RunningTestBackend {
    start_with(json!({})).await
}

pub(crate) async fn start_with(more: Value) -> RunningTestBackend {
    TestBackend::new().config(config(more)).add(queue()).start().await.unwrap()
}

/// A browser that has signed in.
pub(crate) struct Browser {
    pub(crate) cookie: String,
    pub(crate) csrf: String,
    pub(crate) origin: String,
}

impl Browser {
    pub(crate) async fn sign_in(backend: &RunningTestBackend) -> Self {
        Self::with(backend, &json!({"token": OPS_TOKEN})).await
    }

    pub(crate) async fn with(backend: &RunningTestBackend, what: &Value) -> Self {
        let signed_in = backend.post_json(SESSION, what).await;
        assert_eq!(signed_in.status, 204, "{}", signed_in.text());
        let set = signed_in.header("set-cookie").unwrap();
        let cookie = set.split(';').next().unwrap().to_owned();
        let mut browser = Self { cookie, csrf: String::new(), origin: backend.url() };
        let who = browser.sends(backend.get(SESSION)).await;
        browser.csrf = who.json()["csrfToken"].as_str().unwrap().to_owned();
        browser
    }

    /// With its cookie.
    pub(crate) fn sends(&self, request: TestRequest) -> TestRequest {
        request.header("cookie", &self.cookie)
    }

    /// As a page of its session changes something.
    pub(crate) fn changes(&self, request: TestRequest) -> TestRequest {
        let request = self.sends(request).json(&json!({}));
        request.header("origin", &self.origin).header("x-csrf-token", &self.csrf)
    }
}

/// A path of a template.
pub(crate) fn path(template: &str) -> String {
    let segments = template.split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// Every method of every route.
pub(crate) async fn requests(backend: &RunningTestBackend) -> Vec<(Method, String)> {
    let ops = backend.service::<Ops>().await.unwrap();
    let routes = ops.routes();
    for known in
        ["/.greenroom", "/.greenroom/v1/queue/depth", "/.greenroom/queue", "/.greenroom/v1/session/end"]
    {
        assert!(routes.iter().any(|route| route == known), "{known} is missing: {routes:?}");
    }
    let methods = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    let every = |route: &String| methods.clone().map(|method| (method, path(route)));
    routes.iter().flat_map(every).collect()
}

/// What everybody may ask for.
pub(crate) fn is_open(method: &Method, path: &str) -> bool {
    let is_for_all = path.starts_with("/.greenroom/assets/") || path == "/.greenroom/sign-in";
    (is_for_all && [Method::GET, Method::HEAD].contains(method))
        || (path == SESSION && *method == Method::POST)
}

pub(crate) fn is_change(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}
