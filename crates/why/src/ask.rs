//! The requests of a run: few, bounded, read-only, to one origin, and each of them written down.

use std::time::Duration;

use greenroom_http_client::{Call, CallError, ClientEnvironment, Fault, HttpClient};
use greenroom_look::{Target, Token};
use greenroom_redact::Tokens;
use http::{HeaderMap, HeaderValue, header};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::words::said;

/// How a run names itself.
pub const USER_AGENT: &str = concat!("greenroom-why/", env!("CARGO_PKG_VERSION"));

/// How many requests a run makes at most.
pub(crate) const REQUESTS: usize = 15;

/// How long one may take.
const EACH: Duration = Duration::from_millis(2000);

/// How long all of them may take: a run answers in less than 5 s.
pub(crate) const TOTAL: Duration = Duration::from_millis(4500);

/// How long an answer may be.
const MOST: usize = 2 << 20;

/// A request that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The whole URL.
    pub url: String,
    /// Whether the token went along.
    pub with_token: bool,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Why there is none.
    pub error: Option<String>,
    /// From the first byte of the request to the last one of the answer.
    pub ms: u64,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) took: Duration,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.text).ok()
    }

    pub(crate) fn is_html(&self) -> bool {
        let says_so = self.header("content-type").is_some_and(|kind| kind.contains("html"));
        says_so || self.text.trim_start().get(..1) == Some("<")
    }

    /// Whether it is Greenroom's surface for operators, which asks for a token: the challenge is its own.
    pub(crate) fn is_greenrooms_challenge(&self) -> bool {
        self.header("www-authenticate") == Some("Bearer realm=\"greenroom\"")
    }

    /// The message of an error's body, as Backstage writes it, or of a health endpoint.
    pub(crate) fn message(&self) -> Option<String> {
        let body = self.json()?;
        let message = body["error"]["message"].as_str().or_else(|| body["message"].as_str())?;
        Some(message.to_owned())
    }
}

/// What came of a request.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// An answer.
    Answered(Reply),
    /// None, and why.
    Failed(CallError),
    /// It was not made: the bounds of a run were reached, or there was no reason to.
    Not,
}

impl Asked {
    pub(crate) fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Answered(reply) => Some(reply),
            Self::Failed(_) | Self::Not => None,
        }
    }

    pub(crate) fn with(&self, status: u16) -> Option<&Reply> {
        self.reply().filter(|reply| reply.status == status)
    }

    /// Whether it is Greenroom's surface for operators, which refuses who brings no token.
    pub(crate) fn is_closed_greenroom(&self) -> bool {
        self.with(401).is_some_and(Reply::is_greenrooms_challenge)
    }

    /// The document of an answer of 200.
    pub(crate) fn document(&self) -> Option<Value> {
        self.with(200)?.json()
    }

    /// Why it brings no document.
    pub(crate) fn why_untold(&self) -> String {
        match self {
            Self::Answered(reply) if reply.status == 200 => "it answers 200 without a document".to_owned(),
            Self::Answered(reply) => format!("it answers {}", reply.status),
            Self::Failed(error) => said(&error.to_string()),
            Self::Not => "there was no time left to ask".to_owned(),
        }
    }

    /// Whether it took the connection and gave no answer in time.
    pub(crate) fn hangs(&self) -> bool {
        use greenroom_http_client::Stage::{Answer, Body};
        matches!(self, Self::Failed(error) if matches!(error.fault(), Fault::Deadline { of: Answer | Body, .. }))
    }
}

/// What asks.
pub(crate) struct Asker {
    client: HttpClient,
    token: Option<Token>,
    mask: Tokens,
    began: Instant,
    made: Mutex<Vec<Request>>,
}

impl Asker {
    pub(crate) fn new(environment: ClientEnvironment, token: Option<Token>) -> Self {
        let client = HttpClient::builder(environment).connect_deadline(EACH).build();
        let mask = Tokens::of(token.as_ref().map(Token::text));
        Self { client, token, mask, began: Instant::now(), made: Mutex::default() }
    }

    /// So much of the time of a run was spent before.
    pub(crate) fn spent(mut self, time: Duration) -> Self {
        self.began = self.began.checked_sub(time).unwrap_or(self.began);
        self
    }

    pub(crate) fn left(&self) -> Duration {
        TOTAL.saturating_sub(self.began.elapsed())
    }

    pub(crate) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// How many more requests may be made.
    pub(crate) fn room(&self) -> usize {
        REQUESTS.saturating_sub(self.made.lock().len())
    }

    pub(crate) fn into_made(self) -> Vec<Request> {
        self.made.into_inner()
    }

    /// A text without the token, in whatever form it is repeated.
    pub(crate) fn masked(&self, text: &str) -> String {
        self.mask.text(text).into_owned()
    }

    /// Asks as anybody.
    pub(crate) async fn get(&self, target: &Target, path: &str) -> Asked {
        self.ask(&target.url(path), None).await
    }

    /// Asks with the token; not at all without one.
    pub(crate) async fn get_with_token(&self, target: &Target, path: &str) -> Asked {
        match &self.token {
            Some(token) => self.ask(&target.url(path), Some(token)).await,
            None => Asked::Not,
        }
    }

    async fn ask(&self, url: &str, token: Option<&Token>) -> Asked {
        let Ok(call) = Call::get(url) else { return Asked::Not };
        let at = {
            let mut made = self.made.lock();
            if made.len() >= REQUESTS || self.left().is_zero() {
                return Asked::Not;
            }
            made.push(Request {
                url: url.to_owned(),
                with_token: token.is_some(),
                status: None,
                error: None,
                ms: 0,
            });
            made.len() - 1
        };
        let mut call = call
            .at_most(MOST)
            .deadline(EACH.min(self.left()))
            .header(header::USER_AGENT, HeaderValue::from_static(USER_AGENT))
            .header(header::ACCEPT, HeaderValue::from_static("application/json, */*;q=0.5"));
        if let Some(token) = token {
            call = call.header(header::AUTHORIZATION, token.header());
        }
        let began = Instant::now();
        let told = self.client.send(call).await;
        let took = began.elapsed();
        let mut made = self.made.lock();
        let request = &mut made[at];
        request.ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match told {
            Err(error) => {
                request.error = Some(self.masked(&error.to_string()));
                Asked::Failed(error)
            }
            Ok(answer) => {
                let (parts, body) = answer.into_parts();
                request.status = Some(parts.status.as_u16());
                let text = self.masked(&String::from_utf8_lossy(&body));
                Asked::Answered(Reply { status: parts.status.as_u16(), headers: parts.headers, text, took })
            }
        }
    }
}
