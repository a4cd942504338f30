//! A service as Kubernetes has them, and its clients: who opens a connection gets an endpoint of those that are known, and keeps the
//! connection for as long as it may.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

use fastrand::Rng;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    client::{Client, Rest},
    exchange::{Got, exchange},
    kind::Kind,
    lines,
    outcome::Outcome,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The slowest requests that are remembered.
const SLOWEST: usize = 5;

/// The endpoints, and what came of what they were asked.
#[derive(Default)]
pub(crate) struct Service {
    seed: u64,
    endpoints: RefCell<Vec<u16>>,
    /// Which roll it is.
    pub(crate) roll: Cell<u64>,
    pub(crate) ended: Cell<bool>,
    number: Cell<u64>,
    told: RefCell<Told>,
}

/// What came of all requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) requests: u64,
    /// Connections that were found closed before a request: nothing had been sent.
    pub(crate) reopened: u64,
    pub(crate) connections: u64,
    /// What failed, by what it was.
    pub(crate) failed: BTreeMap<String, u64>,
    /// The first failures.
    pub(crate) examples: Vec<String>,
    pub(crate) took: Vec<Duration>,
    /// How long, which, in which roll.
    pub(crate) slowest: Vec<(Duration, String, u64)>,
}

impl Service {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// What it sends new connections to from now on.
    pub(crate) fn set_endpoints(&self, ports: Vec<u16>) {
        *self.endpoints.borrow_mut() = ports;
    }

    pub(crate) fn told(&self) -> Told {
        self.told.borrow().clone()
    }

    pub(crate) fn failures(&self) -> u64 {
        self.told.borrow().failed.values().sum()
    }

    /// A client that asks again and again, with pauses around this one, until the run ends.
    pub(crate) async fn client(&self, mut rng: Rng, pause: Duration) {
        let mut kept = None;
        while !self.ended.get() {
            sleep(pause.mul_f64(0.5 + rng.f64())).await;
            let number = self.number.get() + 1;
            self.number.set(number);
            let nonce = lines::nonce(self.seed, number);
            let kind = match rng.bool() {
                true => Kind::Small,
                false => Kind::Store { bytes: rng.u64(1..32 << 10), is_chunked: rng.bool() },
            };
            let (begun, roll) = (Instant::now(), self.roll.get());
            let asked = timeout(PATIENCE, self.ask(&mut kept, &kind, &nonce)).await;
            let outcome = asked.unwrap_or(Outcome::Hung);
            if outcome != Outcome::Answered {
                kept = None;
            }
            self.note(&kind, &outcome, begun.elapsed(), roll);
        }
    }

    /// Sends one request, once: whatever fails behind that is a failure.
    async fn ask(&self, kept: &mut Option<Client>, kind: &Kind, nonce: &str) -> Outcome {
        if kept.as_ref().is_some_and(|client| client.rest() != Rest::Quiet) {
            self.told.borrow_mut().reopened += 1;
            *kept = None;
        }
        let mut client = match kept.take() {
            Some(client) => client,
            None => match self.connect().await {
                Ok(client) => client,
                Err(error) => return Outcome::Unconnected(error.to_string()),
            },
        };
        let got: Got = exchange(&mut client, &kind.request(nonce), nonce, kind.reading()).await;
        let stays = got.head.as_ref().is_some_and(|head| head.header("connection") != Some("close"));
        if stays && got.is_sent {
            *kept = Some(client);
        }
        Outcome::of(kind, nonce, &got)
    }

    async fn connect(&self) -> std::io::Result<Client> {
        let port = {
            let endpoints = self.endpoints.borrow();
            let mut told = self.told.borrow_mut();
            told.connections += 1;
            endpoints[usize::try_from(told.connections).unwrap_or_default() % endpoints.len()]
        };
        Client::to(port).await
    }

    fn note(&self, kind: &Kind, outcome: &Outcome, took: Duration, roll: u64) {
        let mut told = self.told.borrow_mut();
        told.requests += 1;
        told.took.push(took);
        let what = if matches!(kind, Kind::Small) { "GET" } else { "POST, up to 32 kB" };
        told.slowest.push((took, what.to_owned(), roll));
        told.slowest.sort_by_key(|slow| std::cmp::Reverse(slow.0));
        told.slowest.truncate(SLOWEST);
        if *outcome != Outcome::Answered {
            *told.failed.entry(outcome.to_string()).or_default() += 1;
            if told.examples.len() < 50 {
                let example = format!("roll {roll}: {outcome}, {what}, after {took:.3?}");
                told.examples.push(example);
            }
        }
    }
}
