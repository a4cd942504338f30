//! The way of a request on the surface.

use std::{str::FromStr, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use greenroom_context::{Context, catch_panic};
use greenroom_http::{ClientAddress, Routine, panicked, told_status};
use http::{HeaderMap, Method, StatusCode, Uri, uri::PathAndQuery};
use tower_service::Service;

use crate::{
    ROOT, change, failed,
    headers::{self, Kept},
    hosts,
    operator::Operator,
    origin::{self, Sender},
    refusal::Refusal,
    service::Inner,
    sign_in,
};

/// A word for the access line, beside Backstage's `user`, `service` and `none`.
const OPERATOR: &str = "operator";

/// The surface as a router.
pub(crate) fn router(inner: &Arc<Inner>) -> Router {
    Router::new().fallback(answer).with_state(inner.clone())
}

async fn answer(State(inner): State<Arc<Inner>>, client: ClientAddress, mut request: Request) -> Response {
    trim(&mut request);
    let path = request.uri().path().to_owned();
    let (method, asked) = (request.method().clone(), request.headers().clone());
    let is_file = matches!(method, Method::GET | Method::HEAD)
        && path.strip_prefix(ROOT).is_some_and(|path| path.starts_with("/assets/"));
    let mut response = match enter(&inner, &client, &request, is_file) {
        Ok(operator) => {
            let mut response = route(&inner, operator.as_ref(), request).await;
            if operator.is_some() {
                failed::tell(&mut response, &inner.config, &method, &path, &asked);
            }
            unanswered(response, &method, &path, &asked)
        }
        Err(refusal) => {
            tell(&inner, refusal, &client);
            refusal.answer(&method, &path, &asked)
        }
    };
    let is_found = is_file && response.status().is_success();
    headers::set(response.headers_mut(), if is_found { Kept::AsSaid } else { Kept::Never });
    if is_routine(&method, told_status(&response)) {
        response.extensions_mut().insert(Routine);
    }
    response
}

/// Whether the log need not tell of it: pages are looked at, and ask for what is new by themselves. Who signs in or changes something is
/// told, and so is who is refused, and what fails.
fn is_routine(method: &Method, status: StatusCode) -> bool {
    let is_refused =
        matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS);
    !change::is_change(method) && !is_refused && !status.is_server_error()
}

/// Who is let in; `None` where everybody is.
fn enter(
    inner: &Inner,
    client: &ClientAddress,
    request: &Request,
    is_file: bool,
) -> Result<Option<Operator>, Refusal> {
    let (method, headers) = (request.method(), request.headers());
    let host = hosts::asked(request.uri(), headers).filter(|host| inner.hosts.know(host));
    let host = host.ok_or(Refusal::ForeignHost)?;
    let sender = origin::sender(headers, &host, client);
    if sender == Sender::Foreign {
        return Err(Refusal::ForeignOrigin);
    }
    let is_open = is_file || sign_in::is_open(method, request.uri().path());
    let operator = if is_open { None } else { Some(inner.guard.operator(headers, client)?) };
    if let (Some(known), true) = (Context::current().request(), operator.is_some()) {
        known.set_principal_type(OPERATOR);
    }
    if change::is_change(method) {
        change::check_body(headers)?;
        if let Some(operator) = &operator {
            change::check_intent(headers, operator, sender)?;
        }
    }
    Ok(operator)
}

/// Calls what is mounted. A change of which nothing was told is told here.
async fn route(inner: &Inner, operator: Option<&Operator>, mut request: Request) -> Response {
    let changes = change::is_change(request.method()).then(|| request.method().clone());
    let path = request.uri().path().to_owned();
    if let Some(operator) = operator {
        request.extensions_mut().insert(operator.clone());
    }
    let response = match catch_panic(inner.mounts.router().call(request)).await {
        Ok(response) => response.unwrap_or_else(|never| match never {}),
        Err(panic) => panicked(panic),
    };
    if let (Some(method), Some(operator)) = (changes, operator.filter(|operator| !operator.has_audited())) {
        let context = Context::current();
        let route = context.request().and_then(|known| known.route());
        let action = format!("{method} {}", route.unwrap_or("unknown"));
        let status = told_status(&response).as_u16();
        inner.audit.tell(operator, &action, &path, &format!("answered by {status}"));
    }
    response
}

/// A sentence, where axum says nothing but a status.
fn unanswered(response: Response, method: &Method, path: &str, asked: &HeaderMap) -> Response {
    let refusal = match response.status() {
        StatusCode::NOT_FOUND => Refusal::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Refusal::NoSuchMethod,
        _ => return response,
    };
    if http_body::Body::size_hint(response.body()).exact() != Some(0) {
        return response;
    }
    let allow = response.headers().get(http::header::ALLOW).cloned();
    let mut answer = refusal.answer(method, path, asked);
    if let Some(allow) = allow {
        answer.headers_mut().insert(http::header::ALLOW, allow);
    }
    answer.into_response()
}

/// One line for who is wrong again and again.
pub(crate) fn tell(inner: &Inner, refusal: Refusal, client: &ClientAddress) {
    if let Refusal::TooManyGuesses { is_first: true, .. } = refusal {
        let from = client.counted().map_or_else(|| "a Unix socket".to_owned(), |ip| ip.to_string());
        inner.logger.warn(format_args!(
            "Too many wrong credentials for {ROOT}: more of them from {from} are refused for a minute"
        ));
    }
}

/// One slash at the end is tolerated.
fn trim(request: &mut Request) {
    let Some(path) = request.uri().path().strip_suffix('/').filter(|path| !path.is_empty()) else { return };
    let text = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    if let Ok(path) = PathAndQuery::from_str(&text) {
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = Some(path);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
}
