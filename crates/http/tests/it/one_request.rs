//! One request has one name: in its answer, in every line of its work, and in the plugins that it goes on to.

use axum::{Router, body::Body, routing::get};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use greenroom_context::{Context, spawn, spawn_blocking};
use greenroom_core::plugin;
use greenroom_http::{AuthPolicy, HttpRouter, RootHttpRouter};
use greenroom_logging::Logger;
use serde_json::{Value, json};

use crate::kit::{Client, Kit, until};

/// Plugin `asks` calls plugin `knows`, which works in a spawned job, on a blocking thread, and while it streams.
fn kit() -> Kit {
    let asks = plugin("asks", |env| {
        env.register_init(async |root: RootHttpRouter, http: HttpRouter, logger: Logger| {
            let client = Client(root.local_addr().tcp().unwrap());
            let ask = async move || {
                logger.info("asking");
                let own = Context::current().headers().collect::<Vec<_>>();
                let headers: Vec<_> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let answer = client.ask("GET", "/api/knows/it", &headers, b"").await;
                logger.info("asked");
                answer.body
            };
            http.mount(Router::new().route("/", get(ask)));
            http.add_auth_policy("/", AuthPolicy::Unauthenticated)
        });
    });
    let knows = plugin("knows", |env| {
        env.register_init(async |http: HttpRouter, logger: Logger| {
            let know = async move || {
                logger.info("knowing");
                let (job, thread, streamed) = (logger.clone(), logger.clone(), logger.clone());
                drop(spawn("job", async move {
                    tokio::task::yield_now().await;
                    job.info("job");
                }));
                spawn_blocking("blocking", move || thread.info("blocking")).await.unwrap();
                Body::from_stream(stream::iter(["it", "!"]).map(move |piece| {
                    streamed.info("streaming");
                    Ok::<_, std::io::Error>(Bytes::from(piece))
                }))
            };
            http.mount(Router::new().route("/it", get(know)));
            http.add_auth_policy("/", AuthPolicy::Unauthenticated)
        });
    });
    Kit::new().with_additions().add(asks).add(knows)
}

const WORK: [&str; 7] = ["asking", "knowing", "job", "blocking", "streaming", "streaming", "asked"];

#[tokio::test]
async fn a_request_through_two_plugins_has_one_id_and_one_trace_in_every_line() {
    let up = kit().start().await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-01");
    let headers = [("x-request-id", "checkout-7"), ("traceparent", parent.as_str())];
    let answer = up.client.ask("GET", "/api/asks", &headers, b"").await;
    assert_eq!((answer.seen(), answer.header("x-request-id")), ((200, "it!"), Some("checkout-7")));
    up.lines_of("incomingRequest", 2).await;
    let of_request = || -> Vec<Value> {
        up.lines.json().into_iter().filter(|line| line["requestId"] == "checkout-7").collect()
    };
    until(async || of_request().len() >= WORK.len() + 2).await;
    let lines = of_request();
    assert_eq!(lines.len(), WORK.len() + 2, "{lines:#?}");
    for line in &lines {
        assert_eq!(line["trace_id"], trace, "{line}");
    }
    for text in WORK {
        assert!(lines.iter().any(|line| line["message"] == text), "{text}: {lines:#?}");
    }
    // The two requests are two spans of the one trace.
    let spans = |url: &str| lines.iter().find(|line| line["url"] == url).map(|line| line["span_id"].clone());
    let (outer, inner) = (spans("/api/asks").unwrap(), spans("/api/knows/it").unwrap());
    assert!(outer != inner && outer != "b7ad6b7169203331", "{outer} {inner}");
}

#[tokio::test]
async fn requests_at_once_keep_their_names_apart() {
    let up = kit().start().await;
    let one = async |number: usize| {
        let id = format!("r-{number}");
        let answer = up.client.ask("GET", "/api/asks", &[("x-request-id", &id)], b"").await;
        assert_eq!(answer.header("x-request-id"), Some(&*id));
    };
    futures_util::future::join_all((0..16).map(one)).await;
    up.lines_of("incomingRequest", 32).await;
    for number in 0..16 {
        let id = format!("r-{number}");
        let of_it = || up.lines.json().into_iter().filter(|line| line["requestId"] == *id).count();
        until(async || of_it() == WORK.len() + 2).await;
    }
}

#[tokio::test]
async fn every_answer_says_the_id_that_its_lines_have() {
    let up = kit().start().await;
    let requests = [
        ("GET", "/nope", None),
        ("GET", "/api/asks", Some("mine_1.2-3")),
        ("GET", "/.backstage/health/v1/readiness", None),
        ("OPTIONS", "/api/knows/it", None),
        ("HEAD", "/api/knows/it", None),
        ("GET", "/api/knows/it", Some("no id: a sentence")),
    ];
    for (method, target, given) in requests {
        let headers: Vec<_> = given.map(|id| ("x-request-id", id)).into_iter().collect();
        let answer = up.client.ask(method, target, &headers, b"").await;
        let said = answer.header("x-request-id").unwrap_or_else(|| panic!("{}", answer.head)).to_owned();
        match given {
            Some(given) if !given.contains(' ') => assert_eq!(said, given),
            _ => assert!(said.len() == 32 && said.bytes().all(|byte| byte.is_ascii_hexdigit()), "{said}"),
        }
        let line = async || {
            up.lines.json().into_iter().find(|line| line["url"] == target && line["requestId"] == *said)
        };
        until(async || line().await.is_some()).await;
    }
    // What is refused before the routes has its id too.
    let refused = up.client.raw("GET /api/asks HTTP/1.1\r\nx-request-id: early\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 400 ") && refused.contains("x-request-id: early\r\n"), "{refused}");
}

#[tokio::test]
async fn lines_of_node_have_none_of_it_and_the_answer_does() {
    let up = Kit::new().start().await;
    let answer = up.client.ask("GET", "/nope", &[("x-request-id", "plain")], b"").await;
    assert_eq!(answer.header("x-request-id"), Some("plain"));
    let line = up.lines_of("incomingRequest", 1).await.remove(0);
    assert_eq!(
        (line.get("requestId"), line.get("trace_id"), &line["status"]),
        (None, None, &json!(404)),
        "{line}"
    );
}
