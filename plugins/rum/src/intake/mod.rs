//! What browsers send, looked at before any of it leaves.
//!
//! In order: how often a client asks, what the request is for, whose token it has, which page it comes from, how long it is, whether
//! Datadog answers at all; then the body comes, and waits for a turn, if it is to be kept; of the track `rum` each event is read. Then it
//! is kept, and then it leaves, if it is to. What a browser is answered says nothing but what it should do.

mod answer;
mod batch;
mod body;
mod looks;
mod origin;
mod proxies;
mod send;
mod target;
mod threads;
mod weight;
mod zlib;

use std::{sync::Arc, time::Instant};

use axum::extract::Request;
use bytes::Bytes;
use greenroom::http::ClientAddress;
use greenroom_plugin_rum_store::{Arrival, Batch as Events};
use http::{HeaderMap, StatusCode, header};

use crate::{
    bounds::{Client, Limits, Rate, Share, Shares},
    counts::{Counts, Received},
    forward::{ANSWER_TIME, Outgoing, relayed},
    keep::{KeepTurn, Keeper, arrival},
    refusal::Refusal,
    settings::{Origin, Rum},
    troubles::Troubles,
};

use batch::{Batch, Rules};
use looks::{Looks, NotLooked};
use proxies::{FORWARDED_FOR, Proxies};
use send::{Leaves, size_of};
use target::Track;
use weight::weight;

pub(crate) use answer::Answer;
pub(crate) use origin::Origins;
pub(crate) use send::Sender;
pub(crate) use target::{NoTarget, Target, asks_for_quota};

/// How many requests are taken of all clients.
const RATE: Rate = Rate { per_second: 1000, burst: 1000 };
/// How many of one. An SDK sends at most 32 at once, and hardly one a second later on.
const RATE_OF_ONE: Rate = Rate { per_second: 20, burst: 100 };
/// How many bytes of bodies are in memory at a time; then browsers are asked to come again.
const MEMORY: usize = 64 << 20;
const MEMORY_OF_ONE: usize = 16 << 20;
/// How many bytes events take, by their weight, from when they are read until they are kept. It is an account of its own, because
/// of the other one what waits for Datadog leaves half, however long the database takes.
const READ: usize = 64 << 20;
const READ_OF_ONE: usize = 16 << 20;
/// How many requests wait for Datadog's answer: each holds one of `greenroom.server.maxConnections`.
const WAITING: usize = 32;
/// How many of one client: a browser has six connections to a host, and an SDK fills five of them where answers do not come. The
/// portal's own requests would stand behind its events.
const WAITING_OF_ONE: usize = 2;

/// Takes events, keeps them and sends them on.
pub(crate) struct Intake {
    rules: Arc<Rules>,
    client_token: String,
    pub(crate) origins: Origins,
    limits: Limits,
    memory: Arc<Shares>,
    read: Arc<Shares>,
    waiting: Arc<Shares>,
    looks: Looks,
    /// `None` where nothing is kept.
    keeper: Option<Arc<Keeper>>,
    /// `None` where nothing leaves.
    sender: Option<Sender>,
    counts: Arc<Counts>,
    troubles: Arc<Troubles>,
    proxies: Proxies,
}

/// What was found in a request.
struct Looked {
    accepted: usize,
    rejected: usize,
    /// `None` where nothing of it is to be kept.
    keeps: Option<Keeps>,
    /// `None` where nothing of it is to leave.
    leaves: Option<Leaves>,
    /// Nobody asks for what is of its track.
    is_left_out: bool,
}

/// What is to be kept of a request.
struct Keeps {
    events: Events,
    turn: KeepTurn,
    /// What they take of the memory until they are kept.
    share: Share,
}

impl Intake {
    pub(crate) fn new(
        rum: &Rum,
        keeper: Option<Arc<Keeper>>,
        sender: Option<Sender>,
        counts: Arc<Counts>,
        troubles: Arc<Troubles>,
    ) -> Self {
        let rules = Rules {
            application_id: rum.application_id.clone(),
            kept: rum.kept.clone(),
            forwards: sender.is_some(),
            path: rum.portal.path().to_owned(),
            backend: rum.portal.foreign_backend().cloned(),
        };
        Self {
            rules: Arc::new(rules),
            client_token: rum.client_token.clone(),
            origins: Origins::new(rum.portal.origins().chain(&rum.origins).cloned()),
            limits: Limits::new(RATE, RATE_OF_ONE, Instant::now()),
            memory: Shares::new(MEMORY, MEMORY_OF_ONE),
            read: Shares::new(READ, READ_OF_ONE),
            waiting: Shares::new(WAITING, WAITING_OF_ONE),
            looks: Looks::default(),
            keeper,
            sender,
            counts,
            troubles,
            proxies: Proxies::default(),
        }
    }

    /// Looks at a request, keeps what it brings and sends it on.
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
            Ok(looked) => self.keep(looked, received).await,
            Err(refusal) => {
                received.refused(refusal);
                self.troubles.refused(refusal);
                if let (Refusal::NoRoom, Some(sender)) = (refusal, &self.sender) {
                    sender.queue.was_full();
                }
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
        // Where it is kept as well, it is taken all the same.
        if self.keeper.is_none() && self.sender.as_ref().is_some_and(Sender::is_refusing) {
            return Err(Refusal::Silent);
        }
        let mut share = self.memory.share(client);
        let body = body::read(body, most, &mut share).await?;
        let until = tokio::time::Instant::now() + ANSWER_TIME;
        let (body, keeps, accepted, rejected) = match target.track {
            Track::Rum => {
                let keeping = match &self.keeper {
                    Some(keeper) => {
                        // It has come now, however long it waits for its turn.
                        let arrival = arrival(&target, &parts.headers, keeper.routes.clone());
                        Some((arrival, keeper.turn(client).await?))
                    }
                    None => None,
                };
                let (batch, keeps) = self.scrubbed(client, body, target.is_deflated(), keeping).await?;
                (batch.body, keeps, batch.accepted, batch.rejected)
            }
            Track::Logs | Track::Replay | Track::Profile => (body, None, 1, 0),
        };
        let unkept = keeps.as_ref().map_or(0, |keeps| keeps.events.unreadable());
        self.counts.count_events(accepted, rejected, unkept);
        let keeps = keeps.filter(|keeps| !keeps.events.is_empty());
        let mut looked = Looked { accepted, rejected, keeps, leaves: None, is_left_out: false };
        match self.sender.as_ref().filter(|_| !body.is_empty()) {
            None => {
                looked.is_left_out = self.sender.is_none() && target.track != Track::Rum;
                // Nothing becomes of what neither leaves nor is kept.
                (looked.accepted, looked.rejected) = (accepted.saturating_sub(unkept), rejected + unkept);
            }
            Some(sender) => {
                let call =
                    sender.call(&target, address, &parts.headers, body).map_err(|_| Refusal::NoTarget)?;
                // Masks may have made it longer.
                if !share.resize(size_of(&call)) {
                    return Err(Refusal::NoRoom);
                }
                // Who has it in the store need not wait for anybody else.
                let place = self.waiting.take(client, 1).filter(|_| self.keeper.is_none());
                // Bodies that wait may fill only half of the memory. The rest is for new requests: one of them finds out whether
                // Datadog answers again.
                if place.is_none() && !share.leaves_half() {
                    return Err(Refusal::NoRoom);
                }
                looked.leaves = Some(Leaves { call, share, place, until });
            }
        }
        Ok(looked)
    }

    /// Keeps it before anything leaves: what cannot be kept is sent again by its browser, and leaves then.
    async fn keep(&self, mut looked: Looked, received: Received) -> Answer {
        let (Some(keeper), Some(keeps)) = (&self.keeper, looked.keeps.take()) else {
            return self.send(looked, false, received).await;
        };
        let Keeps { events, turn, share } = keeps;
        let kept = keeper.keep(events, turn).await;
        drop(share);
        match kept {
            Ok(()) => self.send(looked, true, received).await,
            Err(refusal) => {
                received.refused(refusal);
                Answer::Refused(refusal)
            }
        }
    }

    async fn send(&self, looked: Looked, is_kept: bool, received: Received) -> Answer {
        let Looked { accepted, rejected, leaves, is_left_out, .. } = looked;
        let taken = |status| Answer::Taken { status, accepted, rejected };
        let (Some(Leaves { call, share, place, until }), Some(sender)) = (leaves, &self.sender) else {
            match (is_kept, is_left_out) {
                (true, _) => received.kept(),
                (false, true) => received.left_out(),
                (false, false) => received.empty(),
            }
            return taken(StatusCode::ACCEPTED);
        };
        if is_kept {
            self.counts.count_kept();
        }
        let outgoing = Outgoing { call, share, received };
        let Some(_place) = place else {
            return match sender.queue.tell(outgoing) {
                // It is in the store, and would be there only once if it came again.
                Err(refusal) if !is_kept => Answer::Refused(refusal),
                _ => taken(StatusCode::ACCEPTED),
            };
        };
        match sender.queue.ask(outgoing, until).await.map(|outcome| relayed(&outcome)) {
            Ok(status) if status.is_success() => taken(status),
            Ok(status) => Answer::NotTaken(status),
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    /// The turn and the share go with the look: one that nobody waits for any more has them until it ends.
    async fn scrubbed(
        &self,
        client: Client,
        body: Bytes,
        is_deflated: bool,
        keeping: Option<(Arrival, KeepTurn)>,
    ) -> Result<(Batch, Option<Keeps>), Refusal> {
        let (rules, mut share) = (self.rules.clone(), self.read.share(client));
        let look = self.looks.look(client, move |wanted| -> Result<(Batch, Option<Keeps>), Refusal> {
            let batch = rules.batch(body, is_deflated, || wanted.is_so())?;
            let Some((arrival, turn)) = keeping else { return Ok((batch, None)) };
            let weight = weight(&batch.text);
            // There would never be room for it.
            if weight > READ_OF_ONE {
                return Err(Refusal::TooLarge);
            }
            if !share.resize(weight) {
                return Err(Refusal::NoRoom);
            }
            let events = Events::read_while(&batch.text, arrival, || wanted.is_so()).ok_or(Refusal::Busy)?;
            Ok((batch, Some(Keeps { events, turn, share })))
        });
        look.await.map_err(|not| match not {
            NotLooked::Busy => Refusal::Busy,
            NotLooked::Failed => Refusal::Unreadable,
        })?
    }
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
