//! What was fetched, once, as the checks read it. Nothing here calls.

use std::{fmt::Display, time::Duration};

use bytes::Bytes;
use greenroom_logging::visible;
use http::HeaderMap;
use serde_json::Value;

use crate::{page::Page, source_map::SourceMap, target::Target};

/// What came of one request.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// It was not sent, for this reason.
    Not(String),
    /// There was no whole answer.
    Failed(String),
    Answered(Reply),
}

impl Default for Asked {
    fn default() -> Self {
        Self::Not("it was not asked".to_owned())
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Answered(reply) => Some(reply),
            Self::Not(_) | Self::Failed(_) => None,
        }
    }

    pub(crate) fn status(&self) -> Option<u16> {
        self.reply().map(|reply| reply.status)
    }

    /// An answer of this status.
    pub(crate) fn with(&self, status: u16) -> Option<&Reply> {
        self.reply().filter(|reply| reply.status == status)
    }

    /// What came instead of a status.
    pub(crate) fn outcome(&self) -> String {
        match self {
            Self::Not(why) | Self::Failed(why) => why.clone(),
            Self::Answered(reply) => format!("status {}", reply.status),
        }
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(crate) fn is_html(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.trim_start().starts_with("text/html"))
    }

    /// The text of Backstage's error envelope.
    pub(crate) fn error_message(&self) -> Option<String> {
        let told = self.json()?;
        Some(told.pointer("/error/message")?.as_str()?.to_owned())
    }

    /// The ids in a set of public keys; `None` where it is none.
    pub(crate) fn key_ids(&self) -> Option<Vec<String>> {
        let keys = self.json()?;
        let keys = keys.get("keys")?.as_array()?;
        let mut ids: Vec<_> =
            keys.iter().filter_map(|key| Some(key.get("kid")?.as_str()?.to_owned())).collect();
        ids.sort();
        Some(ids)
    }
}

/// A script or a style sheet that the page names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asset {
    pub(crate) path: String,
    pub(crate) asked: Asked,
}

/// The map beside a script.
#[derive(Clone, Debug, Default)]
pub(crate) struct Map {
    pub(crate) path: String,
    /// Whether it is there.
    pub(crate) asked: Asked,
    /// What it holds, as far as it was read.
    pub(crate) content: Option<SourceMap>,
}

/// What a handshake has shown of the server's certificate and of the protocols that it speaks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tls {
    /// Seconds since 1970.
    pub(crate) not_after: i64,
    pub(crate) issuer: String,
    /// What was chosen of h2 and http/1.1.
    pub(crate) protocol: Option<String>,
}

/// What was asked with the operator's token.
#[derive(Clone, Debug, Default)]
pub(crate) struct WithToken {
    /// The token itself, which is read here and never shown.
    pub(crate) token: String,
    pub(crate) catalog: Asked,
    pub(crate) devtools: Asked,
    /// By plugin.
    pub(crate) tasks: Vec<(String, Asked)>,
}

/// What came of a stream that was held open.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    /// It was not asked for, or could not be; why.
    Not(String),
    /// For so long nothing came.
    Silent(Duration),
    /// It had begun, and was open after so long.
    Open(Duration),
    /// It was answered with this status, and had ended after so long.
    Ended(u16, Duration),
    /// It had begun, and was cut after so long.
    Cut(Duration),
}

impl Default for Held {
    fn default() -> Self {
        Self::Not("it was not asked".to_owned())
    }
}

/// The events of a task of the scaffolder.
#[derive(Clone, Debug)]
pub(crate) enum Stream {
    Not(String),
    /// Of one that has ended: its events come again.
    Replayed(Asked),
    /// Of one that runs.
    Running(Held),
}

impl Default for Stream {
    fn default() -> Self {
        Self::Not("it was not asked".to_owned())
    }
}

/// What was asked because the operator allowed more than looking.
#[derive(Clone, Debug, Default)]
pub(crate) struct Active {
    /// The answer to the announcement of a body of ten megabytes.
    pub(crate) large_body: Asked,
    /// Streams need a task, so a token: its event stream.
    pub(crate) event_stream: Stream,
    /// An event stream that says nothing.
    pub(crate) silence: Held,
}

/// All that was seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) target: Option<Target>,
    /// Seconds since 1970.
    pub(crate) now: i64,
    pub(crate) index: Asked,
    pub(crate) page: Option<Page>,
    pub(crate) readiness: Asked,
    /// Paths that probes are often pointed at.
    pub(crate) probes: Vec<(&'static str, Asked)>,
    pub(crate) openid: Asked,
    /// The public keys of plugins, by plugin.
    pub(crate) plugins: Vec<(&'static str, Asked)>,
    /// The refresh of sign-in providers, by provider.
    pub(crate) providers: Vec<(&'static str, Asked)>,
    /// The start of a sign-in: provider and answer.
    pub(crate) sign_in: Option<(String, Asked)>,
    pub(crate) signals_health: Asked,
    pub(crate) signals_socket: Asked,
    /// The catalog, asked without credentials by a page of a foreign origin.
    pub(crate) foreign_catalog: Asked,
    /// The same by a page of create-app's development server.
    pub(crate) localhost_catalog: Asked,
    pub(crate) assets: Vec<Asset>,
    pub(crate) maps: Vec<Map>,
    pub(crate) metrics: Asked,
    /// The metrics on OpenTelemetry's usual port, and the URL.
    pub(crate) metrics_port: (String, Asked),
    pub(crate) tls: Option<Result<Tls, String>>,
    /// Keys of users' tokens, each by a connection of its own.
    pub(crate) keys_again: Vec<Asked>,
    /// The index, each by a connection of its own.
    pub(crate) index_again: Vec<Asked>,
    pub(crate) token: Option<WithToken>,
    pub(crate) active: Option<Active>,
    /// What each answer has said of a rate limit.
    pub(crate) limits: Vec<RateLimit>,
    /// Whether an answer was 429, after which nothing more was asked.
    pub(crate) was_limited: bool,
    /// How many requests were sent.
    pub(crate) sent: usize,
}

/// Headers of a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLimit {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    /// When it begins anew.
    pub(crate) reset: u64,
}

impl RateLimit {
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
        Some(Self {
            limit: number("x-ratelimit-limit")?,
            remaining: number("x-ratelimit-remaining")?,
            reset: number("x-ratelimit-reset").unwrap_or_default(),
        })
    }
}

impl Seen {
    pub(crate) fn is_loopback(&self) -> bool {
        self.target.as_ref().is_some_and(|target| target.origin.is_loopback())
    }

    pub(crate) fn is_https(&self) -> bool {
        self.target.as_ref().is_some_and(|target| target.origin.is_https)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        self.target.as_ref().map(|target| target.url(path)).unwrap_or_default()
    }

    /// Those that are installed.
    pub(crate) fn installed(&self) -> impl Iterator<Item = &'static str> {
        let is_there = |asked: &Asked| asked.with(200).is_some_and(|reply| reply.key_ids().is_some());
        self.plugins.iter().filter(move |(_, asked)| is_there(asked)).map(|(id, _)| *id)
    }

    /// The policies that hold for the page: of the header and of the page itself.
    pub(crate) fn policies(&self) -> Vec<String> {
        let header = self.index.reply().into_iter().flat_map(|reply| {
            let found = reply.headers.get_all("content-security-policy").iter();
            found.filter_map(|value| value.to_str().ok().map(str::to_owned)).collect::<Vec<_>>()
        });
        let page = self.page.iter().flat_map(|page| page.policies.iter().cloned());
        header.chain(page).collect()
    }

    /// What the browser's config says, the last source first.
    pub(crate) fn config(&self, key: &str) -> Option<&Value> {
        self.page.as_ref()?.config(key)
    }

    pub(crate) fn config_text(&self, key: &str) -> Option<&str> {
        self.config(key)?.as_str()
    }
}

/// A text of a server or of a page as it may be shown: without credentials, as far as their form shows them, not long, on one line and
/// without orders for a terminal.
pub(crate) fn said(text: &str) -> String {
    const MOST: usize = 200;
    // First: of what is cut, nobody could tell any more what it was.
    let text = greenroom_redact::text(text);
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", visible(&text[..end])),
        None => visible(&text).into_owned(),
    }
}

/// A text as a shell takes it for one word, which it does of most URLs as they are.
pub(crate) fn quoted(text: &str) -> String {
    match text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/:.-_%+,@".contains(&byte)) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// How many, in words: `1 file`, `2 files`.
pub(crate) fn many<N: Display + PartialEq + From<u8>>(count: N, what: &str) -> String {
    let end = if count == N::from(1) { "" } else { "s" };
    format!("{count} {what}{end}")
}

/// Names, some of them written out: `a, b, c and 4 more`.
pub(crate) fn listed<T: AsRef<str>>(names: impl IntoIterator<Item = T>, most: usize) -> String {
    let mut names = names.into_iter();
    let first: Vec<String> = names.by_ref().take(most).map(|name| said(name.as_ref())).collect();
    match names.count() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_moves_no_cursor_and_is_not_long() {
        assert_eq!(said("a\x1b[2Jb\nc\u{9b}\u{202e}"), r"a\u001b[2Jb\nc\u009b\u202e");
        assert_eq!(said(&"é".repeat(201)), format!("{}…", "é".repeat(200)));
    }

    #[test]
    fn what_a_server_says_holds_no_credentials_not_even_a_part() {
        let told = said("connect postgres://me:pw@db/x failed: Bearer abcd1234, https://h/?token=abc");
        assert_eq!(told, "connect postgres://***@db/x failed: Bearer ***, https://h/?token=***");
        let jwt = format!("eyJhbGciOi.eyJzdWIi{}.c2ln", "a".repeat(10_000));
        assert_eq!(said(&format!("{}{jwt}", " ".repeat(190))), format!("{}***", " ".repeat(190)));
    }

    #[test]
    fn a_shell_takes_what_is_quoted_for_one_word() {
        assert_eq!(quoted("https://p.example:8443/a-b"), "https://p.example:8443/a-b");
        assert_eq!(
            quoted("https://p.example/x;curl$IFS'a'|sh"),
            r"'https://p.example/x;curl$IFS'\''a'\''|sh'"
        );
        assert_eq!(quoted(""), "");
    }

    #[test]
    fn one_is_told_as_one() {
        assert_eq!([0, 1, 2].map(|count| many(count, "file")), ["0 files", "1 file", "2 files"]);
    }

    #[test]
    fn of_many_names_some_are_written_out() {
        assert_eq!(listed(["a", "b", "c"], 2), "a, b and 1 more");
        assert_eq!(listed(["a", "b"], 2), "a, b");
    }
}
