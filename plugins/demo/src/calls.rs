//! The demo calls this backend as anybody does: over HTTP, with a header of credentials. What is shown is what came back.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use bytes::Bytes;
use greenroom::{
    data_dir::{DEMO_HEADER, DataDirectory},
    http::{LocalAddr, SELF_SIGNED_FILE},
    http_client::{Call, ClientEnvironment, HttpClient},
};
use http::{HeaderValue, Method, Request, StatusCode, header};
use serde_json::Value;

/// Longer than any button takes.
const DEADLINE: Duration = Duration::from_secs(10);
const MOST_ANSWER: usize = 64 * 1024;

/// Calls of this backend to itself.
#[derive(Clone)]
pub(crate) struct OwnCalls {
    client: HttpClient,
    /// `None` where it listens on no port.
    base: Option<String>,
    header_file: PathBuf,
}

/// A call, and what came of it.
pub(crate) struct Told {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) took: Duration,
    /// Status and body; or why there is no answer.
    pub(crate) answer: Result<(StatusCode, String), String>,
}

impl OwnCalls {
    pub(crate) fn new(address: &LocalAddr, is_encrypted: bool, data: &DataDirectory) -> Self {
        // No proxy of the environment: the way is not longer than this machine. A certificate that was made here is trusted.
        let own = data.path().join(SELF_SIGNED_FILE);
        let trusted = (is_encrypted && own.exists()).then_some(own);
        let environment = ClientEnvironment::from_variables(|name| {
            trusted.as_ref().filter(|_| name == "NODE_EXTRA_CA_CERTS").map(|file| file.into())
        });
        let base = address.tcp().map(|address| match is_encrypted {
            // The name that the certificate is for.
            true => format!("https://localhost:{}", address.port()),
            false => format!("http://{address}"),
        });
        let client = HttpClient::builder(environment).build();
        Self { client, base, header_file: data.path().join(DEMO_HEADER) }
    }

    pub(crate) async fn get(&self, path: &str) -> Told {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Option<&Value>) -> Told {
        self.send(Method::POST, path, body).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Told {
        let began = Instant::now();
        let answer = self.answer(&method, path, body).await;
        Told { method, path: path.to_owned(), took: began.elapsed(), answer }
    }

    async fn answer(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, String), String> {
        let base =
            self.base.as_ref().ok_or("The backend listens on a Unix socket, which the demo does not call")?;
        let mut request = Request::builder().method(method).uri(format!("{base}{path}"));
        if let Some(credentials) = self.credentials().await {
            request = request.header(header::AUTHORIZATION, credentials);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let request = request.body(body).map_err(|error| error.to_string())?;
        // Of this portal: its lines have the id of the request that pressed the button.
        let call = Call::from(request).to_portal().deadline(DEADLINE).at_most(MOST_ANSWER);
        let answer = self.client.send(call).await.map_err(|error| error.to_string())?;
        Ok((answer.status(), String::from_utf8_lossy(answer.body()).into_owned()))
    }

    /// The call as one types it in this directory.
    pub(crate) fn command(&self, told: &Told, working_dir: &Path) -> Option<String> {
        let base = self.base.as_deref()?;
        let credentials = match told.path.starts_with("/api/") {
            true => format!(" -H @{}", self.header_file(working_dir)),
            false => String::new(),
        };
        let method = if told.method == Method::GET { String::new() } else { format!(" -X {}", told.method) };
        Some(format!("curl{credentials}{method} {base}{}", told.path))
    }

    /// The file with the demo's credentials, as one names it in this directory.
    pub(crate) fn header_file(&self, working_dir: &Path) -> String {
        self.header_file.strip_prefix(working_dir).unwrap_or(&self.header_file).display().to_string()
    }

    /// The demo's own, as `curl -H @file` takes them; without the file the call is one of nobody, and is answered so.
    async fn credentials(&self) -> Option<HeaderValue> {
        let line = tokio::fs::read_to_string(&self.header_file).await.ok()?;
        let mut value = HeaderValue::try_from(line.trim_end().strip_prefix("Authorization: ")?).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}
