//! `errs`: a route for every way to fail, and some for bodies and addresses.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{FromRequest, OriginalUri, Request},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use greenroom::{
    http::{ClientAddress, HttpError},
    prelude::*,
};
use serde_json::{Value, json};

pub(crate) fn errs() -> Plugin {
    plugin("errs", |env| {
        env.register_init(async |http: HttpRouter| {
            let router = Router::new()
                .route("/consumed", any(consumed))
                .route("/hang", any(async || tokio::time::sleep(Duration::from_secs(60)).await))
                .route("/big/{n}", get(big))
                .route("/sleep/{ms}", get(sleep))
                .route("/param/{p}", get(async |Path(p): Path<String>| Json(json!({"p": p}))))
                .route("/json", post(async |Json(body): Json<Value>| Json(json!({"got": body}))))
                .route("/json10", post(json10))
                .route("/ip", get(ip))
                .route("/unhandled", get(unhandled))
                .route("/uncaught", get(uncaught))
                .route("/{kind}", any(fail));
            http.mount(router);
            http.add_auth_policy("/", AuthPolicy::Unauthenticated)
        });
    })
}

/// Chosen by the path as it was sent: a route's own text is not decoded.
async fn fail(uri: Uri) -> Response {
    let error = match uri.path().trim_start_matches('/') {
        "sync" => Error::new("plain sync"),
        "async" => {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Error::new("plain async")
        }
        "input" => Error::input("bad input"),
        "authn" => Error::authentication("who are you"),
        "notallowed" => Error::not_allowed("nope"),
        "notfound" => Error::not_found("nothing here"),
        "conflict" => Error::conflict("conflicting"),
        "notmodified" => Error::not_modified("same"),
        "unavailable" => Error::service_unavailable("later"),
        "notimpl" => Error::not_implemented("todo"),
        "cause" => Error::input("outer").caused_by(Error::new("inner")),
        "forwarded" => Error::forwarded("fwd", Error::not_found("inner nf")),
        "customname" => {
            Error::named("MyError", "custom").with("code", "E_CUSTOM").with("extra", json!({"a": 1}))
        }
        "statuscode" => Error::new("teapot").with("statusCode", 418),
        "statusstr" => Error::new("strstatus").with("status", "418"),
        "database" => Error::named("DatabaseError", "select * from secret"),
        "aggregate" => Error::named("AggregateError", "many"),
        "response" => upstream(),
        // What Node throws as a string or an object is a panic here.
        "str" | "nextstr" => panic!("just a string"),
        "obj" => std::panic::panic_any(json!({"foo": "bar"})),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    HttpError::from(error).into_response()
}

/// An error that another backend answered, as Backstage's `ResponseError` carries it.
fn upstream() -> Error {
    let inner = json!({"name": "NotFoundError", "message": "remote nf"});
    let body = json!({
        "error": inner,
        "request": {"method": "GET", "url": "/x"},
        "response": {"statusCode": 404},
    });
    Error::named("ResponseError", "Request failed with 404 Not Found")
        .with("response", json!({}))
        .with("body", body)
        .with("cause", inner)
        .with("statusCode", 404)
        .with("statusText", "Not Found")
}

/// A body that breaks after its first bytes have left.
async fn consumed() -> Response {
    let parts = futures_util::stream::unfold(0, async |part| match part {
        0 => Some((Ok("partial"), 1)),
        1 => {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Some((Err(std::io::Error::other("after headers")), 2))
        }
        _ => None,
    });
    Body::from_stream(parts).into_response()
}

async fn big(Path(n): Path<String>, Query(query): Query<Vec<(String, String)>>) -> Response {
    let kind = query.iter().find(|(name, _)| name == "ct").map_or("text/plain", |(_, kind)| kind);
    let mut response = "x".repeat(n.parse().unwrap_or(0)).into_response();
    if let Ok(kind) = HeaderValue::try_from(format!("{kind}; charset=utf-8")) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

async fn sleep(Path(millis): Path<u64>) -> Json<Value> {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Json(json!({"slept": millis}))
}

/// A JSON body of at most ten bytes.
async fn json10(request: Request) -> Result<Response, HttpError> {
    const LIMIT: usize = 10;
    let (length, is_json) = (declared(request.headers()), is_json(request.headers()));
    let answer = match Json::<Value>::from_request(request, &()).await {
        Ok(Json(body)) => Json(json!({"got": body})).into_response(),
        Err(refused) => refused.into_response(),
    };
    if !is_json || length <= LIMIT || answer.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        return Ok(answer);
    }
    let error = Error::named("PayloadTooLargeError", "request entity too large").with_status(413);
    Err(error
        .with("expected", length)
        .with("length", length)
        .with("limit", LIMIT)
        .with("type", "entity.too.large")
        .into())
}

fn declared(headers: &HeaderMap) -> usize {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    length.unwrap_or(0)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

async fn ip(client: ClientAddress, OriginalUri(original): OriginalUri) -> Json<Value> {
    let original = original.to_string();
    let (base, url) = original.split_at("/api/errs".len());
    // A second slash counts to the mount.
    let url = url.strip_prefix('/').filter(|url| url.starts_with('/')).unwrap_or(url);
    let mut seen = json!({"ip": client.ip(), "ips": client.ips(), "protocol": client.protocol()});
    if let Some(host) = client.hostname() {
        seen["hostname"] = host.into();
    }
    seen["secure"] = client.secure().into();
    seen["originalUrl"] = original.as_str().into();
    seen["url"] = url.into();
    seen["baseUrl"] = base.into();
    Json(seen)
}

async fn unhandled() -> Json<Value> {
    spawn("floating", async { panic!("floating rejection") });
    Json(json!({"ok": 1}))
}

async fn uncaught() -> Json<Value> {
    #[expect(clippy::disallowed_methods, reason = "a panic on a plain thread is what is asked for")]
    std::thread::spawn(|| panic!("uncaught in timer"));
    Json(json!({"ok": 1}))
}
