//! The routes by axum, with the lines that Greenroom writes: formatted straight into a buffer that a thread writes out.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, MatchedPath, OriginalUri, Path, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use parking_lot::{Condvar, Mutex};
use serde_json::{Value, json};

use crate::named::Named;
use crate::plain::READY;

/// How long lines are gathered, as in Greenroom.
const GATHER: Duration = Duration::from_millis(2);
/// The longest body that a route takes.
const LONGEST: usize = 100 << 10;

/// Both routes, whose bodies become responses by `answer`.
pub(crate) fn axum(answer: fn(String, &Named) -> Response) -> io::Result<Router> {
    let lines = Arc::new(Lines::default());
    let (writer, of_readiness, of_results) = (lines.clone(), lines.clone(), lines);
    let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    #[expect(clippy::disallowed_methods, reason = "a floor has nothing of ours")]
    thread::Builder::new().spawn(move || writer.write_out(stdout))?;
    let readiness = async move |asked: Asked| {
        let response = answer(READY.to_owned(), &asked.named);
        of_readiness.access(&asked, READY.len(), "");
        response
    };
    let results = async move |Path(task): Path<String>, asked: Asked| {
        of_results.fetching(&task, &asked.named);
        let body = json!({"task": task, "status": "done"}).to_string();
        let length = body.len();
        let response = answer(body, &asked.named);
        of_results.access(&asked, length, "\"targetPlugin\":\"tasks\",");
        response
    };
    let plugin = Router::new().route("/task/{task}/results", get(results)).layer(from_fn(parse));
    Ok(Router::new().route("/.backstage/health/v1/readiness", get(readiness)).nest("/api/tasks", plugin))
}

/// What a line tells of a request.
#[derive(FromRequestParts)]
struct Asked {
    named: Named,
    method: Method,
    url: OriginalUri,
    route: MatchedPath,
}

/// The body of a request, which the plugin reads before any of its routes is looked for.
#[derive(Clone)]
struct Parsed(#[expect(dead_code, reason = "no route reads it")] Value);

async fn parse(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let read = match to_bytes(body, LONGEST).await {
        Ok(bytes) if bytes.is_empty() => Some(json!({})),
        Ok(bytes) => serde_json::from_slice(&bytes).ok(),
        Err(_) => None,
    };
    let Some(read) = read else { return StatusCode::BAD_REQUEST.into_response() };
    let mut request = Request::from_parts(parts, Body::empty());
    request.extensions_mut().insert(Parsed(read));
    next.run(request).await
}

/// Lines on their way out.
#[derive(Default)]
struct Lines {
    buffer: Mutex<String>,
    some: Condvar,
}

impl Lines {
    /// The line of a request. Nothing is escaped, nor the client told: wrk sends neither.
    fn access(&self, asked: &Asked, length: usize, plugin: &str) {
        let Asked { named, method, url: OriginalUri(url), route } = asked;
        let route = route.as_str();
        let date = jiff::Timestamp::now();
        let Named { id, trace, span, .. } = named;
        let took = named.milliseconds();
        self.push(format_args!(
            "{{\"contentLength\":{length},\"durationMs\":{took},\"httpVersion\":\"1.1\",\"level\":\"info\",\
             \"message\":\"\\\"{method} {url} HTTP/1.1\\\" 200 {length} \\\"-\\\" \\\"-\\\"\",\
             \"method\":\"{method}\",\"requestId\":\"{id}\",\"route\":\"{route}\",\"service\":\"rootHttpRouter\",\
             \"span_id\":\"{span}\",\"status\":200,{plugin}\"timestamp\":\"{date:.3}\",\"trace_flags\":\"00\",\
             \"trace_id\":\"{trace}\",\"type\":\"incomingRequest\",\"url\":\"{url}\"}}\n"
        ));
    }

    /// The line of the plugin.
    fn fetching(&self, task: &str, named: &Named) {
        let date = jiff::Timestamp::now();
        let Named { id, trace, span, .. } = named;
        self.push(format_args!(
            "{{\"level\":\"info\",\"message\":\"Fetching results\",\"plugin\":\"tasks\",\"requestId\":\"{id}\",\
             \"service\":\"backstage\",\"span_id\":\"{span}\",\"task\":\"{task}\",\"timestamp\":\"{date:.3}\",\
             \"trace_flags\":\"00\",\"trace_id\":\"{trace}\"}}\n"
        ));
    }

    fn push(&self, line: fmt::Arguments<'_>) {
        let mut buffer = self.buffer.lock();
        let first = buffer.is_empty();
        let _ = buffer.write_fmt(line);
        drop(buffer);
        if first {
            self.some.notify_one();
        }
    }

    fn write_out(&self, mut stdout: File) {
        let mut batch = String::new();
        loop {
            let mut buffer = self.buffer.lock();
            while buffer.is_empty() {
                self.some.wait(&mut buffer);
            }
            drop(buffer);
            thread::sleep(GATHER);
            batch.clear();
            std::mem::swap(&mut *self.buffer.lock(), &mut batch);
            if stdout.write_all(batch.as_bytes()).is_err() {
                return;
            }
        }
    }
}
