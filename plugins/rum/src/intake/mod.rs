//! What browsers send, looked at before any of it leaves.
//!
//! In order: how often a client asks, what the request is for, whose token it has, which page it comes from, how long it is;
//! then the body is read, and of the track `rum` each event. What a browser is answered says nothing but what it should do.

mod batch;
mod limit;
mod origin;
mod target;
mod waiting;
mod zlib;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use greenroom::{
    http::ClientAddress,
    http_client::{Call, CallError},
    prelude::*,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::Semaphore;

use crate::{
    counts::Counts,
    forward::{MOST_ANSWER, PATIENCE as FOR_AN_ANSWER, Queue, Throttle, relayed},
    settings::{Origin, Rum},
};

use batch::{Refused, Rules};
use limit::Limits;
use target::Track;
use waiting::Waiting;

pub(crate) use batch::is_uuid;
pub(crate) use origin::Origins;
pub(crate) use target::{NoTarget, Target, asks_for_quota};

/// How many bytes of bodies are in memory at a time; then browsers are asked to come again.
const MOST: usize = 64 << 20;
/// How many bodies are looked at at a time, each of which may take 8 MiB more once it is inflated; the others wait.
const AT_ONCE: usize = 4;
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes events and sends them on.
pub(crate) struct Intake {
    rules: Arc<Rules>,
    client_token: String,
    pub(crate) origins: Origins,
    limits: Limits,
    /// A permit for each KiB.
    memory: Arc<Semaphore>,
    looks: Semaphore,
    queue: Arc<Queue>,
    waiting: Waiting,
    /// In front of the target's path.
    to: String,
    tells_address: bool,
    counts: Arc<Counts>,
    logger: Logger,
    refused: Throttle,
}

/// What a browser is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Taken { status: StatusCode, accepted: usize, rejected: usize },
    Refused(StatusCode, &'static str),
}

const NOT_TAKEN: &str = "Datadog's intake did not take it";
const TOO_OFTEN: Answer = Answer::Refused(StatusCode::TOO_MANY_REQUESTS, "too many requests");
const NO_TARGET: Answer = Answer::Refused(StatusCode::BAD_REQUEST, "the URL names no track of the intake");
const WRONG_TOKEN: Answer =
    Answer::Refused(StatusCode::FORBIDDEN, "the client token is not that of this portal");
const WRONG_ORIGIN: Answer = Answer::Refused(StatusCode::FORBIDDEN, "the page is not of this portal");
const FOREIGN: Answer = Answer::Refused(StatusCode::FORBIDDEN, "no event is of this portal's application");
const TOO_LARGE: Answer = Answer::Refused(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
const UNREADABLE: Answer = Answer::Refused(StatusCode::BAD_REQUEST, "the body cannot be read");
const NO_ROOM: Answer = Answer::Refused(StatusCode::SERVICE_UNAVAILABLE, "there is no room for it now");

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
        };
        Self {
            rules: Arc::new(rules),
            client_token: rum.client_token.clone(),
            origins: Origins::new(rum.portal.origins().chain(&rum.origins).cloned()),
            limits: Limits::new(Instant::now()),
            memory: Arc::new(Semaphore::new(MOST >> 10)),
            looks: Semaphore::new(AT_ONCE),
            queue,
            waiting: Waiting::default(),
            to: to.to_owned(),
            tells_address,
            counts,
            logger,
            refused: Throttle::default(),
        }
    }

    /// Looks at a request and sends on what it brings.
    pub(crate) async fn take(
        &self,
        target: Result<Target, NoTarget>,
        client: &ClientAddress,
        request: Request,
    ) -> Answer {
        let answer = self.taken(target, client, request).await.unwrap_or_else(|refused| refused);
        match answer {
            Answer::Taken { accepted, rejected, .. } => self.counts.accepted(accepted, rejected),
            // The queue counts and tells it.
            Answer::Refused(_, NOT_TAKEN) => {}
            Answer::Refused(_, why) => {
                self.counts.refused(why);
                if let Some(count) = self.refused.count(Instant::now()) {
                    warn!(self.logger, count, "Browser events were refused: {why}");
                }
            }
        }
        answer
    }

    async fn taken(
        &self,
        target: Result<Target, NoTarget>,
        client: &ClientAddress,
        request: Request,
    ) -> Result<Answer, Answer> {
        if !self.limits.take(client.counted(), Instant::now()) {
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
        let declared = declared_length(&parts.headers);
        if declared.is_some_and(|length| length > most) {
            return Err(TOO_LARGE);
        }
        let needed = declared.unwrap_or(most);
        // A refused acquisition means that there is too little, not that it is closed.
        let needed = u32::try_from(needed.div_ceil(1024)).unwrap_or(u32::MAX);
        let room = self.memory.clone().try_acquire_many_owned(needed).map_err(|_| NO_ROOM)?;
        let body = read(body, most).await?;
        let (body, accepted, rejected) = match target.track {
            Track::Rum => self.looked_at(body, target.is_deflated()).await?,
            Track::Logs | Track::Replay | Track::Profile => (body, 1, 0),
        };
        if body.is_empty() {
            return Ok(Answer::Taken { status: StatusCode::ACCEPTED, accepted, rejected });
        }
        let call = self.call(&target, client, &parts.headers, body).map_err(|_| NO_TARGET)?;
        let outcome = self.queue.send(call, Some(room));
        let Some(_place) = self.waiting.place(client.counted()) else {
            return Ok(Answer::Taken { status: StatusCode::ACCEPTED, accepted, rejected });
        };
        match relayed(&outcome.await) {
            status if status.is_success() => Ok(Answer::Taken { status, accepted, rejected }),
            status => Ok(Answer::Refused(status, NOT_TAKEN)),
        }
    }

    async fn looked_at(&self, body: Bytes, is_deflated: bool) -> Result<(Bytes, usize, usize), Answer> {
        let _turn = self.looks.acquire().await;
        let rules = self.rules.clone();
        let looked_at =
            spawn_blocking("look at browser events", move || rules.batch(body, is_deflated)).await;
        let batch = looked_at.map_err(|_| UNREADABLE)?.map_err(|refused| match refused {
            Refused::TooLarge => TOO_LARGE,
            Refused::Unreadable => UNREADABLE,
            Refused::Foreign => FOREIGN,
        })?;
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
        let call = Call::post(&url, body)?.deadline(FOR_AN_ANSWER).at_most(MOST_ANSWER);
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

async fn read(body: Body, most: usize) -> Result<Bytes, Answer> {
    match tokio::time::timeout(PATIENCE, Limited::new(body, most).collect()).await {
        Ok(Ok(read)) => Ok(read.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(TOO_LARGE),
        Ok(Err(_)) | Err(_) => Err(UNREADABLE),
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
