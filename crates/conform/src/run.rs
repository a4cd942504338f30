//! Asks both sides the same, one request after the other, and notes what differs.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use greenroom_http_client::{Call, CallError, Fault, HttpClient};
use greenroom_redact::Tokens;
use http::{HeaderValue, Request, header};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::{
    area::Area,
    compare::{Compared, Outcome, compare},
    corpus::{self, Wanted},
    known::Known,
    normalise::Normaliser,
    origin_names::OriginNames,
    probe::Probe,
    reply::Reply,
    report::{Report, Subject, Unreachable},
    shown::shown,
    side::{Side, Which},
};

const USER_AGENT: &str = concat!("greenroom-conform/", env!("CARGO_PKG_VERSION"));

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// How many bytes of content are looked at.
const MOST: usize = 16 * 1024 * 1024;

/// How fast, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How many requests a second each side gets.
    pub rate: u32,
    /// How long all of it may take; the last answer is waited for.
    pub deadline: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { rate: 20, deadline: Duration::from_secs(120) }
    }
}

/// Two backends, and what is to be asked of them.
#[derive(Clone, Debug)]
pub struct Conform {
    /// The first, and the second.
    pub sides: [Side; 2],
    /// What is asked.
    pub wanted: Wanted,
    /// How fast.
    pub pace: Pace,
}

impl Conform {
    /// With the requests and the pace that are there unless others are chosen.
    pub fn new(a: Side, b: Side) -> Self {
        Self { sides: [a, b], wanted: Wanted::default(), pace: Pace::default() }
    }

    /// Asks both. Every request is made once, redirections are not followed.
    ///
    /// # Errors
    /// When one of them does not answer at all.
    pub async fn run(&self, client: &HttpClient, known: Known) -> Result<Report, Unreachable> {
        let mut run = Run::new(self, client, known);
        run.reach().await?;
        for probe in corpus::fixed(&self.wanted) {
            run.ask(&probe).await;
        }
        if let Some([Ok(a), Ok(b)]) = run.replies.remove(corpus::INDEX) {
            let files = corpus::files(&run.normalisers, &a, &b);
            for file in &files {
                run.ask(file).await;
            }
            // One of each kind is enough: they are served alike.
            if let Some((file, [Ok(a), Ok(b)])) =
                files.iter().find_map(|file| Some((file, run.replies.remove(&file.name)?)))
            {
                for probe in corpus::conditional(file, &a, &b) {
                    run.ask(&probe).await;
                }
            }
        }
        Ok(run.report)
    }
}

struct Run<'a> {
    conform: &'a Conform,
    client: &'a HttpClient,
    normalisers: [Normaliser; 2],
    /// Those of both sides. All become the same in answers, so two backends that repeat what they were sent are the same, each with a
    /// token of its own.
    tokens: Tokens,
    pace: tokio::time::Interval,
    end: Instant,
    /// Paths whose content changes or differs.
    varying: BTreeSet<String>,
    /// What further requests are made of.
    replies: BTreeMap<String, [Outcome; 2]>,
    report: Report,
}

impl<'a> Run<'a> {
    fn new(conform: &'a Conform, client: &'a HttpClient, known: Known) -> Self {
        let origins = [0, 1].map(|side: usize| conform.sides[side].origin.clone());
        let normalisers = origins.each_ref().map(|origin| Normaliser::new(OriginNames::of(origin)));
        let now = Instant::now();
        let mut pace = interval_at(now, Duration::from_secs(1) / conform.pace.rate.max(1));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let report = Report { origins: Some(origins), ..Report::new(known) };
        Self {
            conform,
            client,
            normalisers,
            tokens: Tokens::of(conform.sides.iter().filter_map(|side| side.token.as_ref()?.text())),
            pace,
            end: now + conform.pace.deadline,
            varying: BTreeSet::new(),
            replies: BTreeMap::new(),
            report,
        }
    }

    /// Any answer of either will do.
    async fn reach(&mut self) -> Result<(), Unreachable> {
        let probe = Probe::get(Area::Health, "is it there", "/.backstage/health/v1/liveness");
        let sides = Which::BOTH.into_iter().zip(self.send(&probe).await);
        let sides: Vec<_> =
            sides.filter_map(|(which, said)| Some((which, shown(&said.err()?.to_string())))).collect();
        if sides.is_empty() { Ok(()) } else { Err(Unreachable { sides }) }
    }

    async fn ask(&mut self, probe: &Probe) {
        let subject = self.subject(probe);
        let [a, b] = &self.conform.sides;
        if probe.is_authorized && (a.token.is_none() || b.token.is_none()) {
            // Nobody has asked for it.
            if a.token.is_some() || b.token.is_some() {
                let who = if a.token.is_none() { "a" } else { "b" };
                self.report.note(subject, cannot(format!("there is no token for {who}")));
            }
            return;
        }
        if Instant::now() >= self.end {
            let why = format!("the {} s of --deadline were over", self.conform.pace.deadline.as_secs());
            self.report.left_out.get_or_insert((why, 0)).1 += 1;
            return;
        }
        let replies = self.send(probe).await;
        let path = probe.path.of(Which::A, a).into_owned();
        let compared = compare(
            &self.normalisers,
            &replies[0],
            &replies[1],
            probe.sameness,
            self.varying.contains(&path),
        );
        if compared.varies {
            self.varying.insert(path);
        }
        self.report.note(subject, compared);
        // Of the files, the first that both have is enough.
        let is_there = replies.iter().all(|reply| reply.as_ref().is_ok_and(|reply| reply.status == 200));
        if is_there && self.replies.is_empty() && (probe.name == corpus::INDEX || corpus::is_file(probe)) {
            self.replies.insert(probe.name.clone(), replies);
        }
    }

    fn subject(&self, probe: &Probe) -> Subject {
        let [a, b] = &self.conform.sides;
        Subject {
            area: probe.area,
            name: probe.name.clone(),
            request: Some(probe.request_line(Which::A, a)),
            curl: Some([probe.curl(Which::A, a), probe.curl(Which::B, b)]),
        }
    }

    /// Both at once.
    async fn send(&mut self, probe: &Probe) -> [Outcome; 2] {
        self.pace.tick().await;
        let [a, b] = &self.conform.sides;
        let (a, b) = tokio::join!(self.exchange(probe, Which::A, a), self.exchange(probe, Which::B, b));
        [a, b]
    }

    async fn exchange(&self, probe: &Probe, which: Which, side: &Side) -> Outcome {
        // Not cut short by the end of it all: that would look like a side that does not answer.
        let call = call(probe, which, side)?.deadline(ANSWER).at_most(MOST);
        Ok(Reply::read(self.client.send(call).await?, MOST, &self.tokens).await)
    }
}

fn cannot(why: String) -> Compared {
    Compared { not_comparable: Some(why), ..Compared::default() }
}

/// The request as one side gets it.
fn call(probe: &Probe, which: Which, side: &Side) -> Result<Call, CallError> {
    let refused =
        |_| CallError::new(side.origin.authority(), Fault::Request("it holds what no request may hold"));
    let mut request = Request::builder()
        .method(probe.method.clone())
        .uri(format!("{}{}", side.origin, probe.path.of(which, side)))
        .header(header::USER_AGENT, USER_AGENT);
    for (name, value) in &probe.headers {
        request = request.header(name, &*value.of(which, side));
    }
    if let (true, Some(token)) = (probe.is_authorized, &side.token) {
        let value: HeaderValue = token.header.clone();
        request = request.header(header::AUTHORIZATION, value);
    }
    let body = probe.body.map(|body| Bytes::from_static(body.as_bytes())).unwrap_or_default();
    Ok(Call::from(request.body(body).map_err(refused)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        probe::Sameness,
        side::{Origin, Token},
    };

    #[test]
    fn a_token_goes_to_its_own_side_and_with_authorized_reads_only() {
        let side = |url: &str, token: &str| Side {
            origin: Origin::parse(url).unwrap(),
            token: Some(Token::new("T", token).unwrap()),
        };
        let (a, b) = (side("http://a.example", "of-a"), side("http://b.example/base", "of-b"));
        let probe = Probe::get(Area::Errors, "x", "/api/x");
        let sent = |probe: &Probe, which, side| {
            let call = call(probe, which, side).unwrap();
            let token = call.request().headers().get("authorization").cloned();
            (call.request().uri().to_string(), token.map(|token| token.to_str().unwrap().to_owned()))
        };
        assert_eq!(sent(&probe, Which::A, &a), ("http://a.example/api/x".to_owned(), None));
        let probe = probe.authorized().sameness(Sameness::Whole);
        assert_eq!(sent(&probe, Which::A, &a).1.as_deref(), Some("Bearer of-a"));
        let (uri, token) = sent(&probe, Which::B, &b);
        assert_eq!((&*uri, token.as_deref()), ("http://b.example/base/api/x", Some("Bearer of-b")));
    }
}
