//! What a request meets before the routes, and a response after them.

use std::sync::Arc;

use axum::{extract::Request, response::Response};
use greenroom_context::catch_panic;
use greenroom_logging::Logger;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use tokio_util::sync::CancellationToken;

use crate::{
    access_log::AccessLine,
    cors::Cors,
    failure::panicked,
    health_routes::HealthRoutes,
    rate_limit::Limiter,
    respond::{Asked, Finish, SecurityHeaders, empty, finish, finish_preflight, joined},
    root::RootHttpRouter,
};

/// One server's way from request to response.
pub(crate) struct Front {
    pub(crate) root: RootHttpRouter,
    pub(crate) health: HealthRoutes,
    pub(crate) logger: Logger,
    pub(crate) development: bool,
    /// The value of `Keep-Alive`; `None` when idle connections stay open.
    pub(crate) keep_alive: Option<HeaderValue>,
    pub(crate) cors: Option<Cors>,
    pub(crate) limiter: Option<Arc<Limiter>>,
    pub(crate) security: SecurityHeaders,
    pub(crate) draining: CancellationToken,
}

impl Front {
    /// Answers a request; after the last one of its connection, no other is wanted.
    pub(crate) async fn serve(&self, request: Request, is_last: bool) -> Response {
        if let Some(status) = refused(&request) {
            return refusal(status);
        }
        let (method, uri, version) = (request.method(), request.uri(), request.version());
        let grant = self.cors.as_ref().and_then(|cors| cors.grant(method, request.headers()));
        let asked = Asked { method: method.clone(), version, headers: kept(request.headers()) };
        let preflight = grant.as_ref().and_then(|grant| grant.preflight);
        let how = Finish {
            ends: is_last || self.draining.is_cancelled(),
            development: self.development,
            keep_alive: self.keep_alive.as_ref(),
            security: &self.security,
            grant,
        };
        if let Some(status) = preflight {
            return finish_preflight(&asked, how, status);
        }
        let line = AccessLine::begin(&self.logger, method, uri, version, request.headers());
        let (method, uri) = (method.clone(), uri.clone());
        let hit = self.limiter.as_ref().and_then(|limiter| limiter.count(&request));
        let refusal = hit.as_ref().and_then(|hit| hit.refusal(self.development));
        let mut response = match refusal {
            Some(refusal) => refusal,
            None => match catch_panic(self.answer(request)).await {
                Ok(response) => response,
                Err(panic) => self.root.seal(panicked(panic), &method, &uri),
            },
        };
        if let Some(hit) = hit {
            hit.settle(&mut response);
        }
        let how = Finish { ends: how.ends || self.draining.is_cancelled(), ..how };
        let response = finish(&asked, how, response).await;
        match line {
            Some(line) => line.when_sent(response),
            None => response,
        }
    }

    async fn answer(&self, request: Request) -> Response {
        match self.health.answer(request.method(), request.uri()).await {
            Some(response) => response,
            None => self.root.route(request).await,
        }
    }
}

/// The headers that the last steps read.
fn kept(headers: &HeaderMap) -> HeaderMap {
    const KEPT: [HeaderName; 5] = [
        header::ACCEPT_ENCODING,
        header::CACHE_CONTROL,
        header::CONNECTION,
        header::IF_MODIFIED_SINCE,
        header::IF_NONE_MATCH,
    ];
    let names = headers.keys().filter(|name| KEPT.contains(name));
    names.filter_map(|name| Some((name.clone(), joined(headers, name)?))).collect()
}

/// What Node's HTTP server refuses before Express sees it, and hyper lets through.
fn refused(request: &Request) -> Option<StatusCode> {
    let headers = request.headers();
    // A host alone is what CONNECT asks for.
    let names_host_only = request.uri().authority().is_some() && request.uri().scheme().is_none();
    if *request.method() == Method::CONNECT || names_host_only {
        return Some(StatusCode::BAD_REQUEST);
    }
    if request.version() == Version::HTTP_11 && !headers.contains_key(header::HOST) {
        return Some(StatusCode::BAD_REQUEST);
    }
    if !request.uri().path().is_ascii() || request.uri().query().is_some_and(|query| !query.is_ascii()) {
        return Some(StatusCode::BAD_REQUEST);
    }
    let expect = headers.get(header::EXPECT)?;
    let known = expect.to_str().is_ok_and(|expect| expect.eq_ignore_ascii_case("100-continue"));
    // HTTP/1.0 has no expectations.
    (!known && request.version() != Version::HTTP_10).then_some(StatusCode::EXPECTATION_FAILED)
}

fn refusal(status: StatusCode) -> Response {
    let mut response = empty(status);
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
