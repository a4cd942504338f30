//! What clients ask for, and what may come of it.

use std::time::Duration;

use crate::{
    exchange::{Reading, Request, Upload},
    outcome::Outcome,
};

/// A kind of request.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Small,
    Long { bytes: u64, is_chunked: bool },
    Store { bytes: u64, is_chunked: bool },
    Mirror { bytes: u64 },
    Wait { ms: u64 },
    Events { count: u64, ms: u64 },
    Socket { turns: u64, ms: u64 },
    SlowReader { seconds: u64, finishes: bool },
    SlowWriter { bytes: u64 },
    SlowHead,
    LargeHead { bytes: u64 },
    // Of which no good comes.
    HugeHead { bytes: u64 },
    HugeRequest { bytes: usize },
    Reset { bytes: u64, is_chunked: bool },
    Silent,
    Rubbish,
}

/// How long an answer may take that nobody delays on purpose: a stopped or blocked Node, and the wait for one that starts.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);
/// Of a slow reader: more than the system takes over for it.
const SLOW_BYTES: u64 = 6 << 20;

impl Kind {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Small => "GET, small",
            Self::Long { .. } => "GET, up to 2 MB",
            Self::Store { .. } => "POST, up to 4 MB",
            Self::Mirror { .. } => "POST, sent back as it comes",
            Self::Wait { .. } => "GET, answered later",
            Self::Events { .. } => "event stream",
            Self::Socket { .. } => "WebSocket",
            Self::SlowReader { finishes: false, .. } => "reader of 1 B/s, leaves",
            Self::SlowReader { finishes: true, .. } => "reader of 1 B/s, then quick",
            Self::SlowWriter { .. } => "writer of 1 B/s",
            Self::SlowHead => "head of 1 B/s",
            Self::LargeHead { .. } => "answer, head of up to 48 kB",
            Self::HugeHead { .. } => "answer, head of 1 MB",
            Self::HugeRequest { .. } => "request, head of 20 to 60 kB",
            Self::Reset { .. } => "Node resets in mid-body",
            Self::Silent => "Node closes without a word",
            Self::Rubbish => "Node answers rubbish",
        }
    }

    /// What is sent.
    pub(crate) fn request(&self, nonce: &str) -> Request {
        let chunked = |is_chunked: &bool| if *is_chunked { "?chunked=1" } else { "" };
        let get = |path: String| Request {
            head: format!("GET /api/endure/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            ..Request::default()
        };
        let post = |path: &str, length: u64, is_chunked: bool, pause: u64| Request {
            head: format!(
                "POST /api/endure/{path}/{nonce} HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n",
                if is_chunked {
                    "Transfer-Encoding: chunked".to_owned()
                } else {
                    format!("Content-Length: {length}")
                }
            ),
            upload: Some(Upload {
                length,
                is_chunked,
                pause: Duration::from_secs(pause),
                leaves_after: None,
            }),
            ..Request::default()
        };
        match self {
            Self::Small => get(format!("echo/{nonce}")),
            Self::Long { bytes, is_chunked } => get(format!("lines/{nonce}/{bytes}{}", chunked(is_chunked))),
            Self::Store { bytes, is_chunked } => post("store", *bytes, *is_chunked, 0),
            Self::Mirror { bytes } => post("mirror", *bytes, true, 0),
            Self::Wait { ms } => get(format!("wait/{nonce}/{ms}")),
            Self::Events { count, ms } => Request {
                head: format!(
                    "GET /api/endure/events/{nonce}/{count}/{ms} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
                ),
                ..Request::default()
            },
            Self::Socket { .. } => Request {
                head: format!(
                    "GET /raw/echo?{nonce} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                ),
                ..Request::default()
            },
            Self::SlowReader { .. } => get(format!("lines/{nonce}/{SLOW_BYTES}")),
            Self::SlowWriter { bytes } => post("store", *bytes, false, 1),
            Self::SlowHead => Request { head_pause: Duration::from_secs(1), ..get(format!("echo/{nonce}")) },
            Self::LargeHead { bytes } | Self::HugeHead { bytes } => {
                get(format!("large-head/{nonce}/{bytes}"))
            }
            Self::HugeRequest { bytes } => Request {
                head: format!(
                    "GET /api/endure/echo/{nonce} HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\n\r\n",
                    "x".repeat(*bytes)
                ),
                ..Request::default()
            },
            Self::Reset { bytes, is_chunked } => get(format!("reset/{nonce}/{bytes}{}", chunked(is_chunked))),
            Self::Silent => get(format!("silent/{nonce}")),
            Self::Rubbish => get(format!("rubbish/{nonce}")),
        }
    }

    /// How its answer is read.
    pub(crate) fn reading(&self) -> Reading {
        let is_lines = matches!(
            self,
            Self::Long { .. } | Self::Mirror { .. } | Self::SlowReader { .. } | Self::Reset { .. }
        );
        match self {
            Self::SlowReader { seconds, finishes } => Reading {
                is_lines,
                slow_for: Duration::from_secs(*seconds),
                leaves_after: (!finishes).then_some(*seconds),
            },
            _ => Reading { is_lines, ..Reading::default() },
        }
    }

    /// How long it may take in all.
    pub(crate) fn patience(&self) -> Duration {
        PATIENCE
            + match self {
                Self::Wait { ms } => Duration::from_millis(*ms),
                Self::Events { count, ms } => Duration::from_millis(count * ms),
                // Each turn has its own.
                Self::Socket { turns, ms } => Duration::from_millis(turns * ms) + PATIENCE * *turns as u32,
                Self::SlowReader { seconds, .. } => Duration::from_secs(*seconds),
                Self::SlowWriter { bytes } => Duration::from_secs(*bytes),
                _ => Duration::ZERO,
            }
    }

    /// How many bytes lines as an answer have.
    pub(crate) fn answer_length(&self) -> Option<u64> {
        match self {
            Self::Long { bytes, .. } | Self::Mirror { bytes } => Some(*bytes),
            Self::SlowReader { .. } => Some(SLOW_BYTES),
            _ => None,
        }
    }

    /// Whether this is what is to come of it, when Node is there all the time.
    pub(crate) fn wants(&self, outcome: &Outcome) -> bool {
        match self {
            Self::SlowReader { finishes: false, .. } => *outcome == Outcome::Left,
            Self::SlowHead => outcome.is_ours(408, ""),
            Self::HugeRequest { .. } => outcome.is_ours(431, ""),
            Self::HugeHead { .. } | Self::Rubbish => outcome.is_ours(502, "upstream_malformed"),
            Self::Silent => outcome.is_ours(502, "upstream_broke"),
            Self::Reset { .. } => *outcome == Outcome::Cut,
            _ => *outcome == Outcome::Answered,
        }
    }
}
