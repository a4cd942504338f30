//! How a browser becomes an operator's: a link or the token, exchanged for a session.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    Router,
    extract::{FromRequest, Request, State},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use greenroom_errors::Error;
use greenroom_http::{ClientAddress, HandlerResult, Json};
use http::{HeaderMap, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::{
    ROOT, guesses::Claim, hosts, links, operator::Operator, refusal::Refusal, service::Inner,
    sessions::LIFETIME,
};

const PAGE: &str = include_str!("page.html");
const REFUSAL: &str = include_str!("refusal.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
const ICON: &str = include_str!("icon.svg");

/// Where a link leads.
const PATH: &str = "/.greenroom/sign-in";
const SESSION: &str = "/.greenroom/v1/session";

/// How long it may take until the whole of what signs in is here: everybody may send it, and it is short.
const LONGEST: Duration = Duration::from_secs(30);

/// The path of a link. Its code is in the fragment, which no browser sends anywhere.
pub(crate) fn link(code: &str) -> String {
    format!("{PATH}#{code}")
}

/// Whether it is asked for by who has not signed in.
pub(crate) fn is_open(method: &Method, path: &str) -> bool {
    match *method {
        Method::GET | Method::HEAD => path == PATH,
        Method::POST => path == SESSION,
        _ => false,
    }
}

/// The page to sign in on.
pub(crate) fn page() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| PAGE.replace("{command}", &command()));
    Html(TEXT.as_str()).into_response()
}

/// The command that prints a link: of this program, whatever it is called, and as it is typed where it is built.
fn command() -> String {
    let program = std::env::current_exe().ok();
    let program = program.as_deref().and_then(|file| file.file_stem()?.to_str()).unwrap_or("greenroom");
    // Linux says so of one that was built anew meanwhile.
    let program = program.trim_end_matches(" (deleted)");
    let command = format!("<code>{} ops link</code>", escaped(program));
    if cfg!(debug_assertions) { format!("{command} or <code>cargo run -- ops link</code>") } else { command }
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A page that says one sentence of our own, has below it what else is known, as HTML, and leads back to the first page.
pub(crate) fn told_page(title: &str, sentence: &'static str, more: &str) -> Response {
    let page = REFUSAL.replace("{title}", title).replace("{sentence}", &escaped(sentence));
    // Last: others may have written of it what looks like a place.
    Html(page.replace("{more}", more)).into_response()
}

pub(crate) fn routes(inner: &Arc<Inner>) -> Router {
    Router::new()
        .route("/sign-in", get(async || page()))
        .route("/v1/session", get(who).post(begin))
        .route("/v1/session/end", post(end))
        .route("/v1/links", post(make_link))
        .with_state(inner.clone())
}

pub(crate) fn files() -> Router {
    let file =
        |kind: &'static str, text: &'static str| get(async move || ([(header::CONTENT_TYPE, kind)], text));
    Router::new()
        .route("/sign-in.css", file("text/css; charset=utf-8", STYLE))
        .route("/sign-in.js", file("text/javascript; charset=utf-8", SCRIPT))
        .route("/sign-in.svg", file("image/svg+xml", ICON))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Who {
    actor: String,
    csrf_token: Option<String>,
}

/// Who has signed in, for scripts.
async fn who(operator: Operator) -> Json<Who> {
    let csrf_token = operator.csrf_token().map(str::to_owned);
    Json(Who { actor: operator.actor().to_owned(), csrf_token })
}

/// What a browser brings: one of them.
#[derive(Deserialize)]
struct Brought {
    code: Option<String>,
    token: Option<String>,
}

/// What the body of a request brings. One that is malformed is not repeated in the answer: there may be a secret in it.
async fn brought(request: Request) -> Result<Brought, Error> {
    let read = timeout(LONGEST, Json::<Brought>::from_request(request, &())).await;
    let read = read.map_err(|_| {
        let text = format!("What signs in was not here within {} s", LONGEST.as_secs());
        Error::named("RequestTimeoutError", text).with_status(408)
    })?;
    match read.map_err(Error::from) {
        Ok(Json(brought)) => Ok(brought),
        Err(error) if error.status() == 400 => {
            Err(Error::input("To sign in takes a JSON object with a `code` or a `token`, which is a text"))
        }
        Err(error) => Err(error),
    }
}

/// A code or the token is exchanged for a session. What is wrong is not told: all that is looks alike.
async fn begin(
    State(inner): State<Arc<Inner>>,
    client: ClientAddress,
    headers: HeaderMap,
    request: Request,
) -> HandlerResult<Response> {
    let host = hosts::asked(request.uri(), &headers);
    let is_local = host.is_some_and(|host| hosts::is_own(&host));
    if !client.secure() && !is_local {
        Err(Error::from(Refusal::NotEncrypted))?;
    }
    let Brought { code, token } = brought(request).await?;
    let guard = &inner.guard;
    let claim = match (&code, &token) {
        (Some(code), _) => guard.links.take(code),
        (None, Some(token)) => guard.token.is(token).into(),
        (None, None) => Claim::Wrong,
    };
    if let Err(refusal) = guard.check(&client, claim) {
        let (method, path) = (Method::POST, SESSION);
        crate::surface::tell(&inner, refusal, &client);
        return Ok(refusal.answer(&method, path, &headers));
    }
    let begun = guard.sessions.begin().map_err(Error::from_any)?;
    let actor = format!("session:{}", begun.digest.short());
    let by = if code.is_some() { "a link" } else { "the token" };
    let from = client.ip().unwrap_or("a Unix socket");
    inner.audit.told(&actor, "session.begin", from, &format!("signed in by {by}"));
    let cookie = guard.cookie.set(&begun.id, LIFETIME, client.secure());
    let cookie = cookie.ok_or_else(|| Error::new("The cookie of a session cannot be written"))?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Ends the session of whoever asks.
async fn end(
    State(inner): State<Arc<Inner>>,
    client: ClientAddress,
    operator: Operator,
) -> HandlerResult<Response> {
    let session = operator.session();
    let session = session
        .ok_or_else(|| Error::input("There is no session to end: the request brought the token itself"))?;
    inner.guard.sessions.end(&session);
    inner.audit.tell(&operator, "session.end", operator.actor(), "signed out");
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cleared) = inner.guard.cookie.clear(client.secure()) {
        response.headers_mut().insert(header::SET_COOKIE, cleared);
    }
    Ok(response)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    path: String,
    expires_in_seconds: u64,
}

/// A new link, for the command that prints it.
async fn make_link(State(inner): State<Arc<Inner>>, operator: Operator) -> HandlerResult<Json<Link>> {
    let code = inner.guard.links.make().map_err(Error::from_any)?;
    inner.audit.tell(&operator, "link.make", ROOT, "good for one sign-in");
    Ok(Json(Link { path: link(&code), expires_in_seconds: links::LIFETIME.as_secs() }))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use bytes::Bytes;
    use futures_util::stream;
    use tokio::time::{Instant, sleep};

    use super::*;

    fn request(body: Body) -> Request {
        let json = http::Request::post(SESSION).header(header::CONTENT_TYPE, "application/json");
        json.header(header::TRANSFER_ENCODING, "chunked").body(body).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_byte_by_byte_is_heard_for_half_a_minute_in_all() {
        let bytes = stream::unfold((), |()| async {
            sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
        });
        let began = Instant::now();
        let refused = brought(request(Body::from_stream(bytes))).await.err().unwrap();
        assert_eq!((refused.status(), began.elapsed().as_secs()), (408, LONGEST.as_secs()));
    }

    #[tokio::test]
    async fn what_is_malformed_is_refused_in_the_same_words_whatever_it_is() {
        let mut told = vec![];
        for body in ["\"hunter2\"", "{\"token\": \"hunter2", "{\"token\": 4711}", "[\"hunter2\"]"] {
            let refused = brought(request(Body::from(body))).await.err().unwrap();
            assert_eq!((refused.status(), refused.properties().len()), (400, 0), "{body}");
            told.push(refused.message().to_owned());
        }
        told.dedup();
        assert_eq!(told.len(), 1, "{told:?}");
    }
}
