//! What browsers send, looked at before any of it leaves.
//!
//! In order: how often a client asks, what the request is for, whose token it has, which page it comes from, how long it is, whether
//! Datadog answers at all; then the body is read, and of the track `rum` each event. What a browser is answered says nothing but what
//! it should do.

mod answer;
mod batch;
mod body;
mod looks;
mod origin;
mod proxies;
mod target;
mod zlib;

use std::{net::IpAddr, sync::Arc, time::Instant};

use axum::extract::Request;
use bytes::Bytes;
use greenroom::{
    http::ClientAddress,
    http_client::{Call, CallError},
    prelude::*,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::{
    bounds::{Client, Limits, Rate, Share, Shares},
    counts::{Counts, Received},
    forward::{ANSWER_TIME, MOST_ANSWER, Outgoing, Queue, relayed},
    refusal::Refusal,
    settings::{Origin, Rum},
    troubles::Troubles,
};

use batch::Rules;
use looks::{Looks, NotLooked};
use proxies::{FORWARDED_FOR, Proxies};
use target::Track;

pub(crate) use answer::Answer;
pub(crate) use origin::Origins;
pub(crate) use target::{NoTarget, Target, asks_for_quota};

/// How many requests are taken of all clients.
const RATE: Rate = Rate { per_second: 1000, burst: 1000 };
/// How many of one. An SDK sends at most 32 at once, and hardly one a second later on.
const RATE_OF_ONE: Rate = Rate { per_second: 20, burst: 100 };
/// How many bytes of bodies are in memory at a time; then browsers are asked to come again.
const MEMORY: usize = 64 << 20;
const MEMORY_OF_ONE: usize = 16 << 20;
/// What a request that leaves takes besides its body, its URL and its headers.
const HEAD: usize = 4 << 10;
/// How many requests wait for Datadog's answer: each holds one of `greenroom.server.maxConnections`.
const WAITING: usize = 32;
/// How many of one client: a browser has six connections to a host, and an SDK fills five of them where answers do not come. The
/// portal's own requests would stand behind its events.
const WAITING_OF_ONE: usize = 2;

/// Takes events and sends them on.
pub(crate) struct Intake {
    rules: Arc<Rules>,
    client_token: String,
    pub(crate) origins: Origins,
    limits: Limits,
    memory: Arc<Shares>,
    waiting: Arc<Shares>,
    looks: Looks,
    queue: Arc<Queue>,
    /// In front of the target's path.
    to: String,
    tells_address: bool,
    counts: Arc<Counts>,
    troubles: Arc<Troubles>,
    proxies: Proxies,
}

/// What was found in a request.
struct Looked {
    accepted: usize,
    rejected: usize,
    /// `None` where nothing of it is to leave.
    leaves: Option<Leaves>,
}

/// What is to leave of a request.
struct Leaves {
    call: Call,
    share: Share,
    /// Its browser's place among those that wait for the answer, and until when; without one it is answered at once.
    place: Option<Share>,
    until: tokio::time::Instant,
}

impl Intake {
    pub(crate) fn new(
        rum: &Rum,
        to: &str,
        tells_address: bool,
        queue: Arc<Queue>,
        counts: Arc<Counts>,
        troubles: Arc<Troubles>,
    ) -> Self {
        let rules = Rules {
            application_id: rum.application_id.clone(),
            kept: rum.kept.clone(),
            path: rum.portal.path().to_owned(),
            backend: rum.portal.foreign_backend().cloned(),
        };
        Self {
            rules: Arc::new(rules),
            client_token: rum.client_token.clone(),
            origins: Origins::new(rum.portal.origins().chain(&rum.origins).cloned()),
            limits: Limits::new(RATE, RATE_OF_ONE, Instant::now()),
            memory: Shares::new(MEMORY, MEMORY_OF_ONE),
            waiting: Shares::new(WAITING, WAITING_OF_ONE),
            looks: Looks::default(),
            queue,
            to: to.to_owned(),
            tells_address,
            counts,
            troubles,
            proxies: Proxies::default(),
        }
    }

    /// Looks at a request and sends on what it brings.
    pub(crate) async fn take(
        &self,
        target: Result<Target, NoTarget>,
        client: &ClientAddress,
        request: Request,
    ) -> Answer {
        let received = self.counts.count_received();
        let is_behind_untrusted = is_behind_untrusted(client, request.headers());
        if is_behind_untrusted {
            self.counts.count_behind_untrusted();
            self.proxies.saw(Client::at(client.counted()), request.headers());
        }
        match self.look(target, client, request).await {
            Ok(looked) => self.send(looked, received).await,
            Err(refusal) => {
                received.refused(refusal);
                self.troubles.refused(refusal);
                let peer = client.counted();
                if refusal == Refusal::TooOften
                    && is_behind_untrusted
                    && self.proxies.is_to_be_told(Client::at(peer))
                {
                    self.troubles.untrusted(peer);
                }
                Answer::Refused(refusal)
            }
        }
    }

    async fn look(
        &self,
        target: Result<Target, NoTarget>,
        address: &ClientAddress,
        request: Request,
    ) -> Result<Looked, Refusal> {
        let client = Client::at(address.counted());
        if !self.limits.take(client, Instant::now()) {
            return Err(Refusal::TooOften);
        }
        let target = target.map_err(|NoTarget| Refusal::NoTarget)?;
        if target.parameter("dd-api-key").as_ref() != Some(&self.client_token) {
            return Err(Refusal::WrongToken);
        }
        let (parts, body) = request.into_parts();
        if !self.origins.let_in(&parts.headers, own_origin(&parts.headers, address).as_ref()) {
            return Err(Refusal::WrongOrigin);
        }
        let most = target.track.most();
        if declared_length(&parts.headers).is_some_and(|length| length > most) {
            return Err(Refusal::TooLarge);
        }
        if self.queue.is_refusing() {
            return Err(Refusal::Silent);
        }
        let mut share = self.memory.share(client);
        let body = body::read(body, most, &mut share).await?;
        let until = tokio::time::Instant::now() + ANSWER_TIME;
        let (body, accepted, rejected) = match target.track {
            Track::Rum => self.scrubbed(client, body, target.is_deflated()).await?,
            Track::Logs | Track::Replay | Track::Profile => (body, 1, 0),
        };
        self.counts.count_events(accepted, rejected);
        if body.is_empty() {
            return Ok(Looked { accepted, rejected, leaves: None });
        }
        let call = self.call(&target, address, &parts.headers, body).map_err(|_| Refusal::NoTarget)?;
        // Masks may have made it longer.
        if !share.resize(size_of(&call)) {
            return Err(Refusal::NoRoom);
        }
        let place = self.waiting.take(client, 1);
        // Half is for bodies that come, because one of them finds out whether those that stay can be sent.
        if place.is_none() && !share.leaves_half() {
            return Err(Refusal::NoRoom);
        }
        Ok(Looked { accepted, rejected, leaves: Some(Leaves { call, share, place, until }) })
    }

    async fn send(&self, Looked { accepted, rejected, leaves }: Looked, received: Received) -> Answer {
        let taken = |status| Answer::Taken { status, accepted, rejected };
        let Some(Leaves { call, share, place, until }) = leaves else { return taken(StatusCode::ACCEPTED) };
        let outgoing = Outgoing { call, share, received };
        let Some(_place) = place else {
            let queued = self.queue.tell(outgoing);
            return queued.map_or_else(Answer::Refused, |()| taken(StatusCode::ACCEPTED));
        };
        match self.queue.ask(outgoing, until).await.map(|outcome| relayed(&outcome)) {
            Ok(status) if status.is_success() => taken(status),
            Ok(status) => Answer::NotTaken(status),
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    async fn scrubbed(
        &self,
        client: Client,
        body: Bytes,
        is_deflated: bool,
    ) -> Result<(Bytes, usize, usize), Refusal> {
        let rules = self.rules.clone();
        let batch = self
            .looks
            .look(client, move |wanted| rules.batch(body, is_deflated, || wanted.is_so()))
            .await
            .map_err(|not| match not {
                NotLooked::Busy => Refusal::Busy,
                NotLooked::Failed => Refusal::Unreadable,
            })??;
        Ok((batch.body, batch.accepted, batch.rejected))
    }

    /// What leaves: of the browser's headers these and no others.
    fn call(
        &self,
        target: &Target,
        client: &ClientAddress,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Call, CallError> {
        let url = [&*self.to, &target.path_and_query].concat();
        let call = Call::post(&url, body)?.at_most(MOST_ANSWER);
        let network = client.ip().filter(|_| self.tells_address).and_then(network);
        let network = network.and_then(|network| HeaderValue::try_from(network).ok());
        let said = [header::CONTENT_TYPE, header::USER_AGENT, header::ACCEPT]
            .map(|name| (headers.get(&name).and_then(copied), name))
            .into_iter()
            .chain([(network, FORWARDED_FOR)]);
        Ok(said
            .filter_map(|(value, name)| Some((name, value?)))
            .fold(call, |call, (name, value)| call.header(name, value)))
    }
}

/// A value by itself: a clone would keep all of the head that it came in, with the cookies of the portal.
fn copied(value: &HeaderValue) -> Option<HeaderValue> {
    HeaderValue::from_bytes(value.as_bytes()).ok()
}

/// What it takes of the memory.
fn size_of(call: &Call) -> usize {
    let request = call.request();
    let headers: usize = request.headers().values().map(HeaderValue::len).sum();
    request.body().len() + request.uri().to_string().len() + headers + HEAD
}

/// Whether a proxy has said whom it asks for, and is not believed.
fn is_behind_untrusted(client: &ClientAddress, headers: &HeaderMap) -> bool {
    client.ips().is_empty() && headers.contains_key(FORWARDED_FOR)
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The origin of pages on the host that was asked.
fn own_origin(headers: &HeaderMap, client: &ClientAddress) -> Option<Origin> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    Origin::of(&format!("{}://{host}", client.protocol()))
}

/// An address of which the end is cut off, so that it tells a region and no person.
fn network(address: &str) -> Option<String> {
    let network: IpAddr = match address.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(address) => std::net::Ipv4Addr::from_bits(address.to_bits() >> 8 << 8).into(),
        IpAddr::V6(address) => std::net::Ipv6Addr::from_bits(address.to_bits() >> 80 << 80).into(),
    };
    Some(network.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rum_53_what_leaves_keeps_nothing_of_the_head_that_it_came_in_and_counts_with_its_own() {
        let head = Bytes::from_static(b"a/b;c=portal");
        let value = HeaderValue::from_maybe_shared(head.slice(..3)).unwrap();
        let copied = copied(&value).unwrap();
        assert!(copied == "a/b" && copied.as_bytes().as_ptr() != value.as_bytes().as_ptr());
        let call = Call::post("http://intake.example/api", "body").unwrap().header(header::ACCEPT, copied);
        assert_eq!(size_of(&call), HEAD + "http://intake.example/api".len() + "body".len() + "a/b".len());
    }

    #[test]
    fn rum_22_an_address_is_told_without_its_end() {
        assert_eq!(network("9.9.9.9").as_deref(), Some("9.9.9.0"));
        assert_eq!(network("::ffff:9.9.9.9").as_deref(), Some("9.9.9.0"));
        assert_eq!(network("2001:db8:1:2:3::4").as_deref(), Some("2001:db8:1::"));
        assert_eq!(network("unknown"), None);
    }
}
