//! Routes that stand apart from Backstage's: none of the root router's headers, limits, encodings or CORS, and no plugin's gate.
//!
//! What such a request meets instead is the routes' own matter. It still has an id, an access line and a context, and what
//! its handler panics at is an error body.

use std::sync::Arc;

use axum::{Router, extract::Request, response::Response};
use greenroom_context::catch_panic;
use greenroom_errors::{Error, Result};
use greenroom_http_server::{Answer, Arrival, RequestBody, Serve};
use greenroom_logging::{Logger, fields};
use http::StatusCode;
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use crate::{
    access_line::Routine,
    body::AnswerBody,
    client::Caller,
    envelope::Envelope,
    exchange::Exchange,
    express::{TrustProxy, matching, send::empty},
    failure::panicked,
    measured::RequestMetrics,
    pipeline::{Access, EarlyRefusal, KeepAlive, Pipeline, RequestId, Step},
    root::RootHttpRouter,
    server::{begin, keep_alive, run},
    settings::HttpSettings,
    traced,
};

/// One router that stands apart, at a path and below it.
#[derive(Clone)]
pub(crate) struct Apart {
    path: String,
    router: Router,
}

impl Apart {
    fn new(path: &str, router: Router) -> Self {
        Self { path: matching::normalize(path), router: router.with_state(()) }
    }

    /// Whether it answers what is asked for at `path`.
    pub(crate) fn has(&self, path: &str) -> bool {
        matching::below(&self.path, path).is_some()
    }
}

/// What is around them.
pub(crate) struct Surroundings {
    steps: Pipeline,
    envelope: Arc<Envelope>,
    draining: CancellationToken,
}

impl Surroundings {
    pub(crate) fn new(
        settings: &HttpSettings,
        logger: &Logger,
        draining: &CancellationToken,
        metrics: Option<RequestMetrics>,
    ) -> Self {
        // Outermost first.
        let steps: [Box<dyn Step>; 4] = [
            Box::new(RequestId),
            Box::new(EarlyRefusal),
            Box::new(KeepAlive { value: keep_alive(&settings.server), draining: draining.clone() }),
            Box::new(Access {
                logger: logger.clone(),
                compatibility: settings.compatibility,
                metrics,
                traces: None,
            }),
        ];
        let envelope = Arc::new(Envelope::new(logger, settings.development));
        Self { steps: Pipeline::new(steps), envelope, draining: draining.clone() }
    }

    /// What `router` answers; without one, that nothing is there.
    pub(crate) async fn answer(
        &self,
        router: Option<Router>,
        mut exchange: Box<Exchange>,
        mut request: Request,
    ) -> Response<AnswerBody> {
        let (reached, answer) = self.steps.on_request(&mut exchange, &mut request).await;
        let mut response = match (answer, router) {
            (Some(answer), _) => answer,
            (None, None) => empty(StatusCode::NOT_FOUND),
            (None, Some(mut router)) => {
                exchange.calls_author();
                request.extensions_mut().insert(exchange.caller.clone());
                match catch_panic(router.call(request)).await {
                    Ok(Ok(response)) => response,
                    Ok(Err(never)) => match never {},
                    Err(panic) => panicked(panic),
                }
            }
        };
        if let (Some(line), Some(Routine)) = (&mut exchange.line, response.extensions_mut().remove()) {
            line.is_routine();
        }
        let mut response = self.envelope.replace_failure(&mut exchange, response);
        self.steps.on_response(reached, &mut exchange, &mut response);
        AnswerBody::attach(exchange, response, &self.draining)
    }
}

impl RootHttpRouter {
    /// Serves everything at and below `path` by `router`, which sees whole paths and has its own rules: what the root router
    /// does for all other requests, such as CORS, rate limits and security headers, is not done for these.
    ///
    /// It is for a surface that guards itself, as that of operators does. Everybody reaches it: there is no credentials
    /// barrier. Errors if the path is empty, or another such surface overlaps it.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use greenroom_core::plugin;
    /// use greenroom_http::RootHttpRouter;
    ///
    /// plugin("metrics", |env| {
    ///     env.register_init(async |http: RootHttpRouter| {
    ///         http.mount_apart("/metrics", Router::new().route("/metrics", get(async || "up 1\n")))
    ///     });
    /// });
    /// ```
    pub fn mount_apart(&self, path: &str, router: Router) -> Result {
        let apart = Apart::new(path, router);
        if apart.path == "/" {
            return Err(Error::new("The path of routes that stand apart may not be empty").into());
        }
        let mut conflict = None;
        self.aparts().rcu(|all| {
            conflict = all.iter().find(|one| one.has(&apart.path) || apart.has(&one.path)).cloned();
            let mut all = Vec::clone(all);
            if conflict.is_none() {
                all.push(apart.clone());
            }
            all
        });
        match conflict {
            None => Ok(()),
            Some(existing) => {
                let text = format!("Path {path} conflicts with the existing path {}", existing.path);
                Err(Error::new(text).into())
            }
        }
    }

    /// What stands apart at this path.
    pub(crate) fn apart(&self, path: &str) -> Option<Router> {
        let all = self.aparts().load();
        all.iter().find(|one| one.has(path)).map(|one| one.router.clone())
    }
}

/// What answers by such routes alone, for a listener of their own: all else is an empty 404, health checks too.
///
/// `draining` is that of the server.
pub fn serve_apart(
    path: &str,
    router: Router,
    settings: &HttpSettings,
    logger: &Logger,
    draining: &CancellationToken,
) -> impl Serve {
    let logger = logger.child(fields! { service: "rootHttpRouter" });
    let surroundings = Surroundings::new(settings, &logger, draining, None);
    let trust = settings.trust_proxy.clone();
    Alone { apart: Apart::new(path, router), surroundings: Arc::new(surroundings), trust }
}

struct Alone {
    apart: Apart,
    surroundings: Arc<Surroundings>,
    trust: TrustProxy,
}

impl Serve for Alone {
    type Body = AnswerBody;

    fn serve(&self, request: axum::http::Request<RequestBody>, arrival: Arrival) -> Answer<AnswerBody> {
        let caller = Caller { peer: arrival.peer, trust: self.trust.clone() };
        let router = self.apart.has(request.uri().path()).then(|| self.apart.router.clone());
        let surroundings = self.surroundings.clone();
        let (exchange, request) = begin(request, arrival, caller, None, traced::Of::Untraced);
        run(exchange, request, async move |exchange, request| {
            surroundings.answer(router, exchange, request).await
        })
    }
}
