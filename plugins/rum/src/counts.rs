//! What this process has seen of browser monitoring since its start: numbers and times, nothing of anybody's.
//!
//! They tell an operator at which step events get lost: pages, scripts, sessions, events, Datadog.

mod received;

use std::{
    collections::{BTreeMap, HashSet},
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use axum::extract::Request;
use greenroom::context::Context;
use http::{HeaderMap, HeaderValue, Method, header};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::{
    settings::{DATADOG, Rum},
    uuid::is_uuid,
};

use received::IntakeSeen;

pub(crate) use received::{Outcome, Received};

/// How many sessions are told apart.
const MOST_SESSIONS: usize = 10_000;
/// The cookies in which the SDK keeps its session: version 7, and those before it.
const COOKIES: [&str; 2] = ["_dd_s_v2", "_dd_s"];

/// What was counted.
pub(crate) struct Counts {
    began: Instant,
    pages: AtomicU64,
    sdk: AtomicU64,
    init: AtomicU64,
    sessions: Mutex<Sessions>,
    intake: Mutex<IntakeSeen>,
    /// Who gets the events in the end.
    recipient: String,
    keeps: bool,
}

#[derive(Default)]
struct Sessions {
    /// Keyed by a number of this process: no id is kept.
    known: HashSet<u64>,
    hasher: RandomState,
    last: Option<Instant>,
}

impl Counts {
    pub(crate) fn begin() -> Self {
        let (pages, sdk, init) = Default::default();
        let (sessions, intake) = Default::default();
        let recipient = DATADOG.to_owned();
        Self { began: Instant::now(), pages, sdk, init, sessions, intake, recipient, keeps: false }
    }

    /// Says who gets the events, where it may not be Datadog.
    pub(crate) fn going_to(self, rum: &Rum) -> Self {
        Self { recipient: rum.recipient(), keeps: rum.way.retention().is_some(), ..self }
    }

    /// A request that comes to routes of this backend.
    pub(crate) fn count_request(&self, request: &Request) {
        let context = Context::current();
        let baggage = context.request().and_then(|request| request.session());
        self.count_seen(request.method(), request.uri().path(), request.headers(), baggage);
    }

    /// `baggage` is the session that a call names by itself, as those do that are traced.
    fn count_seen(&self, method: &Method, path: &str, headers: &HeaderMap, baggage: Option<&str>) {
        if *method == Method::GET && asks_for_a_page(path, headers) && is_of_a_browser(headers) {
            self.pages.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(session) = session_of_cookie(headers).or(baggage) {
            self.count_session(session);
        }
    }

    /// A session that a browser has begun, by its id.
    fn count_session(&self, id: &str) {
        let mut sessions = self.sessions.lock();
        sessions.last = Some(Instant::now());
        let key = sessions.hasher.hash_one(id);
        if sessions.known.len() < MOST_SESSIONS {
            sessions.known.insert(key);
        }
    }

    /// The SDK's main file was asked for.
    pub(crate) fn count_sdk(&self) {
        self.sdk.fetch_add(1, Ordering::Relaxed);
    }

    /// The script that starts it was asked for.
    pub(crate) fn count_init(&self) {
        self.init.fetch_add(1, Ordering::Relaxed);
    }

    /// It says whom it was forwarded for, and whoever said so is not trusted.
    pub(crate) fn count_behind_untrusted(&self) {
        self.intake.lock().behind_untrusted += 1;
    }

    /// What the intake has found in a body, whatever Datadog says to it; `unkept` are those of the events that the store leaves out.
    pub(crate) fn count_events(&self, events: usize, rejected: usize, unkept: usize) {
        let mut intake = self.intake.lock();
        intake.events += events as u64;
        intake.rejected += rejected as u64;
        intake.unkept += unkept as u64;
    }

    pub(crate) fn told(&self) -> Status {
        let now = Instant::now();
        let ago = |at: Instant| now.saturating_duration_since(at).as_secs();
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (sessions, intake) = (self.sessions.lock(), self.intake.lock());
        Status {
            recipient: self.recipient.clone(),
            for_seconds: ago(self.began),
            pages: read(&self.pages),
            sdk: read(&self.sdk),
            init: read(&self.init),
            sessions: sessions.known.len() as u64,
            last_session_seconds_ago: sessions.last.map(ago),
            received: intake.received,
            behind_untrusted_proxy: intake.behind_untrusted,
            events: intake.events,
            rejected: intake.rejected,
            unkept: intake.unkept,
            waiting: intake.waiting,
            refused: intake.refused.iter().map(|(why, count)| ((*why).to_owned(), *count)).collect(),
            unsent: intake.unsent,
            empty: intake.empty,
            last_received_seconds_ago: intake.last_received.map(ago),
            taken: intake.taken,
            failed: intake.failed,
            keeps: self.keeps,
            kept: intake.kept,
            left_out: intake.left_out,
            last_kept_seconds_ago: intake.last_kept.map(ago),
            last_answer: intake.last_outcome.as_ref().map(|(at, outcome)| LastAnswer::of(ago(*at), outcome)),
        }
    }
}

/// The counts, as `GET /api/rum/status` tells them. Times are ages, so that nobody's clock matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    /// Who gets the events: Datadog, the host of another intake, or this backend where nobody else does.
    #[serde(default = "datadog")]
    pub(crate) recipient: String,
    pub(crate) for_seconds: u64,
    /// How often browsers asked for a page of the portal.
    pub(crate) pages: u64,
    /// How often the SDK was fetched; browsers keep it for a year.
    pub(crate) sdk: u64,
    /// How often the script that starts it was fetched; browsers keep it until the config changes.
    pub(crate) init: u64,
    /// Of this process, and no more than are told apart.
    pub(crate) sessions: u64,
    pub(crate) last_session_seconds_ago: Option<u64>,
    /// Requests that came to the intake: as many as are waiting, refused, unsent, empty, taken, failed and left out, and those that
    /// are kept where they go no further.
    pub(crate) received: u64,
    /// Of these, those that a proxy has forwarded which `backend.trustProxy` does not name: its users count as one client.
    #[serde(default)]
    pub(crate) behind_untrusted_proxy: u64,
    /// What was found in them.
    pub(crate) events: u64,
    pub(crate) rejected: u64,
    /// Of the events, those that cannot be kept: they are of no session or view, have no id, or are of a type that is not known.
    #[serde(default)]
    pub(crate) unkept: u64,
    /// Requests that are looked at, wait to be sent, or are on their way.
    #[serde(default)]
    pub(crate) waiting: u64,
    /// Requests that went no further, by the code of the reason.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Requests of which nothing was sent and that nobody refused: their browsers had gone.
    #[serde(default)]
    pub(crate) unsent: u64,
    /// Requests with nothing to keep or to send: they told of nothing but requests to the intake, or where nothing leaves, of what is
    /// not kept.
    #[serde(default)]
    pub(crate) empty: u64,
    pub(crate) last_received_seconds_ago: Option<u64>,
    /// Requests that Datadog has taken, and that it has not.
    pub(crate) taken: u64,
    pub(crate) failed: u64,
    /// Whether events are kept here.
    #[serde(default)]
    pub(crate) keeps: bool,
    /// Requests whose events are in the store.
    #[serde(default)]
    pub(crate) kept: u64,
    /// Requests with replays, logs or profiles, which are not kept.
    #[serde(default)]
    pub(crate) left_out: u64,
    #[serde(default)]
    pub(crate) last_kept_seconds_ago: Option<u64>,
    pub(crate) last_answer: Option<LastAnswer>,
}

fn datadog() -> String {
    DATADOG.to_owned()
}

/// The last that was heard of Datadog's intake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LastAnswer {
    pub(crate) seconds_ago: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<String>,
}

impl LastAnswer {
    fn of(seconds_ago: u64, outcome: &Outcome) -> Self {
        let (status, failure) = match outcome {
            Outcome::Answered(status) => (Some(status.as_u16()), None),
            Outcome::Failed(why) => (None, Some(why.clone())),
        };
        Self { seconds_ago, status, failure }
    }
}

/// How the doctor calls itself, who looks as browsers do otherwise, and is not counted.
pub(crate) const DOCTOR: HeaderValue = HeaderValue::from_static("greenroom-rum-doctor");

/// Whether it is not the doctor that asks.
pub(crate) fn is_of_a_browser(headers: &HeaderMap) -> bool {
    headers.get(header::USER_AGENT) != Some(&DOCTOR)
}

/// Whether a browser goes to a page, and no script asks for something. Browsers say so by `Sec-Fetch-Dest` on https and on this
/// machine, and by `Accept` everywhere.
fn asks_for_a_page(path: &str, headers: &HeaderMap) -> bool {
    let says = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_page = match says("sec-fetch-dest") {
        Some(to) => to == "document",
        None => says("accept").is_some_and(|accepted| accepted.starts_with("text/html")),
    };
    is_page && !path.starts_with("/api/") && !path.starts_with("/.")
}

/// The id in the SDK's cookie, if the session is one that is measured.
fn session_of_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let values = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        COOKIES.contains(&name).then_some(value)
    });
    values.filter(|value| !value.split('&').any(|part| part == "rum=0")).find_map(|value| {
        let id = value.split('&').find_map(|part| part.strip_prefix("id="))?;
        is_uuid(id).then_some(id)
    })
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::refusal::Refusal;

    const ID: &str = "0b7a4f4e-1111-4222-8333-444444444444";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    fn seen(path: &str, pairs: &[(&'static str, &str)], baggage: Option<&str>) -> (u64, u64) {
        let counts = Counts::begin();
        counts.count_seen(&Method::GET, path, &headers(pairs), baggage);
        let told = counts.told();
        (told.pages, told.sessions)
    }

    #[test]
    fn rum_47_a_page_is_what_a_browser_goes_to() {
        let html = ("accept", "text/html,application/xhtml+xml");
        for (path, pairs, pages) in [
            ("/catalog", &[("sec-fetch-dest", "document")][..], 1),
            ("/", &[html][..], 1),
            ("/catalog", &[("sec-fetch-dest", "empty"), html][..], 0),
            ("/static/main.js", &[("accept", "*/*")][..], 0),
            ("/", &[html, ("user-agent", "greenroom-rum-doctor")][..], 0),
            ("/api/catalog/entities", &[html][..], 0),
            ("/.backstage/health/v1/readiness", &[html][..], 0),
        ] {
            assert_eq!(seen(path, pairs, None).0, pages, "{path} {pairs:?}");
        }
    }

    #[test]
    fn rum_47_a_session_is_known_by_its_cookie_or_its_baggage() {
        let sessions = |cookie: &str, baggage| seen("/api/x", &[("cookie", cookie)], baggage).1;
        assert_eq!(sessions(&format!("a=b; _dd_s_v2=aid=x&id={ID}&created=1&expire=2&c=1"), None), 1);
        assert_eq!(sessions(&format!("_dd_s=rum=1&id={ID}&created=1"), None), 1);
        assert_eq!(sessions("a=b", Some(ID)), 1);
        // Not among those that are measured, and no session at all.
        assert_eq!(sessions(&format!("_dd_s=rum=0&id={ID}"), None), 0);
        assert_eq!(sessions("_dd_s=rum=1&id=../x; _dd_s_other=id=1", None), 0);
    }

    #[test]
    fn rum_47_one_session_is_counted_once_and_their_number_is_bounded() {
        let counts = Counts::begin();
        for number in 0..=MOST_SESSIONS {
            let id = format!("0b7a4f4e-1111-4222-8333-{number:012}");
            counts.count_session(&id);
            counts.count_session(&id);
        }
        assert_eq!(counts.told().sessions, MOST_SESSIONS as u64);
    }

    #[test]
    fn what_is_told_is_read_back() {
        let counts = std::sync::Arc::new(Counts::begin());
        counts.count_behind_untrusted();
        counts.count_events(3, 1, 2);
        counts.count_received().refused(Refusal::TooLarge);
        counts.count_received().became(Outcome::Answered(StatusCode::FORBIDDEN));
        let told = counts.told();
        assert_eq!((told.received, told.events, told.rejected, told.unkept, told.failed), (2, 3, 1, 2, 1));
        assert_eq!(told.last_answer.as_ref().unwrap().status, Some(403));
        let text = serde_json::to_string(&told).unwrap();
        assert_eq!(serde_json::from_str::<Status>(&text).unwrap(), told);
    }
}
