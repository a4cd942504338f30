//! Whatever headers there are, what is for one connection alone does not pass, and everything else does, in its order.

use proptest::{prelude::*, test_runner::Config};

use crate::kit::{Gateway, Upstream};

const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// Names that mean something on the way, names that do not, and those of hop-by-hop headers.
fn name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "te",
        "upgrade",
        "http2-settings",
        "Authorization",
        "Cookie",
        "Accept",
        "Cache-Control",
        "X-Forwarded-User",
        "Foo",
        "Bar",
        "Baz",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[A-Za-z][A-Za-z0-9!#$%&'*+.^_|~-]{0,12}"]
}

fn header() -> impl Strategy<Value = (String, String)> {
    let value = "[ -9;-~]{0,20}".prop_map(|value: String| value.trim().to_owned());
    let named = prop::collection::vec(
        prop_oneof![Just("foo"), Just("Bar"), Just("cookie"), Just("close"), Just(" ")],
        0..4,
    );
    prop_oneof![6 => (name(), value), 1 => named.prop_map(|names| ("Connection".to_owned(), names.join(", ")))]
}

/// Headers that decide what else becomes of a request, or that are said anew.
fn is_ours(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "host",
        "content-length",
        "transfer-encoding",
        "expect",
        "traceparent",
        "tracestate",
        "x-request-id",
        "forwarded",
        "sec-fetch-dest",
    ]
    .contains(&&*name)
        || (name.starts_with("x-") && name != "x-forwarded-user")
}

/// The names in the order in which each came first, with all of their values.
fn grouped<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, Vec<String>)> {
    let mut grouped: Vec<(String, Vec<String>)> = vec![];
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        match grouped.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value.to_owned()),
            None => grouped.push((name, vec![value.to_owned()])),
        }
    }
    grouped
}

async fn arrives(
    gateway: &Gateway,
    upstream: &mut Upstream,
    sent: &[(String, String)],
) -> Vec<(String, String)> {
    let lines: String = sent.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut client = gateway.client.send(format!("GET / HTTP/1.1\r\nHost: x\r\n{lines}\r\n")).await;
    let (mut arrived, request) = upstream.request().await;
    arrived.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    assert_eq!(client.answer("HEAD").await.status, 200);
    request.headers
}

#[test]
fn whatever_comes_nothing_of_one_connection_passes_and_all_else_does_in_its_order() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (gateway, upstream) = runtime.block_on(Gateway::pair());
    let upstream = parking_lot::Mutex::new(upstream);
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    proptest!(config, |(sent in prop::collection::vec(header(), 0..12))| {
        let sent: Vec<_> = sent.into_iter().filter(|(name, _)| !is_ours(name)).collect();
        let came = runtime.block_on(arrives(&gateway, &mut upstream.lock(), &sent));
        let pairs = |headers: &[(String, String)]| grouped(headers.iter().map(|(name, value)| (&**name, &**value)));
        let trailers = came.iter().any(|(name, value)| name == "te" && value == "trailers");
        for (name, _) in &came {
            prop_assert!(!HOP_BY_HOP.contains(&&**name) || trailers, "{name}");
        }
        let connection: Vec<_> = sent.iter().filter(|(name, _)| name.eq_ignore_ascii_case("connection")).collect();
        let names = |wanted: &str| connection.iter().any(|(_, value)| {
            value.split(',').any(|name| name.trim().eq_ignore_ascii_case(wanted))
        });
        let stays = |name: &str| !HOP_BY_HOP.contains(&name) && (name == "cookie" || !names(name));
        let expected: Vec<_> = pairs(&sent).into_iter().filter(|(name, _)| stays(name)).collect();
        let kept: Vec<_> = pairs(&came).into_iter()
            .filter(|(name, _)| !is_ours(name) && !HOP_BY_HOP.contains(&&**name)).collect();
        prop_assert_eq!(kept, expected);
    });
}
