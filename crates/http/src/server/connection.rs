//! Accepting connections, and their end: idle ones after 5 s, all of them when the server drains.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{body::Body, response::Response};
use greenroom_context::{Context, spawn};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_util::task::TaskTracker;

use super::{body::Arriving, front::Front};

/// How long a header may take to arrive.
const HEADER: Duration = Duration::from_secs(10);
/// How long a kept connection may be idle: the 5 s that `Keep-Alive` says, and one for requests under way.
const IDLE: Duration = Duration::from_secs(6);
/// As in Node; more is a 431.
const MAX_HEADER: usize = 16 * 1024;

/// The open connections of one server.
#[derive(Clone)]
pub(crate) struct Connections {
    server: Arc<Front>,
    open: TaskTracker,
}

impl Connections {
    pub(crate) fn new(server: Arc<Front>, open: TaskTracker) -> Self {
        Self { server, open }
    }

    /// Accepts until the server drains.
    pub(crate) fn accept_on(&self, listener: TcpListener) {
        let (connections, draining) = (self.clone(), self.server.draining.clone());
        spawn("http server", async move {
            draining.run_until_cancelled(connections.accept(listener)).await;
        });
    }

    async fn accept(self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    // Small responses must not wait for an acknowledgement.
                    let _ = stream.set_nodelay(true);
                    self.open.spawn(Context::current().scope(serve(self.server.clone(), stream)));
                }
                // Out of descriptors, or the peer has left: others may still come.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Takes no new connections, closes idle ones, and waits for those at work.
    pub(crate) async fn drain(&self) {
        self.server.draining.cancel();
        self.open.close();
        self.open.wait().await;
    }
}

/// Requests at work on one connection, and the end of each.
#[derive(Default)]
struct Activity {
    running: AtomicUsize,
    ended: Notify,
}

async fn serve(server: Arc<Front>, stream: TcpStream) {
    let activity = Arc::new(Activity::default());
    let (front, noted) = (server.clone(), activity.clone());
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (front, noted) = (front.clone(), noted.clone());
        async move {
            let _work = Work::begin(noted);
            let request = request.map(|body| Body::new(Arriving::new(body)));
            Ok::<Response, Infallible>(front.serve(request).await)
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .max_header_size(MAX_HEADER)
        .max_headers(MAX_HEADERS);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = server.draining.cancelled() => {}
        () = idle(&activity) => {}
    }
    connection.as_mut().graceful_shutdown();
    // What the peer did to the connection is no concern of the log's.
    let _ = connection.await;
}

/// Node's limit is the size; this one only has to be out of the way.
const MAX_HEADERS: usize = 2000;

/// Resolves when no request has been at work for a while, once there has been one.
async fn idle(activity: &Activity) {
    loop {
        activity.ended.notified().await;
        while tokio::time::timeout(IDLE, activity.ended.notified()).await.is_ok() {}
        if activity.running.load(Relaxed) == 0 {
            return;
        }
    }
}

struct Work(Arc<Activity>);

impl Work {
    fn begin(activity: Arc<Activity>) -> Self {
        activity.running.fetch_add(1, Relaxed);
        Self(activity)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Relaxed);
        self.0.ended.notify_one();
    }
}
