//! Requests that go on to another server: what a gateway is to the root router.
//!
//! A forwarded request passes few steps, a list below: the answer is the other server's, with its own headers, limits and
//! encodings. It has an id, an access line and a context all the same.

mod told;
mod tunnel;

use std::{borrow::Cow, sync::Arc};

use axum::{body::Body, extract::Request, response::Response};
use futures_util::future::BoxFuture;
use greenroom_auth::is_plugin_id;
use greenroom_context::catch_panic;
use greenroom_core::{Service, scope};
use greenroom_http_server::{Answer, Arrival, InFlight, RawIo, RequestBody};
use greenroom_logging::Logger;
use http::{HeaderValue, Method, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio_util::sync::CancellationToken;

pub use self::told::Told;
use crate::{
    body::{AnswerBody, is_event_stream},
    client::Caller,
    envelope::Envelope,
    express::matching,
    failure::panicked,
    health_routes,
    measured::{LongLived, RequestMetrics},
    pipeline::{Access, EarlyRefusal, KeepAlive, Pipeline, RequestId, Step},
    root::RootHttpRouter,
    server::{begin, keep_alive},
    settings::HttpSettings,
    traced::{self, RequestTraces},
    websocket::asks_for_web_socket,
};

/// Answers what nobody of this backend owns, by asking another server.
pub trait Forward: Send + Sync + 'static {
    /// What is forwarded at the moment. It is asked once for each request: no request is treated half in one way and half in
    /// another.
    fn reach(&self) -> Reach;

    /// Whether clients are to come again on another connection, because this server is about to stop.
    fn is_leaving(&self) -> bool {
        false
    }

    /// Whether the other server has ended and does not come again, so that a stop need not go on serving for a while.
    fn has_ended(&self) -> bool {
        false
    }

    /// Whether a request has an access line here.
    fn writes_lines(&self) -> bool {
        true
    }

    /// Whether the other server is known to have that plugin: what is refused here is told by its name then, too.
    fn has_plugin(&self, _plugin: &str) -> bool {
        false
    }

    /// Asks the other server. The future is dropped when the client leaves, and so is the body that it answers.
    fn forward(&self, request: Request, passage: Passage) -> BoxFuture<'static, Forwarded>;
}

/// What is forwarded beside what no plugin here has mounted, and no WebSocket handler. What
/// [stands apart](RootHttpRouter::mount_apart) never is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// What is mounted here, too.
    pub owned: bool,
    /// Backstage's readiness check, too; it is answered here otherwise.
    pub readiness: bool,
    /// Backstage's liveness check, too.
    pub liveness: bool,
    /// Nothing is added to what comes and goes but who has sent it.
    pub is_transparent: bool,
}

impl Reach {
    /// Whether a health check of that kind is forwarded.
    fn passes(self, kind: health_routes::Kind) -> bool {
        match kind {
            health_routes::Kind::Readiness => self.readiness,
            health_routes::Kind::Liveness => self.liveness,
        }
    }
}

/// What the other server answers.
pub enum Forwarded {
    /// An answer, whose headers are only those between it and the client.
    Answer(Response),
    /// It has left HTTP, as this response says; from here on bytes pass both ways.
    Tunnel(http::Response<()>, Box<dyn RawIo>),
}

/// What is known of a request that goes on, beside its own bytes.
#[derive(Clone, Debug)]
pub struct Passage {
    /// The value of `X-Forwarded-For` by which a server that trusts one proxy finds the client that `backend.trustProxy`
    /// finds here; `None` for a client on a Unix socket.
    pub forwarded_for: Option<String>,
    /// Whether the peer's own `X-Forwarded-*` and `Forwarded` are believed.
    pub trusts_peer: bool,
    /// Whether the client's connection is encrypted.
    pub is_encrypted: bool,
    /// Whether nothing is to be added to the request but who has sent it.
    pub is_transparent: bool,
    /// Whether it is one of Backstage's health checks.
    pub is_probe: bool,
    /// Whether it is to be answered however much else is on its way.
    pub is_vital: bool,
    /// What the request's line is to tell.
    pub told: Arc<Told>,
}

/// Who forwards, as a service: a backend that has one is a gateway.
#[derive(Clone)]
pub struct Forwarding(Arc<dyn Forward>);

impl Forwarding {
    /// By this one.
    pub fn new(forward: impl Forward) -> Self {
        Self(Arc::new(forward))
    }

    /// Whether clients are to come again on another connection.
    pub(crate) fn is_leaving(&self) -> bool {
        self.0.is_leaving()
    }

    /// Whether the other server has ended and does not come again.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.has_ended()
    }

    /// What is forwarded, if a request for this path is, by a server whose own routes are these. `fails` says whether readiness fails
    /// here, by a check of this server's own: the other one does not know of that.
    pub(crate) fn takes(
        &self,
        path: &str,
        root: &RootHttpRouter,
        fails: impl FnOnce() -> bool,
    ) -> Option<Reach> {
        let reach = self.0.reach();
        let is_taken = (reach.owned || !root.owns(path))
            && health_routes::probe(path).is_none_or(|kind| {
                let may_fail = kind == health_routes::Kind::Readiness && !reach.is_transparent;
                reach.passes(kind) && !(may_fail && fails())
            });
        is_taken.then_some(reach)
    }
}

impl Service for Forwarding {
    const ID: &'static str = "greenroom.forwarding";
    type Scope = scope::Root;
}

/// What is around forwarded requests.
pub(crate) struct Surroundings {
    /// The first of them is left out where nothing is added.
    steps: [Pipeline; 2],
    envelope: Arc<Envelope>,
    draining: CancellationToken,
    traces: Option<RequestTraces>,
}

impl Surroundings {
    pub(crate) fn new(
        settings: &HttpSettings,
        logger: &Logger,
        draining: &CancellationToken,
        (metrics, traces): (Option<RequestMetrics>, Option<RequestTraces>),
    ) -> Self {
        // Outermost first.
        let common = || -> [Box<dyn Step>; 3] {
            [
                Box::new(EarlyRefusal),
                Box::new(KeepAlive { value: keep_alive(&settings.server), draining: draining.clone() }),
                Box::new(Access {
                    logger: logger.clone(),
                    compatibility: settings.compatibility,
                    metrics: metrics.clone(),
                    traces: traces.clone(),
                }),
            ]
        };
        let named: [Box<dyn Step>; 1] = [Box::new(RequestId)];
        let envelope = Arc::new(Envelope::new(logger, settings.development));
        let steps = [Pipeline::new(named.into_iter().chain(common())), Pipeline::new(common())];
        Self { steps, envelope, draining: draining.clone(), traces }
    }

    /// Answers by what `to` answers, which takes the request as part of this.
    pub(crate) fn answer(
        self: Arc<Self>,
        to: &Forwarding,
        reach: Reach,
        root: &RootHttpRouter,
        request: http::Request<RequestBody>,
        arrival: Arrival,
        caller: Caller,
    ) -> Answer<AnswerBody> {
        let told = Arc::new(Told::default());
        let passage = Passage {
            forwarded_for: caller.forwarded_for(request.headers()),
            trusts_peer: caller.trust.trusts(caller.peer.address, 0),
            is_encrypted: caller.peer.is_encrypted,
            is_transparent: reach.is_transparent,
            is_probe: health_routes::is_probe(request.method(), request.uri().path()),
            is_vital: health_routes::is_vital(request.method(), request.uri().path()),
            told: told.clone(),
        };
        let of = if asks_for_web_socket(&request) { traced::Of::WebSockets } else { traced::Of::Clients };
        let (mut exchange, request) = begin(request, arrival, caller, self.traces.as_ref(), of);
        exchange.watch = root.watch();
        if let Some(plugin) = plugin_of(request.uri().path()) {
            exchange.request.set_target_plugin(plugin.into());
        }
        root.observe_request(&request);
        let limits = root.limits_of_passed(request.method(), request.uri().path());
        let is_stream = asks_for_events(&request);
        // Do not rebind `request` inside the future: it would be stored twice.
        let mut request = request.map(|body| counted(body, &told, &exchange.in_flight));
        exchange.told = Some(told);
        let (context, to) = (exchange.context.clone(), to.clone());
        Box::pin(context.scope(async move {
            let steps = &self.steps[usize::from(passage.is_transparent)];
            let (reached, refused) = steps.on_request(&mut exchange, &mut request).await;
            let refused = refused.or_else(|| limits?.admit_passed(&mut exchange));
            if is_stream {
                // Its answer may begin with its first event, in hours.
                exchange.places.clear();
            }
            exchange.line = exchange.line.take().filter(|_| to.0.writes_lines());
            let forwarded = match refused {
                Some(response) => {
                    let plugin = exchange.request.target_plugin();
                    if let Some(told) =
                        exchange.told.as_ref().filter(|_| plugin.is_some_and(|id| to.0.has_plugin(id)))
                    {
                        told.set_plugin_known();
                    }
                    Forwarded::Answer(response)
                }
                None => {
                    exchange.calls_author();
                    match catch_panic(to.0.forward(request, passage)).await {
                        Ok(forwarded) => forwarded,
                        Err(panic) => Forwarded::Answer(panicked(panic)),
                    }
                }
            };
            let mut response = match (forwarded, exchange.takeover.take()) {
                (Forwarded::Answer(response), _) => response,
                (Forwarded::Tunnel(head, upstream), Some(takeover)) => {
                    exchange.asked.detach();
                    exchange.lasts(LongLived::Tunnel);
                    let draining = self.draining.clone();
                    let go_on = move |client| tunnel::run(head, client, upstream, exchange, draining);
                    return takeover.take(go_on).await;
                }
                (Forwarded::Tunnel(..), None) => unreachable!("a request has one answer"),
            };
            response = self.envelope.replace_failure(&mut exchange, response);
            exchange.is_last |= to.is_leaving();
            steps.on_response(reached, &mut exchange, &mut response);
            let kind = response.headers().get(header::CONTENT_TYPE);
            if kind.is_some_and(|kind| is_event_stream(kind.as_bytes())) {
                exchange.asked.detach();
            }
            AnswerBody::attach(exchange, response, &self.draining)
        }))
    }
}

/// The plugin whose API it is, as far as a path tells. Express matches a path whatever its case: each spelling is the same plugin, which
/// has one name, in lower case. Else who spells it anew would make another one, with limits and series of its own.
pub(crate) fn plugin_of(path: &str) -> Option<Cow<'_, str>> {
    let id = matching::below("/api", path)?.strip_prefix('/')?.split('/').next()?;
    let is_small = !id.bytes().any(|byte| byte.is_ascii_uppercase());
    let named = if is_small { id.into() } else { id.to_ascii_lowercase().into() };
    is_plugin_id(id).then_some(named)
}

/// Whether nothing but a stream of events is asked for, as a browser's `EventSource` asks.
fn asks_for_events(request: &Request) -> bool {
    let mut kinds = request.headers().get_all(header::ACCEPT).iter().peekable();
    let is_one = |value: &HeaderValue| {
        value.as_bytes().split(|byte| *byte == b',').all(|kind| is_event_stream(kind.trim_ascii()))
    };
    *request.method() == Method::GET && kinds.peek().is_some() && kinds.all(is_one)
}

/// The body, of which is told how much has come. As long as somebody reads it, its connection is at work: an answer may end
/// before it.
fn counted(body: Body, told: &Arc<Told>, in_flight: &InFlight) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let (told, in_flight) = (told.clone(), in_flight.clone());
    Body::new(body.map_frame(move |frame| {
        let _ = &in_flight;
        told.add_bytes_in(frame.data_ref().map_or(0, |data| data.len() as u64));
        frame
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plugin_of_a_path_is_what_a_plugin_could_be_called() {
        for (path, plugin) in [
            ("/api/catalog/entities", Some("catalog")),
            ("/api/catalog", Some("catalog")),
            ("/api/my-plugin_2/x", Some("my-plugin_2")),
            ("/api/sCaffolder/.backstage/auth/v1/jwks.json", Some("scaffolder")),
            ("/API/Catalog", Some("catalog")),
            ("/api/", None),
            ("/api", None),
            ("/apis/x", None),
            ("/api/%63atalog", None),
            ("/catalog", None),
        ] {
            assert_eq!(plugin_of(path).as_deref(), plugin, "{path}");
        }
        assert_eq!(plugin_of(&format!("/api/{}", "x".repeat(65))), None);
    }
}
