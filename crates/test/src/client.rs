//! Requests to the backend under test.
//!
//! One connection each, no redirects, no cookies, no headers but `Host` and what the test sets.

use std::{
    future::{Future, IntoFuture},
    io,
    net::SocketAddr,
    panic::Location,
    pin::Pin,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::mock_credentials::{self, MockCredentials};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Speaks to a backend; goes on to do so while it stops.
#[derive(Clone, Copy, Debug)]
pub struct TestClient {
    address: SocketAddr,
}

impl TestClient {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Where it sends to: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A request: `path` with its query, from the slash on. Nothing is sent before it is awaited.
    #[track_caller]
    pub fn request(&self, method: Method, path: &str) -> TestRequest {
        TestRequest {
            address: self.address,
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            place: Location::caller(),
        }
    }

    /// A GET request.
    #[track_caller]
    pub fn get(&self, path: &str) -> TestRequest {
        self.request(Method::GET, path)
    }

    /// A POST request without a body.
    #[track_caller]
    pub fn post(&self, path: &str) -> TestRequest {
        self.request(Method::POST, path)
    }

    /// A POST request with a JSON body.
    #[track_caller]
    pub fn post_json(&self, path: &str, body: &Value) -> TestRequest {
        self.post(path).json(body)
    }
}

/// A request, sent when awaited.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # use greenroom_test::TestBackend;
/// let backend = TestBackend::new().start().await.unwrap();
/// let probe = backend.get("/.backstage/health/v1/readiness").header("x-probe", "1").await;
/// assert_eq!(probe.json()["status"], "ok");
/// # }
/// ```
#[must_use = "a request is sent when it is awaited"]
#[derive(Clone, Debug)]
pub struct TestRequest {
    address: SocketAddr,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    place: &'static Location<'static>,
}

impl TestRequest {
    /// Sets a header.
    ///
    /// # Panics
    /// When name or value cannot be a header's.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => self.headers.insert(name, value),
            _ => panic!("'{name}: {value}' cannot be a header"),
        };
        self
    }

    /// Sends this token.
    #[track_caller]
    pub fn with_token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Comes from these mock credentials.
    #[track_caller]
    pub fn with_credentials(self, credentials: &MockCredentials) -> Self {
        self.header("authorization", &credentials.header())
    }

    /// Comes from nobody, instead of the backend's default mock user.
    #[track_caller]
    pub fn without_credentials(self) -> Self {
        self.with_credentials(&mock_credentials::none())
    }

    /// Sends a JSON body, and says so.
    pub fn json(mut self, body: &Value) -> Self {
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body(body.to_string())
    }

    /// Sends any body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it. Awaiting the request does the same and panics where this one fails.
    ///
    /// # Errors
    /// When the connection is refused or breaks, or after 30 s without a whole answer.
    pub async fn try_send(self) -> io::Result<TestResponse> {
        let address = self.address;
        let mut request = Request::builder().method(self.method).uri(self.path).body(Full::new(self.body));
        if let Ok(request) = &mut request {
            *request.headers_mut() = self.headers;
            let host = HeaderValue::try_from(address.to_string()).map_err(io::Error::other)?;
            request.headers_mut().entry(header::HOST).or_insert(host);
        }
        let request = request.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        match tokio::time::timeout(PATIENCE, exchange(address, request)).await {
            Ok(response) => response,
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no whole answer in time")),
        }
    }
}

impl IntoFuture for TestRequest {
    type Output = TestResponse;
    type IntoFuture = Pin<Box<dyn Future<Output = TestResponse> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let what = format!("{} {} ({})", self.method, self.path, self.place);
            self.try_send().await.unwrap_or_else(|error| panic!("{what}: {error}"))
        })
    }
}

async fn exchange(address: SocketAddr, request: Request<Full<Bytes>>) -> io::Result<TestResponse> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let answer = async move {
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok::<_, hyper::Error>(TestResponse { status: parts.status, headers: parts.headers, body })
    };
    // The connection does its work while it is polled; what it fails with, the answer fails with too.
    let (answer, _) = tokio::join!(answer, connection);
    answer.map_err(io::Error::other)
}

/// What the backend answered.
#[derive(Clone, Debug)]
pub struct TestResponse {
    /// Compares with numbers: `assert_eq!(response.status, 200)`.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it came.
    pub body: Bytes,
}

impl TestResponse {
    /// A header's value; `None` when absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none; the text holds the body.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("the body is not JSON ({error}): {} {}", self.status, self.text()),
        }
    }
}
