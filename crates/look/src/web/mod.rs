//! The requests: few, slow, bounded, only to the origin that was named and to port 9464 of its host (OpenTelemetry's metrics), and
//! each of them written down.

mod pace;
mod raw;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use greenroom_context::spawn_blocking;
use greenroom_http_client::{Call, CallError, Fault, HttpClient, Stage};
use http::{HeaderName, HeaderValue, Method, Request as HttpRequest, Response, header};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use crate::{
    look::{Look, Token},
    mask::Mask,
    seen::{Asked, Held, RateLimit, Reply, Tls},
    target::{Origin, Target},
};
use pace::Pace;

/// How the run names itself.
pub const USER_AGENT: &str = concat!("greenroom-look/", env!("CARGO_PKG_VERSION"));

/// How many requests are under way at a time.
const AT_ONCE: usize = 4;

/// How long an answer may be, unless said otherwise.
const MOST: usize = 1 << 20;

/// A longer body is gone through on another thread than the one that keeps the time.
const LONG: usize = 64 * 1024;

/// A request that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Whether the operator's token went along.
    pub with_token: bool,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Why there is none.
    pub error: Option<String>,
    /// How long its body was, as it came.
    pub bytes: usize,
    /// From the first byte of the request to the last one of the answer.
    pub ms: u64,
}

/// One to be made.
#[derive(Debug)]
pub(crate) struct Ask {
    method: Method,
    url: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    most: usize,
    with_token: bool,
    /// By a connection of its own.
    is_fresh: bool,
    /// Of the body only its length is kept.
    is_length_only: bool,
}

impl Ask {
    pub(crate) fn get(url: impl Into<String>) -> Self {
        let url = url.into();
        Self {
            method: Method::GET,
            url,
            headers: vec![],
            most: MOST,
            with_token: false,
            is_fresh: false,
            is_length_only: false,
        }
    }

    pub(crate) fn head(url: impl Into<String>) -> Self {
        Self { method: Method::HEAD, ..Self::get(url) }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((HeaderName::from_static(name), HeaderValue::from_static(value)));
        self
    }

    pub(crate) fn at_most(mut self, bytes: usize) -> Self {
        self.most = bytes;
        self
    }

    pub(crate) fn with_token(mut self) -> Self {
        self.with_token = true;
        self
    }

    pub(crate) fn fresh(mut self) -> Self {
        self.is_fresh = true;
        self
    }

    /// Keeps of the body its length as it came, in the answer's `Content-Length`.
    pub(crate) fn length_only(mut self) -> Self {
        self.is_length_only = true;
        self
    }
}

#[derive(Debug, Default)]
struct Book {
    made: Vec<Request>,
    limits: Vec<RateLimit>,
    /// Why nothing more is asked.
    stopped: Option<String>,
    was_limited: bool,
}

/// What a request is written down as, when it began, and what came.
type Sent = (usize, Instant, Result<Response<Bytes>, CallError>);

/// What asks.
pub(crate) struct Web<'a> {
    look: &'a Look,
    mask: Mask,
    client: HttpClient,
    pace: tokio::sync::Mutex<Pace>,
    gate: Semaphore,
    began: Instant,
    book: Mutex<Book>,
}

impl<'a> Web<'a> {
    pub(crate) fn new(look: &'a Look) -> Self {
        Self {
            look,
            mask: Mask::of(look.token.as_ref().map(Token::text)),
            client: Self::client(look),
            pace: tokio::sync::Mutex::new(Pace::new(look.limits.per_second)),
            gate: Semaphore::new(AT_ONCE),
            began: Instant::now(),
            book: Mutex::default(),
        }
    }

    fn client(look: &Look) -> HttpClient {
        HttpClient::builder(look.environment.clone()).connect_deadline(look.limits.each).build()
    }

    fn left(&self) -> Duration {
        self.look.limits.total.saturating_sub(self.began.elapsed())
    }

    /// Does on another thread what takes long if a server wants it to; `None` once the time of the run is over.
    pub(crate) async fn work<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Option<R> {
        timeout(self.left(), spawn_blocking("look", work)).await.ok()?.ok()
    }

    /// Waits for a turn and writes the request down; what it is written down as, or why it is not made.
    async fn begin(&self, method: &Method, url: &str, with_token: bool) -> Result<usize, String> {
        let mut pace = self.pace.lock().await;
        self.may_ask()?;
        pace.turn().await;
        self.may_ask()?;
        let mut book = self.book.lock();
        book.made.push(Request {
            method: method.to_string(),
            url: url.to_owned(),
            with_token,
            status: None,
            error: None,
            bytes: 0,
            ms: 0,
        });
        Ok(book.made.len() - 1)
    }

    fn may_ask(&self) -> Result<(), String> {
        let book = self.book.lock();
        if let Some(why) = &book.stopped {
            return Err(why.clone());
        }
        if book.made.len() >= self.look.limits.requests {
            return Err(format!("the {} requests of a run were used up", self.look.limits.requests));
        }
        if self.left().is_zero() {
            return Err(format!("the {} s of a run were over", self.look.limits.total.as_secs()));
        }
        Ok(())
    }

    fn end(&self, at: usize, began: Instant, told: Result<Reply, String>) -> Asked {
        let mut book = self.book.lock();
        let took = began.elapsed();
        let request = &mut book.made[at];
        request.ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match told {
            Err(why) => {
                let why = self.mask.text(&why);
                request.error = Some(why.clone());
                Asked::Failed(why)
            }
            Ok(reply) => {
                (request.status, request.bytes) = (Some(reply.status), reply.body.len());
                book.limits.extend(RateLimit::of(&reply.headers));
                if reply.status == 429 {
                    book.was_limited = true;
                    book.stopped = Some("the server had answered 429, and nothing more was asked".to_owned());
                }
                Asked::Answered(reply)
            }
        }
    }

    /// Makes an ordinary request.
    pub(crate) async fn ask(&self, ask: Ask) -> Asked {
        let is_length_only = ask.is_length_only;
        let (at, began, answer) = match self.send(ask, None).await {
            Ok(sent) => sent,
            Err(why) => return Asked::Not(why),
        };
        let told = answer.map_err(|error| error.to_string()).map(reply);
        match self.end(at, began, told) {
            Asked::Answered(reply) if is_length_only => self.masked(bodiless(reply)).await,
            Asked::Answered(reply) => self.masked(reply).await,
            other => other,
        }
    }

    /// Holds a stream open for so long, also beyond the time of a run; of what it says nothing is kept.
    pub(crate) async fn hold(&self, ask: Ask, limit: Duration) -> Held {
        let (at, began, answer) = match self.send(ask, Some(limit)).await {
            Ok(sent) => sent,
            Err(why) => return Held::Not(why),
        };
        let took = began.elapsed();
        let (held, told) = match answer {
            Ok(answer) => (Held::Ended(answer.status().as_u16(), took), Ok(reply(answer))),
            Err(error) => {
                let held = match error.fault() {
                    Fault::Deadline { of: Stage::Answer, .. } => Held::Silent(took),
                    Fault::Deadline { of: Stage::Body, .. } | Fault::TooLarge { .. } => Held::Open(took),
                    Fault::ClosedEarly => Held::Cut(took),
                    _ => Held::Not(self.mask.text(&error.to_string())),
                };
                (held, Err(error.to_string()))
            }
        };
        self.end(at, began, told);
        held
    }

    /// How long an ordinary request may take.
    pub(crate) fn shortest(&self) -> Duration {
        self.look.limits.each.min(self.left())
    }

    /// How long a stream that says nothing is held open.
    pub(crate) fn longest_silence(&self) -> Duration {
        self.look.limits.silence
    }

    /// Sends a request: what it is written down as, when it began, what came; or why it was not sent.
    async fn send(&self, ask: Ask, limit: Option<Duration>) -> Result<Sent, String> {
        let _permit = self.gate.acquire().await.map_err(|_| "it was not asked".to_owned())?;
        let token = self.look.token.as_ref().filter(|_| ask.with_token);
        // Whoever builds the URL: a token goes to no other origin.
        let is_ours = Origin::of(&ask.url).is_some_and(|origin| origin == self.look.target.origin);
        if token.is_some() && !is_ours {
            return Err("a token goes to no other origin".to_owned());
        }
        let bearer = token.map(Token::header);
        let request = HttpRequest::builder().method(ask.method.clone()).uri(&ask.url).body(Bytes::new());
        let request = request.map_err(|_| "its path can be in no URL".to_owned())?;
        let at = self.begin(&ask.method, &ask.url, bearer.is_some()).await?;
        let mut call = Call::from(request)
            .at_most(ask.most)
            .deadline(limit.unwrap_or_else(|| self.shortest()))
            .header(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        for (name, value) in
            ask.headers.into_iter().chain(bearer.map(|bearer| (header::AUTHORIZATION, bearer)))
        {
            call = call.header(name, value);
        }
        let began = Instant::now();
        let answer = match ask.is_fresh {
            true => Self::client(self.look).send(call).await,
            false => self.client.send(call).await,
        };
        Ok((at, began, answer))
    }

    /// An answer as all others get it: without the token, wherever the server has repeated it.
    async fn masked(&self, reply: Reply) -> Asked {
        if reply.body.len() < LONG {
            return Asked::Answered(self.mask.reply(reply));
        }
        let mask = self.mask.clone();
        match self.work(move || mask.reply(reply)).await {
            Some(reply) => Asked::Answered(reply),
            None => Asked::Failed("its answer was not read before the time of the run was over".to_owned()),
        }
    }

    /// Asks for a WebSocket, without credentials; it is closed at once.
    pub(crate) async fn upgrade(&self, target: &Target, path: &str) -> Asked {
        let key = STANDARD.encode(fastrand::u128(..).to_be_bytes());
        let fields = format!(
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nOrigin: {}\r\n",
            target.origin
        );
        self.raw(target, path, &fields).await
    }

    /// Says that a body of so many bytes would follow, and does not send it.
    pub(crate) async fn announce(&self, target: &Target, path: &str, bytes: usize) -> Asked {
        let fields = format!("Content-Length: {bytes}\r\nExpect: 100-continue\r\nConnection: close\r\n");
        self.raw(target, path, &fields).await
    }

    async fn raw(&self, target: &Target, path: &str, fields: &str) -> Asked {
        let Ok(_permit) = self.gate.acquire().await else {
            return Asked::default();
        };
        let at = match self.begin(&Method::GET, &target.url(path), false).await {
            Ok(at) => at,
            Err(why) => return Asked::Not(why),
        };
        let head = format!(
            "GET {}{path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {USER_AGENT}\r\n{fields}\r\n",
            target.base,
            target.origin.authority()
        );
        let (began, limit) = (Instant::now(), self.look.limits.each.min(self.left()));
        let told = timeout(limit, raw::exchange(&target.origin, &head)).await;
        let told = told.unwrap_or_else(|_| Err(format!("there was no answer within {} s", limit.as_secs())));
        match self.end(at, began, told) {
            Asked::Answered(reply) => self.masked(reply).await,
            other => other,
        }
    }

    /// The server's certificate and protocols; no request.
    pub(crate) async fn tls(&self) -> Option<Result<Tls, String>> {
        if !self.look.target.origin.is_https {
            return None;
        }
        let limit = self.look.limits.each.min(self.left());
        let told = timeout(limit, raw::handshake(&self.look.target.origin)).await;
        let told =
            told.unwrap_or_else(|_| Err(format!("there was no handshake within {} s", limit.as_secs())));
        // A certificate, too, says what its server likes.
        let told = told.map(|tls| Tls { issuer: self.mask.text(&tls.issuer), ..tls });
        Some(told.map_err(|why| self.mask.text(&why)))
    }

    /// What was made, and what the answers have said of limits.
    pub(crate) fn into_made(self) -> (Vec<Request>, Vec<RateLimit>, bool) {
        let book = self.book.into_inner();
        (book.made, book.limits, book.was_limited)
    }
}

fn reply(answer: Response<Bytes>) -> Reply {
    let (parts, body) = answer.into_parts();
    Reply { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// What is left of an answer of which only the length counts.
fn bodiless(mut reply: Reply) -> Reply {
    reply.headers.insert(header::CONTENT_LENGTH, reply.body.len().into());
    Reply { body: Bytes::new(), ..reply }
}
