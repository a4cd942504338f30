//! The routes, by hyper alone and by axum alone. They write no line.

use std::convert::Infallible;
use std::io;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

pub(crate) const READY: &str = r#"{"status":"ok"}"#;
const DONE: &str = r#"{"task":"1","status":"done"}"#;
pub(crate) const JSON: &str = "application/json; charset=utf-8";

/// Serves both routes for ever.
pub(crate) async fn hyper(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let connection = http1::Builder::new()
            .pipeline_flush(true)
            .serve_connection(TokioIo::new(stream), service_fn(answer));
        #[expect(clippy::disallowed_methods, reason = "a floor: what tokio alone costs")]
        tokio::spawn(connection);
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = if request.uri().path().starts_with("/api/") { DONE } else { READY };
    Ok(json(Full::from(body)))
}

/// Both routes.
pub(crate) fn axum() -> Router {
    Router::new()
        .route("/.backstage/health/v1/readiness", get(async || json(Body::from(READY))))
        .route("/api/tasks/task/{task}/results", get(async |Path(task): Path<String>| json(done(&task))))
}

/// A task's results.
pub(crate) fn done(task: &str) -> Body {
    Body::from(format!(r#"{{"task":"{task}","status":"done"}}"#))
}

/// An answer of JSON.
pub(crate) fn json<B>(body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(JSON));
    response
}
