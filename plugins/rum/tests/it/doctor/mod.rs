//! The doctor beside backends, under names that lead to them.

mod gateway;
mod reach;
mod running;

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;
use greenroom::{
    config::RootConfig,
    http_client::{BoxFuture, Call, CallError, ClientEnvironment, Fault, HttpClientService},
    prelude::*,
};
use greenroom_plugin_rum::{Diagnosis, Examination, PlannedStart};
use greenroom_test::{RunningTestBackend, mock_credentials};
use http::{Method, Response, header};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::support::{ID, TEMPLATE, TOKEN, portal};

/// Calls names of a portal at a backend under test, and Datadog nowhere.
#[derive(Clone)]
struct Names {
    real: HttpClient,
    backend: Option<Arc<str>>,
    intake: Result<(), Fault>,
    /// Of preflights, what the answer lacks.
    lacks: Option<&'static str>,
    /// Hosts that were sent a token.
    trusted: Arc<Mutex<Vec<String>>>,
}

impl Names {
    fn new(backend: Option<&RunningTestBackend>) -> Self {
        let backend = backend.map(|backend| backend.url().trim_end_matches('/').into());
        let real = HttpClient::builder(ClientEnvironment::default()).build();
        Self { real, backend, intake: Ok(()), lacks: None, trusted: Arc::default() }
    }
}

impl HttpClientService for Names {
    fn send(&self, mut call: Call) -> BoxFuture<'_, Result<Response<Bytes>, CallError>> {
        Box::pin(async move {
            let uri = call.request().uri().clone();
            if uri.host().is_some_and(|host| host.starts_with("browser-intake")) {
                assert_eq!(call.request().method(), Method::HEAD, "nothing is sent to Datadog");
                let answer = self.intake.clone().map(|()| Response::default());
                return answer.map_err(|fault| CallError::new("browser-intake-datadoghq.eu:443", fault));
            }
            if call.request().headers().contains_key(header::AUTHORIZATION) {
                self.trusted.lock().push(uri.host().unwrap_or_default().to_owned());
            }
            let is_preflight = call.request().method() == Method::OPTIONS;
            if let (Some(backend), true) =
                (&self.backend, uri.host().is_some_and(|host| host.ends_with(".example")))
            {
                let url = format!("{backend}{}", uri.path_and_query().map_or("/", |path| path.as_str()));
                let (mut parts, body) = call.request().clone().into_parts();
                parts.uri = url.parse().unwrap();
                call = Call::from(http::Request::from_parts(parts, body));
            }
            let mut answer = self.real.send(call).await?;
            if let Some(name) = self.lacks.filter(|_| is_preflight) {
                answer.headers_mut().remove(name);
            }
            Ok(answer)
        })
    }
}

async fn told(config: &Value, dir: &Path, url: Option<&str>, token: Option<&str>, names: Names) -> Diagnosis {
    let config = RootConfig::from_json(config.clone()).unwrap();
    let client = HttpClient::new(names);
    let (config, start, data_dir) = (Ok(Some(&config)), &PlannedStart::default(), Some(dir));
    Examination { config, start, data_dir, url, token, client: &client }.examine().await
}

fn lay_out(dir: &Path) {
    let sdk = dir.join("sdk");
    fs::create_dir_all(&sdk).unwrap();
    fs::write(sdk.join("datadog-rum.js"), "main").unwrap();
}

/// With the SDK that is laid out there.
fn config(dir: &Path, rum: &Value) -> Value {
    let mut rum = rum.clone();
    rum["sdk"] = json!(dir.join("sdk"));
    json!({
        "app": {"datadogRum": {"clientToken": TOKEN, "applicationId": ID, "site": "datadoghq.eu"}},
        "greenroom": {"dataDir": dir, "rum": rum},
    })
}

/// A portal whose page and backend have a name each.
async fn of_two_origins(dir: &Path) -> (Value, RunningTestBackend) {
    lay_out(dir);
    let mut config = config(dir, &json!({}));
    config["app"]["baseUrl"] = "https://portal.example".into();
    config["backend"] =
        json!({"baseUrl": "https://api.example", "cors": {"origin": "https://portal.example"}});
    let portal = portal(dir, TEMPLATE, config.clone()).await;
    (config, portal)
}

fn service_token() -> String {
    mock_credentials::service().for_plugin("rum").token().to_owned()
}
