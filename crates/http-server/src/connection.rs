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
use http::{Request, header::EXPECT};
use hyper::{
    body::Incoming,
    server::conn::http1::{Builder, Connection},
    service::{HttpService, service_fn},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::{Instant, Sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Arrival, Peer, RequestBody, Serve, ServerSettings, Takeover,
    activity::{Activity, InFlight, Overdue},
    framing::Framing,
    places::Place,
    server::Shared,
    socket::Socket,
    takeover::TakeoverWork,
};

/// As large as hyper's buffer grows by itself.
const HTTP_BUFFER_BYTES: usize = 400 * 1024;

/// How long bytes may be on their way that were sent before the listener closed.
const DRAIN_TRANSIT_TIME: Duration = Duration::from_millis(100);

/// How long the rest of a header may take once the server drains.
const DRAIN_HEADER_TIMEOUT: Duration = Duration::from_secs(1);

/// Answers what comes on the stream, until either side has had enough.
// Not an `async fn`, which would hold what it is given twice, as long as the connection is open.
pub(crate) fn serve<S, T>(
    shared: Arc<Shared<S>>,
    stream: T,
    peer: Peer,
    place: Place,
) -> impl Future<Output = ()> + Send
where
    S: Serve,
    T: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static,
{
    let ServerSettings { limits, timeouts, .. } = shared.settings;
    let activity = Arc::new(Activity::new(timeouts, place));
    let (to, noted, carried) = (shared.clone(), activity.clone(), AtomicU32::new(0));
    let service = service_fn(move |request: Request<Incoming>| {
        let carried = carried.fetch_add(1, Relaxed) + 1;
        let in_flight = InFlight::begin(&noted, to.open.token());
        let is_last = peer.is_beyond_limit || (limits.requests > 0 && carried >= limits.requests);
        let takeover = Takeover(noted.clone());
        // A client that waits to be told to send its body gets its answer in place of that.
        let is_read_on = !is_last && !request.headers().contains_key(EXPECT);
        let (head, body) = request.into_parts();
        let (body, remainder) = RequestBody::new(body, &noted, is_read_on);
        let request = Request::from_parts(head, body);
        // Whatever the service keeps: what comes behind the request waits until it is known who is to read it.
        let undecided = in_flight.clone();
        let arrival = Arrival { peer, is_last, in_flight, remainder, takeover };
        let answer = to.service.serve(request, arrival);
        async {
            let answer = answer.await;
            drop(undecided);
            Ok::<_, Infallible>(answer)
        }
    });
    let mut http = Builder::new();
    let header_bytes = limits.header_bytes as usize;
    let longest_head = Framing::longest_head(header_bytes);
    http.max_header_size(longest_head);
    if longest_head > HTTP_BUFFER_BYTES {
        http.max_buf_size(longest_head);
    }
    if let Some(headers) = limits.uncommon_headers() {
        http.max_headers(headers);
    }
    let socket = TokioIo::new(Socket::new(stream, activity.clone(), header_bytes));
    let mut watched = Watched { connection: http.serve_connection(socket, service), activity, alarm: None };
    async move {
        let ended = tokio::select! {
            biased;
            ended = &mut watched => Some(ended),
            () = shared.draining.cancelled() => None,
        };
        // In boxes: a connection that is open needs no room for its end.
        let ended = match ended {
            Some(ended) => ended,
            None => Box::pin(last_request(&mut watched)).await,
        };
        Box::pin(end(ended, watched.connection, &shared.draining)).await;
    }
}

/// Whatever is left to be done when HTTP has ended on a connection.
async fn end<S, T, B>(ended: End, connection: Connection<TokioIo<Socket<T>>, S>, draining: &CancellationToken)
where
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<BoxError>,
    T: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static,
    B: http_body::Body + 'static,
    B::Error: Into<BoxError>,
{
    let answer: &[u8] = match ended {
        End::Closed | End::Overdue(Overdue::Idle) => return,
        End::Taken(then) => {
            let parts = connection.into_parts();
            let socket = parts.io.into_inner().unread(&parts.read_buf);
            then.go_on(Box::new(socket), draining).await;
            return;
        }
        // As Node answers a header that does not arrive in time.
        End::Overdue(Overdue::Header) => b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n",
        End::Unwanted => b"",
    };
    let mut stream = connection.into_parts().io.into_inner().into_stream();
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
}

/// After the drain begins, a request that is arriving is answered. A connection that has sent nothing is closed at once,
/// one that has sent half a header after a second.
async fn last_request<S, T, B>(watched: &mut Watched<S, T>) -> End
where
    Watched<S, T>: Future<Output = End> + Unpin,
    S: HttpService<Incoming, ResBody = B>,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: http_body::Body + 'static,
    B::Error: Into<BoxError>,
{
    for patience in [DRAIN_TRANSIT_TIME, DRAIN_HEADER_TIMEOUT] {
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
    Taken(TakeoverWork),
    /// The server drains and nothing is at work.
    Unwanted,
}

/// A connection and the one timer that watches over all of its deadlines.
///
/// The timer is set for the earliest one that was known; when it rings early, the next one is looked up.
struct Watched<S: HttpService<Incoming>, T> {
    connection: Connection<TokioIo<Socket<T>>, S>,
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
        let mut polled = Pin::new(&mut this.connection).poll(cx);
        let is_in_order = match &polled {
            Poll::Ready(Ok(())) => true,
            Poll::Ready(Err(error)) => error.is_parse(),
            Poll::Pending => false,
        };
        if is_in_order && !this.activity.has_sent_all() {
            // There was an upgrade that was refused: hyper stops once to leave the socket to whoever would have it, with what
            // is to be sent yet. From there on it ends as any other connection does.
            polled = Pin::new(&mut this.connection).poll(cx);
        }
        if polled.is_ready() {
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
