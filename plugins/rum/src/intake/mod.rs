//! What browsers send, looked at before any of it leaves.
//!
//! In order: how often a client asks, what the request is for, whose token it has, which page it comes from, how long it is;
//! then the body is read, and of the track `rum` each event. What a browser is answered says nothing but what it should do.

mod answer;
mod batch;
mod body;
mod limit;
mod looks;
mod origin;
mod target;
mod waiting;
mod zlib;

use std::{
    net::IpAddr,
    sync::{Arc, Once},
    time::Instant,
};

use axum::extract::Request;
use bytes::Bytes;
use greenroom::{
    http::ClientAddress,
    http_client::{Call, CallError},
    prelude::*,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::{
    counts::Counts,
    forward::{MOST_ANSWER, Memory, NotQueued, PATIENCE as FOR_AN_ANSWER, Queue, Throttle, relayed},
    settings::{Origin, Rum},
};

use answer::{
    BUSY, NO_ANSWER, NO_ROOM, NO_TARGET, NOT_TAKEN, SILENT, TOO_LARGE, TOO_OFTEN, UNREADABLE, WRONG_ORIGIN,
    WRONG_TOKEN,
};
use batch::Rules;
use limit::Limits;
use looks::{Looks, NotLooked};
use target::Track;
use waiting::Waiting;

pub(crate) use answer::Answer;
pub(crate) use batch::is_uuid;
pub(crate) use origin::Origins;
pub(crate) use target::{NoTarget, Target, asks_for_quota};

/// How many bytes of bodies are in memory at a time; then browsers are asked to come again.
const MOST: usize = 64 << 20;
/// How many of one client.
const SHARE: usize = 16 << 20;
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Takes events and sends them on.
pub(crate) struct Intake {
    rules: Arc<Rules>,
    client_token: String,
    pub(crate) origins: Origins,
    limits: Limits,
    memory: Arc<Memory>,
    looks: Looks,
    queue: Arc<Queue>,
    waiting: Waiting,
    /// In front of the target's path.
    to: String,
    tells_address: bool,
    counts: Arc<Counts>,
    logger: Logger,
    refused: Throttle,
    told_of_proxy: Once,
}

impl Intake {
    pub(crate) fn new(
        rum: &Rum,
        to: &str,
        tells_address: bool,
        queue: Arc<Queue>,
        counts: Arc<Counts>,
        logger: Logger,
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
            limits: Limits::new(Instant::now()),
            memory: Memory::new(MOST, SHARE),
            looks: Looks::default(),
            queue,
            waiting: Waiting::default(),
            to: to.to_owned(),
            tells_address,
            counts,
            logger,
            refused: Throttle::default(),
            told_of_proxy: Once::new(),
        }
    }

    /// Looks at a request and sends on what it brings.
    pub(crate) async fn take(
        &self,
        target: Result<Target, NoTarget>,
        client: &ClientAddress,
        request: Request,
    ) -> Answer {
        self.counts.received();
        let is_behind_untrusted = is_behind_untrusted(client, request.headers());
        if is_behind_untrusted {
            self.counts.behind_untrusted();
        }
        let answer = self.taken(target, client, request).await.unwrap_or_else(|refused| refused);
        match answer {
            // The queue counts and tells what Datadog said.
            Answer::Taken { .. } | Answer::Refused(_, NOT_TAKEN) => {}
            // It has told this, too.
            Answer::Refused(_, why @ SILENT) => self.counts.refused(why),
            Answer::Refused(_, why) => {
                self.counts.refused(why);
                if let Some(count) = self.refused.count(Instant::now()) {
                    warn!(self.logger, count, "Browser events were refused: {why}");
                }
            }
        }
        if answer == TOO_OFTEN && is_behind_untrusted {
            self.tell_of_proxy();
        }
        answer
    }

    fn tell_of_proxy(&self) {
        self.told_of_proxy.call_once(|| {
            self.logger.warn(
                "Browser events come through a proxy that is not trusted, so that all who are behind it count as one client, which asks too often: name the proxy in backend.trustProxy",
            );
        });
    }

    async fn taken(
        &self,
        target: Result<Target, NoTarget>,
        client: &ClientAddress,
        request: Request,
    ) -> Result<Answer, Answer> {
        let who = client.counted().map(limit::network);
        if !self.limits.take(who, Instant::now()) {
            return Err(TOO_OFTEN);
        }
        let target = target.map_err(|NoTarget| NO_TARGET)?;
        if target.parameter("dd-api-key").as_ref() != Some(&self.client_token) {
            return Err(WRONG_TOKEN);
        }
        let (parts, body) = request.into_parts();
        if !self.origins.let_in(&parts.headers, own_origin(&parts.headers, client).as_ref()) {
            return Err(WRONG_ORIGIN);
        }
        let most = target.track.most();
        if declared_length(&parts.headers).is_some_and(|length| length > most) {
            return Err(TOO_LARGE);
        }
        let mut room = self.memory.room(who);
        let body = body::read(body, most, &mut room).await?;
        let until = tokio::time::Instant::now() + FOR_AN_ANSWER;
        if self.queue.is_shut() {
            return Err(NO_ANSWER);
        }
        let (body, accepted, rejected) = match target.track {
            Track::Rum => self.looked_at(body, target.is_deflated()).await?,
            Track::Logs | Track::Replay | Track::Profile => (body, 1, 0),
        };
        self.counts.looked_at(accepted, rejected);
        let taken = |status| Answer::Taken { status, accepted, rejected };
        if body.is_empty() {
            return Ok(taken(StatusCode::ACCEPTED));
        }
        let call = self.call(&target, client, &parts.headers, body).map_err(|_| NO_TARGET)?;
        let Some(_place) = self.waiting.place(who) else {
            if !room.may_stay() {
                return Err(NO_ROOM);
            }
            self.queue.tell(call, Some(room)).map_err(not_queued)?;
            return Ok(taken(StatusCode::ACCEPTED));
        };
        let outcome = self.queue.ask(call, Some(room), until).map_err(not_queued)?;
        match relayed(&outcome.await) {
            status if status.is_success() => Ok(taken(status)),
            status => Ok(Answer::Refused(status, NOT_TAKEN)),
        }
    }

    async fn looked_at(&self, body: Bytes, is_deflated: bool) -> Result<(Bytes, usize, usize), Answer> {
        let rules = self.rules.clone();
        let batch =
            self.looks.look(move || rules.batch(body, is_deflated)).await.map_err(|not| match not {
                NotLooked::Busy => BUSY,
                NotLooked::Failed => UNREADABLE,
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
            .map(|name| (headers.get(&name).cloned(), name))
            .into_iter()
            .chain([(network, FORWARDED_FOR)]);
        Ok(said
            .filter_map(|(value, name)| Some((name, value?)))
            .fold(call, |call, (name, value)| call.header(name, value)))
    }
}

/// Whether a proxy has said whom it asks for, and is not believed.
fn is_behind_untrusted(client: &ClientAddress, headers: &HeaderMap) -> bool {
    client.ips().is_empty() && headers.contains_key(FORWARDED_FOR)
}

fn not_queued(why: NotQueued) -> Answer {
    match why {
        NotQueued::Silent => NO_ANSWER,
        NotQueued::Full => NO_ROOM,
    }
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
    use super::network;

    #[test]
    fn rum_22_an_address_is_told_without_its_end() {
        assert_eq!(network("9.9.9.9").as_deref(), Some("9.9.9.0"));
        assert_eq!(network("::ffff:9.9.9.9").as_deref(), Some("9.9.9.0"));
        assert_eq!(network("2001:db8:1:2:3::4").as_deref(), Some("2001:db8:1::"));
        assert_eq!(network("unknown"), None);
    }
}
