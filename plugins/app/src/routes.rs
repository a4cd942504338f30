//! What is answered at `/` and at `/api/app`.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{OriginalUri, State},
    response::{IntoResponse, Response},
    routing::any,
};
use bytes::Bytes;
use greenroom::{
    errors::Error,
    http::{
        HttpError,
        finished::{Coding, OriginalMethod, is_fresh},
    },
    prelude::{Logger, warn},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};

use crate::{
    document::{Each, Finished},
    file::File,
    index::{Index, Lookup},
    kept::Kept,
    page::PageSource,
    path, redirect,
    send::{Asked, finished, not_modified, send},
};

/// Of files whose names change with what they hold.
const FORTNIGHT: HeaderValue = HeaderValue::from_static("public, max-age=1209600");
/// Of other files.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("public, max-age=0");
/// Of pages, whose scripts may be gone tomorrow.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store, max-age=0");

/// A bundle that is served.
pub(crate) struct Bundle {
    pub(crate) index: Index,
    pub(crate) page: PageSource,
    pub(crate) kept: Arc<Kept>,
    pub(crate) logger: Logger,
}

pub(crate) fn router(bundle: Bundle) -> Router {
    Router::new().route("/", any(serve)).route("/{*path}", any(serve)).with_state(Arc::new(bundle))
}

async fn serve(
    State(bundle): State<Arc<Bundle>>,
    method: OriginalMethod,
    OriginalUri(original): OriginalUri,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let asked = Asked::new(method, headers);
    let mut response = bundle.answer(&asked, &uri, &original).await;
    // Frames of others would show who is signed in.
    response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

impl Bundle {
    async fn answer(&self, asked: &Asked, uri: &Uri, original: &Uri) -> Response {
        let is_read = matches!(asked.method, Method::GET | Method::HEAD);
        if let Some(path) = below_static(uri.path()) {
            return match self.index.below_static(path) {
                Lookup::File(file) if is_read => self.file(&file, FORTNIGHT, asked).await,
                Lookup::Directory if is_read => redirect::with_slash(original),
                _ => nothing(),
            };
        }
        if is_read {
            match self.index.at(uri.path()) {
                Lookup::File(file) => {
                    let is_page = file.content_type.starts_with("text/html");
                    return self.file(&file, if is_page { NO_STORE } else { ASK_AGAIN }, asked).await;
                }
                Lookup::Directory => return redirect::with_slash(original),
                Lookup::Document => return self.page(asked).await,
                Lookup::Nothing => {}
            }
        }
        // Here Express decodes the path, whatever the method.
        if path::decoded(uri.path()).is_none() {
            let text = format!("Failed to decode param '{}'", &uri.path()[1..]);
            let error = Error::named("URIError", text).with("statusCode", 400).with("status", 400);
            return HttpError::from(error).into_response();
        }
        match asked.method {
            Method::GET | Method::HEAD => self.page(asked).await,
            Method::OPTIONS => options(),
            _ => nothing(),
        }
    }

    async fn file(&self, file: &Arc<File>, caching: HeaderValue, asked: &Asked) -> Response {
        match send(file, caching, &self.kept, asked).await {
            Ok(response) => response,
            Err(error) => {
                let name = &*file.name;
                warn!(self.logger, file = name, error = &error, "Cannot serve a file of the app: {error}");
                nothing()
            }
        }
    }

    async fn page(&self, asked: &Asked) -> Response {
        match &self.page {
            PageSource::AsBuilt(file) => self.file(file, NO_STORE, asked).await,
            PageSource::Rendered(page) => page.answer(asked),
        }
    }
}

/// A page that is rendered.
pub(crate) struct Rendered {
    headers: HeaderMap,
    body: RenderedBody,
}

enum RenderedBody {
    /// The same for all, with its encoded forms in the order of [`Coding::ALL`].
    Kept { identity: Bytes, encoded: [Bytes; 3] },
    /// With something for each answer.
    Made { html: String, each: Each },
}

/// The page's media type, in Node's spelling.
const HTML: &str = "text/html; charset=utf-8";

impl Rendered {
    pub(crate) fn new(page: Finished, policy: Option<HeaderValue>) -> std::io::Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
        headers.insert(header::CACHE_CONTROL, NO_STORE);
        headers.insert(header::ETAG, page.etag);
        if let Some(policy) = policy {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        let html = page.html;
        if let Some(each) = page.each {
            return Ok(Self { headers, body: RenderedBody::Made { html, each } });
        }
        let mut encoded = [const { Bytes::new() }; 3];
        for (coding, encoded) in Coding::ALL.into_iter().zip(&mut encoded) {
            *encoded = coding.encode(html.as_bytes())?.into();
        }
        Ok(Self { headers, body: RenderedBody::Kept { identity: html.into(), encoded } })
    }

    fn answer(&self, asked: &Asked) -> Response {
        if is_fresh(&asked.headers, &self.headers) {
            return not_modified(self.headers.clone());
        }
        let mut headers = self.headers.clone();
        let accepted = asked.headers.get(header::ACCEPT_ENCODING).filter(|_| !asked.is_head());
        let (body, coding) = self.body.encoded(accepted);
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        finished(StatusCode::OK, headers, if asked.is_head() { Body::empty() } else { body.into() })
    }
}

impl RenderedBody {
    fn encoded(&self, accepted: Option<&HeaderValue>) -> (Bytes, Option<Coding>) {
        let negotiate = |bytes: &[u8]| Coding::negotiate(accepted, HTML, bytes.len() as u64);
        match self {
            Self::Kept { identity, encoded } => {
                let coding = negotiate(identity);
                let at = coding.and_then(|coding| Coding::ALL.iter().position(|one| *one == coding));
                (at.map_or(identity, |at| &encoded[at]).clone(), coding)
            }
            Self::Made { html, each } => {
                let page = each.page(html);
                let encoded = negotiate(page.as_bytes())
                    .and_then(|coding| Some((coding.encode(page.as_bytes()).ok()?.into(), Some(coding))));
                encoded.unwrap_or_else(|| (page.into(), None))
            }
        }
    }
}

/// What is left of a path below `/static`, as Express mounts: in any case.
fn below_static(path: &str) -> Option<&str> {
    const MOUNT: &str = "/static";
    let (head, rest) = path.split_at_checked(MOUNT.len())?;
    let is_below = head.eq_ignore_ascii_case(MOUNT) && (rest.is_empty() || rest.starts_with('/'));
    is_below.then_some(rest)
}

fn nothing() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

fn options() -> Response {
    ([(header::ALLOW, "GET,HEAD"), (header::CONTENT_TYPE, HTML)], "GET,HEAD").into_response()
}
