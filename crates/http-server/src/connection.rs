//! One connection, from its first byte to its end.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use greenroom_errors::BoxError;
use http::{Request, Response, StatusCode};
use hyper::{
    body::Incoming,
    server::conn::http1::{Builder, UpgradeableConnection},
    service::{HttpService, service_fn},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::{Instant, Sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Arrival, Peer, RequestBody, Serve, Takeover,
    activity::{Activity, InFlight, Overdue},
    server::Shared,
    socket::Socket,
    takeover::Then,
};

/// As in Node; more is a 431.
const MAX_HEADER: usize = 16 * 1024;

/// What was sent before the listener closed has arrived after this time.
const ARRIVAL: Duration = Duration::from_millis(100);

/// A probe sends its header at once: nobody else may keep it from a place for long.
const PROBE: Duration = Duration::from_millis(250);

/// How long the rest of a header may take once the server drains.
const HEADER: Duration = Duration::from_secs(1);

/// Answers what comes on the stream, until either side has had enough.
pub(crate) async fn serve<S, T>(shared: Arc<Shared<S>>, stream: T, peer: Peer)
where
    S: Serve,
    T: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static,
{
    let (mut timeouts, limits) = (shared.settings.timeouts, shared.settings.limits);
    if peer.is_beyond_limit {
        timeouts.headers = PROBE;
    }
    let activity = Arc::new(Activity::new(timeouts));
    let (to, noted, carried) = (shared.clone(), activity.clone(), AtomicU32::new(0));
    let service = service_fn(move |request: Request<Incoming>| {
        let (shared, activity) = (to.clone(), noted.clone());
        let carried = carried.fetch_add(1, Relaxed) + 1;
        let in_flight = InFlight::begin(&activity, shared.open.token());
        let is_last = peer.is_beyond_limit || (limits.requests > 0 && carried >= limits.requests);
        let takeover = Takeover(activity.clone());
        let arrival = Arrival { peer, is_last, in_flight, takeover };
        // In a box: hyper keeps room for it as long as the connection is open, also while nothing is asked.
        Box::pin(async move {
            let request = request.map(|body| RequestBody::new(body, &timeouts));
            let response: Response<S::Body> = shared.service.serve(request, arrival).await;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                activity.upgrade();
            }
            Ok::<_, Infallible>(response)
        })
    });
    let mut http = Builder::new();
    http.max_header_size(MAX_HEADER);
    if let Some(headers) = limits.uncommon_headers() {
        http.max_headers(headers);
    }
    let socket = TokioIo::new(Socket::new(stream, activity.clone()));
    let mut watched =
        Watched { connection: http.serve_connection(socket, service).with_upgrades(), activity, alarm: None };
    let ended = tokio::select! {
        biased;
        ended = &mut watched => Some(ended),
        () = shared.draining.cancelled() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => last_request(&mut watched).await,
    };
    // In a box: a connection that is open needs no room for its end.
    Box::pin(end(ended, watched.connection, &shared.draining)).await;
}

/// Whatever is left to be done when HTTP has ended on a connection.
async fn end<S, T, B>(
    ended: End,
    connection: UpgradeableConnection<TokioIo<Socket<T>>, S>,
    draining: &CancellationToken,
) where
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<BoxError>,
    T: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static,
    B: http_body::Body + 'static,
    B::Error: Into<BoxError>,
{
    let answer: &[u8] = match ended {
        End::Closed | End::Overdue(Overdue::Connection) => return,
        End::Taken(then) => {
            if let Some(parts) = connection.into_parts() {
                let socket = parts.io.into_inner().unread(&parts.read_buf);
                draining.run_until_cancelled(then.go_on(Box::new(socket))).await;
            }
            return;
        }
        // As Node answers a header that does not arrive in time.
        End::Overdue(Overdue::Header) => b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n",
        End::Unwanted => b"",
    };
    if let Some(parts) = connection.into_parts() {
        let mut stream = parts.io.into_inner().into_stream();
        let _ = stream.write_all(answer).await;
        let _ = stream.shutdown().await;
    }
}

/// A request that is on its way when the server drains is answered. What is none is closed: at once where nothing has
/// come, soon where a header does not end.
async fn last_request<S, T, B>(watched: &mut Watched<S, T>) -> End
where
    Watched<S, T>: Future<Output = End> + Unpin,
    S: HttpService<Incoming, ResBody = B>,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: http_body::Body + 'static,
    B::Error: Into<BoxError>,
{
    for patience in [ARRIVAL, HEADER] {
        tokio::select! {
            biased;
            ended = &mut *watched => return ended,
            () = tokio::time::sleep(patience) => {}
        }
        if watched.activity.is_at_work() {
            Pin::new(&mut watched.connection).graceful_shutdown();
            return watched.await;
        }
        if !watched.activity.is_in_head() {
            break;
        }
    }
    End::Unwanted
}

/// How a connection ended.
#[derive(Debug)]
enum End {
    /// By either side, in order or not: what the peer did to it is no concern of the log's.
    Closed,
    Overdue(Overdue),
    /// It goes on without HTTP.
    Taken(Then),
    /// The server drains and nothing is at work.
    Unwanted,
}

/// A connection and the one timer that watches over all of its deadlines.
///
/// The timer is set for the earliest one that was known; when it rings early, the next one is looked up.
struct Watched<S: HttpService<Incoming>, T> {
    connection: UpgradeableConnection<TokioIo<Socket<T>>, S>,
    activity: Arc<Activity>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S, T, B> Future for Watched<S, T>
where
    S: HttpService<Incoming, ResBody = B> + Unpin,
    S::Error: Into<BoxError>,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: http_body::Body + 'static,
    B::Error: Into<BoxError>,
{
    type Output = End;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End> {
        let this = &mut *self;
        if Pin::new(&mut this.connection).poll(cx).is_ready() {
            return Poll::Ready(End::Closed);
        }
        if let Some(then) = this.activity.taken() {
            return Poll::Ready(End::Taken(then));
        }
        while let Some((deadline, why)) = this.activity.deadline() {
            let alarm = this.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            if deadline < alarm.deadline() {
                alarm.as_mut().reset(deadline);
            }
            if alarm.as_mut().poll(cx).is_pending() {
                break;
            }
            if deadline <= Instant::now() {
                return Poll::Ready(End::Overdue(why));
            }
            alarm.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}
