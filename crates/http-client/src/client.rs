//! The client that calls.

use std::{error::Error as StdError, future::Future, net::IpAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use greenroom_context::{BoxFuture, Context, spawn};
use greenroom_logging::{Logger, debug};
use http::{Method, Response, StatusCode, Version};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, rt::Executor};
use hyper_util::{
    client::legacy::{self, connect::capture_connection},
    rt::TokioTimer,
};
use tokio::time::{Instant, timeout};

use crate::{
    addresses::Reach,
    call::Call,
    connect::{Connector, Shared},
    error::{CallError, Fault, Part, Stage},
    headers,
    measured::{Measured, Told},
    service::HttpClientService,
    target::Target,
    turns::Turns,
};

/// How many bytes the header of an answer may have, as in Node.
pub(crate) const HEADER_LIMIT: usize = 16 * 1024;

/// How long a connection is kept for the next call: less than the 5 s that Node's servers keep one, so that few requests meet
/// a connection that is about to be closed.
const IDLE: Duration = Duration::from_secs(4);

/// How many connections are kept for one host and port.
const IDLE_CONNECTIONS: usize = 8;

/// What stands behind [`HttpClient`](crate::HttpClient) unless told otherwise.
pub(crate) struct Client {
    anywhere: Pool,
    /// Apart, so that no call gets a connection that it must not make.
    public: Pool,
    shared: Arc<Shared>,
    allowed: Vec<IpAddr>,
    logger: Logger,
    told: Told,
    turns: Turns,
}

type Pool = legacy::Client<Connector, Full<Bytes>>;

/// Lets connections work. They are no tasks of whoever made the call that opened them, and serve what calls at the very end.
#[derive(Clone)]
struct Connections;

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Connections {
    fn execute(&self, connection: F) {
        drop(Context::default().sync_scope(|| spawn("http client connection", connection)));
    }
}

impl Client {
    pub(crate) fn new(shared: Shared, allowed: Vec<IpAddr>, logger: Logger, told: Told) -> Self {
        let shared = Arc::new(shared);
        let pool = |reach| {
            legacy::Client::builder(Connections)
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .http1_max_buf_size(HEADER_LIMIT)
                .build(Connector::new(shared.clone(), reach))
        };
        let (anywhere, public) = (pool(Reach::Anywhere), pool(Reach::Public));
        Self { anywhere, public, shared, allowed, logger, told, turns: Turns::default() }
    }

    async fn answer(
        &self,
        call: Call,
        target: &Target,
        began: Instant,
        within: Context,
    ) -> Result<Response<Bytes>, Fault> {
        let Call { mut request, deadline, most, is_to_portal, is_public, is_for_status } = call;
        let left = || deadline.saturating_sub(began.elapsed());
        let late = |of| Fault::Deadline { of, limit: deadline };
        if request.method() == Method::CONNECT {
            return Err(Fault::Request("CONNECT opens a tunnel, which is no call"));
        }
        // What the operator allows is for URLs that the operator has chosen.
        let (reach, pool, allowed) = match is_public {
            true => (Reach::Public, &self.public, &[][..]),
            false => (Reach::Anywhere, &self.anywhere, &self.allowed[..]),
        };
        let literal = target.address().filter(|address| !allowed.contains(address));
        if let Some(refused) = literal.and_then(|address| reach.refuses(address)) {
            return Err(refused);
        }
        // Within a tunnel the proxy reads no headers.
        let proxy = self.shared.proxies.find(target)?.filter(|_| !target.is_https);
        let authorization = proxy.and_then(|proxy| proxy.authorization.as_ref());
        headers::complete(&mut request, is_to_portal, authorization, &within);
        drop(within);
        *request.version_mut() = Version::HTTP_11;

        let _turn = timeout(left(), self.turns.take(target)).await.map_err(|_| late(Stage::Turn))?;
        let mut request = request.map(Full::new);
        let connection = capture_connection(&mut request);
        let answer = match timeout(left(), pool.request(request)).await {
            Ok(answer) => answer.map_err(|error| fault(&error))?,
            Err(_) if connection.connection_metadata().is_none() => return Err(late(Stage::Connect)),
            Err(_) => return Err(late(Stage::Answer)),
        };
        if let Some(proxy) = proxy.filter(|_| answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED) {
            return Err(Fault::ProxyRefused { proxy: proxy.name(), status: answer.status().as_u16() });
        }
        let (parts, body) = answer.into_parts();
        let mut read = BytesMut::new();
        let end = timeout(left(), whole(body, most, &mut read)).await;
        match end.unwrap_or_else(|_| Err(late(Stage::Body))) {
            Err(fault) if !is_for_status => Err(fault),
            _ => Ok(Response::from_parts(parts, read.freeze())),
        }
    }

    /// One line: no path, no query, no header, because any of them may hold a secret.
    fn tell(
        &self,
        method: &Method,
        began: Instant,
        target: &Target,
        answer: &Result<Response<Bytes>, CallError>,
    ) {
        let (method, host) = (method.as_str(), target.name());
        let micros = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        let duration = f64::from(micros) / 1000.0;
        match answer {
            Ok(answer) => {
                let (status, length) = (answer.status().as_u16(), answer.body().len());
                debug!(
                    self.logger,
                    "type" = "outgoingRequest",
                    method = method,
                    host = &*host,
                    status = status,
                    "contentLength" = length,
                    "durationMs" = duration,
                    "{method} {host} {status}"
                );
            }
            Err(error) => debug!(
                self.logger,
                "type" = "outgoingRequest",
                method = method,
                host = &*host,
                "errorType" = error.kind(),
                reason = error.to_string(),
                "durationMs" = duration,
                "{method} {host} failed"
            ),
        }
    }
}

impl HttpClientService for Client {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, CallError>> {
        Box::pin(async move {
            let began = Instant::now();
            let (method, target) = (call.request.method().clone(), Target::of(call.request.uri())?);
            let measured = Measured::begin(&self.told, &call, &target);
            let answer = self
                .answer(call, &target, began, measured.context())
                .await
                .map_err(|fault| target.fail(fault));
            measured.end(&answer);
            self.tell(&method, began, &target, &answer);
            answer
        })
    }
}

/// What a call failed with before there was an answer.
fn fault(error: &legacy::Error) -> Fault {
    let source = error.source();
    if let Some(error) = source.and_then(|source| source.downcast_ref::<CallError>()) {
        return error.fault().clone();
    }
    match source.and_then(|source| source.downcast_ref()) {
        Some(error) => Fault::of_hyper(error, HEADER_LIMIT),
        None => Fault::Protocol(error.to_string()),
    }
}

/// Reads all of a body, if it has no more bytes than that.
async fn whole(mut body: Incoming, most: usize, whole: &mut BytesMut) -> Result<(), Fault> {
    let too_large = || Fault::TooLarge { what: Part::Body, limit: most };
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > most {
        return Err(too_large());
    }
    // What is announced may never come.
    whole.reserve(announced.min(HEADER_LIMIT));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Fault::of_hyper(&error, HEADER_LIMIT))?;
        // Trailers are of no use to anyone yet.
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > most - whole.len() {
            return Err(too_large());
        }
        whole.extend_from_slice(&data);
    }
    Ok(())
}
