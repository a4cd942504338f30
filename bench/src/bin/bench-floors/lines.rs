//! The routes by axum, with the lines that Greenroom writes: formatted straight into a buffer that a thread writes out.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::Response;
use axum::routing::get;
use parking_lot::{Condvar, Mutex};

use crate::plain::{READY, done};

/// How long lines are gathered, as in Greenroom.
const GATHER: Duration = Duration::from_millis(2);

/// Both routes, whose bodies become responses by `json`.
pub(crate) fn axum(json: fn(Body) -> Response) -> io::Result<Router> {
    let lines = Arc::new(Lines::default());
    let (writer, of_readiness, of_results) = (lines.clone(), lines.clone(), lines);
    let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    #[expect(clippy::disallowed_methods, reason = "a floor has nothing of ours")]
    thread::Builder::new().spawn(move || writer.write_out(stdout))?;
    let readiness = async move |request: Request| {
        of_readiness.access(&request, READY.len());
        json(Body::from(READY))
    };
    let results = async move |Path(task): Path<String>, request: Request| {
        of_results.fetching(&task);
        let body = done(&task);
        of_results.access(&request, r#"{"task":"","status":"done"}"#.len() + task.len());
        json(body)
    };
    Ok(Router::new()
        .route("/.backstage/health/v1/readiness", get(readiness))
        .route("/api/tasks/task/{task}/results", get(results)))
}

/// Lines on their way out.
#[derive(Default)]
struct Lines {
    buffer: Mutex<String>,
    some: Condvar,
}

impl Lines {
    /// The line of a request. Nothing is escaped, nor the client told: wrk sends neither.
    fn access(&self, request: &Request, length: usize) {
        let (method, url) = (request.method(), request.uri());
        let date = jiff::Timestamp::now();
        self.push(format_args!(
            "{{\"contentLength\":{length},\"date\":\"{date:.3}\",\"httpVersion\":\"1.1\",\"level\":\"info\",\
             \"message\":\"[{date:.3}] \\\"{method} {url} HTTP/1.1\\\" 200 {length} \\\"-\\\" \\\"-\\\"\",\
             \"method\":\"{method}\",\"service\":\"rootHttpRouter\",\"status\":200,\"timestamp\":\"{date:.3}\",\
             \"type\":\"incomingRequest\",\"url\":\"{url}\"}}\n"
        ));
    }

    /// The line of the plugin.
    fn fetching(&self, task: &str) {
        let date = jiff::Timestamp::now();
        self.push(format_args!(
            "{{\"level\":\"info\",\"message\":\"Fetching results\",\"plugin\":\"tasks\",\"service\":\"backstage\",\
             \"task\":\"{task}\",\"timestamp\":\"{date:.3}\"}}\n"
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
