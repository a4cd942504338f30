//! One request on its way to the server behind: which connection carries it, when it is sent again, and what of its answer goes
//! to the client.
//!
//! | | on a fresh connection | on one that was used before |
//! | --- | --- | --- |
//! | it never left | again, once | again, on a fresh one |
//! | it left, no byte came, GET, HEAD or OPTIONS without body | 502 | again, on a fresh one |
//! | it left, no byte came, anything else | 502 | 502 |
//! | a part of an answer came | 502 | 502 |
//!
//! The start that follows one which may have ended of a request is not sent it: nobody waits for a server that has broken off.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use axum::{body::Body, extract::Request};
use greenroom_context::{Context, Request as Named};
use greenroom_http::{Forwarded, Passage, Told, is_event_stream};
use http::{HeaderMap, Method, Response, StatusCode, Uri, header, uri::PathAndQuery};
use http_body::Body as _;
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;

use crate::{
    answer_body::{Guards, attach},
    connection::{Connection, NotAnswered},
    documents::Candidate,
    failure::{Failure, wants_page},
    live::{Kind, Place},
    measured::{ProxyMetrics, Sent},
    pool::Load,
    refusals::{Refusals, UNVERIFIED, reason},
    request_headers::{As, asks_for_websocket, rewrite},
    response_headers::{self, Malformed},
    shared::Shared,
    traced::Traced,
    tunnel::Tunnel,
    upload::Upload,
};

/// Asks the server behind.
pub(crate) async fn forward(shared: Arc<Shared>, request: Request, passage: Passage) -> Forwarded {
    let named = Context::current().request().cloned();
    let asked = Asked::by(&request);
    shared.tell_of_untrusted(request.headers(), passage.trusts_peer);
    let wants_page = asked.wants_page;
    let told = passage.told.clone();
    let failed = |failure: Failure| {
        told.set_gateway_error(failure.code());
        Forwarded::Answer(failure.response(wants_page))
    };
    let plugin = named.as_ref().and_then(Named::target_plugin).unwrap_or_default();
    let place = match () {
        () if passage.is_probe => shared.live.enter_probe(),
        () if passage.is_vital => shared.live.enter_vital(plugin),
        () => shared.live.enter(plugin, asked.may_stream),
    };
    let Ok(place) = place else {
        if shared.live.has_found(plugin) {
            told.set_plugin_known();
        }
        return failed(Failure::Overloaded);
    };
    if place.is_plugins() {
        told.set_plugin_known();
    }
    if let Some(named) = named.as_ref().filter(|_| !passage.is_probe) {
        place.is_for(request.uri(), named);
    }
    let is_looked_at =
        !passage.is_transparent && shared.look_who_asks(request.headers(), named.as_ref(), &told);
    // What stays for hours is no call.
    let spanned = named.as_ref().filter(|_| asked.goes_on != As::WebSocket);
    let span = Traced::begin(&shared.tracer, spanned, &passage, request.method(), request.uri());
    let sending = Sending { shared, asked, told: told.clone(), named, is_looked_at, place, span };
    sending.run(request, &passage).await.unwrap_or_else(failed)
}

/// What decides how a request is sent.
struct Asked {
    method: Method,
    goes_on: As,
    /// Sent twice, it does what it does once.
    may_be_repeated: bool,
    /// Its connection is taken for long, as a rule.
    may_stream: bool,
    /// It is nothing else than a stream or a tunnel: one that has not begun to be answered ends as the others do.
    is_stream: bool,
    wants_page: bool,
}

impl Asked {
    fn by(request: &Request) -> Self {
        let (headers, body) = (request.headers(), request.body());
        let has_body = !body.is_end_stream();
        let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let goes_on = if asks_for_websocket(request, has_body) {
            As::WebSocket
        } else if headers.contains_key(header::TRANSFER_ENCODING) {
            As::Chunked
        } else {
            As::Sized
        };
        let is_websocket = goes_on == As::WebSocket;
        let may_stream = is_websocket || wants_events(headers);
        Self {
            method: request.method().clone(),
            goes_on,
            may_be_repeated: is_safe && !has_body,
            may_stream,
            is_stream: is_websocket || (may_stream && *request.method() == Method::GET),
            wants_page: wants_page(headers),
        }
    }

    /// What it is for a connection that was used before; `None`: it gets one of its own.
    fn load(&self) -> Option<Load> {
        (!self.may_stream).then_some(if self.may_be_repeated { Load::Repeatable } else { Load::Once })
    }
}

/// One request on its way.
struct Sending {
    shared: Arc<Shared>,
    asked: Asked,
    told: Arc<Told>,
    named: Option<Named>,
    /// Somebody finds out who has sent it.
    is_looked_at: bool,
    place: Place,
    /// Where the request is recorded.
    span: Option<Traced>,
}

impl Sending {
    async fn run(self, request: Request, passage: &Passage) -> Result<Forwarded, Failure> {
        let (mut head, body) = request.into_parts();
        let within = self.span.as_ref().map(Traced::context);
        rewrite(&mut head, passage, self.named.as_ref(), within.as_ref(), self.asked.goes_on);
        drop(within);
        let may_be_changed = !passage.is_transparent && self.asked.goes_on != As::WebSocket;
        let candidate = may_be_changed
            .then(|| Candidate::of(&mut head, &self.shared.documents, self.shared.limits.html))
            .flatten();
        let (body, upload) = Upload::watch(body);
        let mut request = Box::new(http::Request::new(body));
        *request.method_mut() = head.method;
        *request.uri_mut() = origin_form(head.uri);
        *request.headers_mut() = head.headers;
        let (answer, connection) = {
            let asking = pin!(self.ask(request, &upload));
            if self.asked.is_stream {
                let answer = self.shared.availability.drained().run_until_cancelled(asking).await;
                answer.unwrap_or(Err(Failure::Stopping))?
            } else {
                asking.await?
            }
        };
        // In boxes, here and below: each request has room for what it waits for, and few wait for that.
        if self.asked.goes_on == As::WebSocket && answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Box::pin(self.tunnel(answer, connection)).await;
        }
        let shared = self.shared.clone();
        let answer = self.answer(answer, connection, upload)?;
        let Some(candidate) = candidate else { return Ok(Forwarded::Answer(answer)) };
        let (answer, outcome) = Box::pin(candidate.answer(answer)).await;
        shared.note_document(outcome);
        Ok(Forwarded::Answer(answer))
    }

    /// Sends the request until it has an answer, or must not be sent again.
    async fn ask(
        &self,
        mut request: Box<http::Request<Body>>,
        upload: &Upload,
    ) -> Result<(Response<Incoming>, Connection), Failure> {
        let begun = Instant::now();
        let mut load = self.asked.load();
        let mut may_come_back = true;
        let mut broken: Option<(CancellationToken, hyper::Error)> = None;
        loop {
            let idle = load.take().and_then(|load| self.shared.pool.take(load));
            let mut connection = match idle {
                Some(connection) => connection,
                None => {
                    // Who has broken off and is away has ended, of this very request perhaps: nothing is waited for then.
                    let connecting = Box::pin(self.shared.connect(begun, broken.is_none()));
                    match (connecting.await, &broken) {
                        (Ok(connection), _) => connection,
                        (Err(_), Some((_, error))) => return Err(self.unanswered(Failure::Broke, error)),
                        (Err(failure), None) => return Err(self.failed(failure)),
                    }
                }
            };
            // The server behind may have ended of this very request: the next start, whose end has not come, is spared it.
            let is_next =
                |start: &CancellationToken| start.is_cancelled() && !connection.start_ended.is_cancelled();
            if let Some((_, error)) = broken.take_if(|(start, _)| is_next(start)) {
                return Err(self.unanswered(Failure::Broke, &error));
            }
            let is_reused = connection.is_reused();
            let may_be_repeated = is_reused && self.asked.may_be_repeated;
            connection.begin(may_be_repeated);
            if let Some(span) = &self.span {
                span.sent(self.shared.availability.address());
            }
            let sent = Instant::now();
            let error = match connection.send(request).await {
                Ok(answer) => {
                    self.told.set_upstream(sent.elapsed());
                    return Ok((answer, connection));
                }
                Err(NotAnswered::Unsent(back, error)) => {
                    if is_reused || std::mem::take(&mut may_come_back) {
                        request = back;
                        continue;
                    }
                    error
                }
                Err(NotAnswered::Broke { error, has_begun: true }) => error,
                Err(NotAnswered::Broke { error, .. }) => match connection.again() {
                    Some(again) => {
                        self.measure(sent.elapsed(), |metrics, sent| metrics.failed(sent, Failure::Broke));
                        self.told.set_retried();
                        self.shared.retries.fetch_add(1, Relaxed);
                        broken = Some((connection.start_ended.clone(), error));
                        request = again;
                        continue;
                    }
                    None => error,
                },
            };
            let failure = match () {
                () if upload.has_failed() => Failure::Upload,
                () if error.is_parse() => Failure::Malformed,
                () => Failure::Broke,
            };
            self.measure(sent.elapsed(), |metrics, sent| metrics.failed(sent, failure));
            return Err(self.unanswered(failure, &error));
        }
    }

    /// Tells metrics of what was sent, and took so long to be answered, or not to be.
    fn measure(&self, took: Duration, tell: impl FnOnce(&ProxyMetrics, &Sent<'_>)) {
        let Some(metrics) = &self.shared.metrics else { return };
        let plugin = self.named.as_ref().and_then(Named::target_plugin);
        let plugin = plugin.filter(|_| self.place.is_plugins());
        let server = self.shared.availability.address().ip();
        tell(metrics, &Sent { plugin, method: &self.asked.method, server, took });
    }

    fn unanswered(&self, failure: Failure, error: &hyper::Error) -> Failure {
        self.shared.tell(failure, error);
        self.failed(failure)
    }

    /// The answer as it goes to the client.
    fn answer(
        mut self,
        answer: Response<Incoming>,
        mut connection: Connection,
        upload: Upload,
    ) -> Result<Response<Body>, Failure> {
        let (mut head, body) = answer.into_parts();
        response_headers::rewrite(&mut head, &self.asked.method).map_err(|why| self.malformed(why))?;
        self.answered(head.status);
        let kind = head.headers.get(header::CONTENT_TYPE);
        let is_stream = kind.is_some_and(|kind| is_event_stream(kind.as_bytes()));
        if is_stream {
            if let Some(span) = &self.span {
                // It ends as whoever reads it likes.
                span.is_whole();
            }
            self.becomes(Kind::Stream)?;
        } else if let Some(took) = self.told.upstream() {
            self.shared.latency.note(took);
        }
        if upload.goes_on() {
            connection.goes_on_alone();
        }
        // Streams share no connection with anything else: what Node's plugins do at a connection's end they do for each of them.
        let pool = (!is_stream && !self.asked.may_stream).then(|| self.shared.pool.clone());
        let until = is_stream.then(|| Box::pin(connection.start_ended.clone().cancelled_owned()));
        let guards = Guards { place: self.place, request: self.named, pool, upload, until, span: self.span };
        Ok(Response::from_parts(head, attach(body, connection, guards)))
    }

    /// The connection beyond HTTP.
    async fn tunnel(
        mut self,
        answer: Response<Incoming>,
        connection: Connection,
    ) -> Result<Forwarded, Failure> {
        let (mut head, _) = answer.into_parts();
        response_headers::rewrite_switch(&mut head).map_err(|why| self.malformed(why))?;
        self.answered(head.status);
        self.becomes(Kind::Tunnel)?;
        let until = connection.start_ended.clone().cancelled_owned();
        let Some((wire, unread)) = connection.into_stream().await else {
            return Err(self.failed(Failure::Broke));
        };
        if let Some(span) = &self.span {
            // It ends as it likes.
            span.is_whole();
        }
        let tunnel = Tunnel::new(wire, unread, until, (self.place, self.span));
        Ok(Forwarded::Tunnel(Response::from_parts(head, ()), Box::new(tunnel)))
    }

    /// Notes with what it was answered.
    fn answered(&self, status: StatusCode) {
        self.place.answered(&self.asked.method, status, self.id());
        // A probe has found out first.
        if self.place.is_probe()
            && status.is_success()
            && self.shared.readiness().is_some_and(|known| !known.is_ready())
        {
            self.shared.availability.look_again();
        }
        if self.place.is_plugins() {
            self.told.set_plugin_known();
        }
        if let Some(span) = &self.span {
            span.answered(status, self.place.is_plugins());
        }
        if let Some(took) = self.told.upstream() {
            self.measure(took, |metrics, sent| metrics.answered(sent, status));
        }
        if Refusals::is(status) {
            self.refused(status);
        }
    }

    /// Notes that it was refused for who asked.
    fn refused(&self, status: StatusCode) {
        match reason(&self.told, self.named.as_ref()) {
            Some(reason) => self.place.refused(status, reason),
            None if !self.is_looked_at => self.place.refused(status, UNVERIFIED),
            None => {
                let (told, named) = (self.told.clone(), self.named.clone());
                self.place.refused_later(status, async move {
                    told.asker_settled().await;
                    reason(&told, named.as_ref()).unwrap_or(UNVERIFIED)
                });
            }
        }
    }

    /// The request's id.
    fn id(&self) -> &str {
        self.named.as_ref().map(Named::id).unwrap_or_default()
    }

    fn malformed(&self, Malformed(why): Malformed) -> Failure {
        self.shared.tell(Failure::Malformed, why);
        self.failed(Failure::Malformed)
    }

    /// It turns out to be that, if there is a place for one more.
    fn becomes(&mut self, kind: Kind) -> Result<(), Failure> {
        let plugin = self.named.as_ref().and_then(Named::target_plugin);
        self.place.becomes(kind, plugin).map_err(|_| self.failed(Failure::Overloaded))
    }

    /// Notes it, unless the client is to blame.
    fn failed(&self, failure: Failure) -> Failure {
        if let Some(span) = &self.span {
            span.failed(failure);
        }
        if failure != Failure::Upload {
            self.place.failed(failure.code(), self.id());
        }
        failure
    }
}

/// The path and the query, byte for byte.
fn origin_form(uri: Uri) -> Uri {
    if uri.scheme().is_none() && uri.authority().is_none() {
        return uri;
    }
    let target = uri.into_parts().path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
    Uri::from(target)
}

fn wants_events(headers: &HeaderMap) -> bool {
    let kinds = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    kinds.flat_map(|value| value.split(',')).any(|kind| is_event_stream(kind.trim().as_bytes()))
}
