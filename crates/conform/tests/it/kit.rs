//! A server that answers as a small Backstage does, but for what a test plants.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use greenroom_conform::{Conform, Known, Origin, Pace, Report, Side, Unreachable};
use greenroom_http_client::{ClientEnvironment, HttpClient};
use tokio::net::TcpListener;

/// What is asked, and may be changed before it is answered.
pub(crate) type Plant = Arc<dyn Fn(&str, &mut Said) + Send + Sync>;

/// An answer before it is sent.
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Said {
    pub(crate) fn header(&mut self, name: &'static str, value: &str) {
        self.headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
}

/// A server, and what it was asked.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Mutex<Vec<(Method, String, HeaderMap)>>>,
}

impl Server {
    /// One that changes its answers so.
    pub(crate) async fn with(plant: impl Fn(&str, &mut Said) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(vec![]));
        let (noted, plant) = (seen.clone(), Arc::new(plant) as Plant);
        let asked = Arc::new(AtomicUsize::new(0));
        let router = Router::new().fallback(move |request: Request<Body>| {
            let (noted, plant, asked) = (noted.clone(), plant.clone(), asked.clone());
            async move {
                let (parts, _) = request.into_parts();
                let path = parts.uri.to_string();
                noted.lock().unwrap().push((parts.method.clone(), path.clone(), parts.headers));
                let number = asked.fetch_add(1, Ordering::Relaxed);
                let mut said = backstage(&path, address, number);
                plant(&path, &mut said);
                answer(said)
            }
        });
        let serving = async move { axum::serve(listener, router).await.unwrap() };
        drop(greenroom_context::spawn("planted server", serving));
        Self { address, seen }
    }

    /// One that changes nothing.
    pub(crate) async fn plain() -> Self {
        Self::with(|_, _| {}).await
    }

    pub(crate) fn side(&self) -> Side {
        Side { origin: Origin::parse(&format!("http://{}", self.address)).unwrap(), token: None }
    }
}

fn answer(mut said: Said) -> Response {
    // As Express does it: of the length and a hash of the content.
    let mut hasher = DefaultHasher::new();
    said.body.hash(&mut hasher);
    said.header("etag", &format!("W/\"{:x}-{:016x}\"", said.body.len(), hasher.finish()));
    (said.status, said.headers, said.body).into_response()
}

/// What changes by nature is another thing in each answer: ids, times, addresses, keys.
fn backstage(path: &str, address: SocketAddr, number: usize) -> Said {
    let id = format!("{:08x}-0000-4000-8000-{:012x}", u32::from(address.port()), number);
    let mut said = Said { status: StatusCode::OK, headers: HeaderMap::new(), body: String::new() };
    said.header("x-request-id", &id);
    said.header("content-security-policy", "default-src 'self'; script-src 'self'");
    said.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let page = path.split('?').next().unwrap_or_default();
    if page.ends_with("jwks.json") {
        said.body = format!(
            r#"{{"keys":[{{"kty":"EC","alg":"ES256","kid":"{id}","x":"x{number}","y":"y{number}"}}]}}"#
        );
    } else if page == "/" {
        said.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        said.body = format!(
            "<html><head><script src=\"/static/main.{:08x}.js\"></script>\n<script type=\"backstage.io/config\">\n\
             [{{\"data\":{{\"app\":{{\"title\":\"T\",\"baseUrl\":\"http://{address}\"}}}}}}]\n</script></head></html>",
            address.port()
        );
    } else if page.starts_with("/static/main.") {
        said.body = format!("console.log({})", address.port());
    } else if page.starts_with("/.backstage/health") {
        said.body = r#"{"status":"ok"}"#.to_owned();
    } else {
        said.status = StatusCode::NOT_FOUND;
        said.body = format!(
            r#"{{"error":{{"name":"NotFoundError","message":"nothing, logId={:016x}{number:04x}"}},"request":{{"url":"http://{address}/"}}}}"#,
            address.port()
        );
    }
    said
}

pub(crate) fn client() -> HttpClient {
    HttpClient::builder(ClientEnvironment::default()).build()
}

/// As fast as it goes.
pub(crate) fn conform(a: &Server, b: &Server) -> Conform {
    let pace = Pace { rate: 10_000, ..Pace::default() };
    Conform { pace, ..Conform::new(a.side(), b.side()) }
}

pub(crate) async fn compared(a: &Server, b: &Server, known: &str) -> Result<Report, Unreachable> {
    conform(a, b).run(&client(), Known::parse(known).unwrap()).await
}
