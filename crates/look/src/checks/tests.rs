//! A portal in which nothing is wrong, and what the checks' tests change in it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::all;
use crate::{
    finding::{Class, Finding},
    known::{PLUGINS, PROBES, PROVIDERS},
    page::Page,
    seen::{Asked, Asset, Map, Reply, Seen, Tls},
};

pub(super) const PAGE: &str = r#"<html><head><title>Portal</title><meta name="backstage-app-mode" content="public">
<script defer src="/static/main.1.js"></script><script defer src="/static/vendor.1.js"></script>
<link href="/static/vendor.1.css" rel="stylesheet">
<script type="backstage.io/config">[{"context":"app","data":{"app":{"baseUrl":"https://p.example"},"backend":{"baseUrl":"https://p.example"}}}]</script></head></html>"#;

pub(super) fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Asked {
    let mut found = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        found.append(name, HeaderValue::from_str(value).unwrap());
    }
    Asked::Answered(Reply { status, headers: found, body: Bytes::from(body.to_owned()) })
}

pub(super) fn json(status: u16, body: &str) -> Asked {
    reply(status, &[("content-type", "application/json; charset=utf-8")], body)
}

pub(super) fn page(html: &str) -> Asked {
    reply(
        200,
        &[("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store, max-age=0")],
        html,
    )
}

pub(super) fn keys(ids: &[&str]) -> String {
    let keys: Vec<_> = ids.iter().map(|id| serde_json::json!({"kid": id})).collect();
    serde_json::json!({"keys": keys}).to_string()
}

/// A hardened portal behind https.
pub(super) fn healthy() -> Seen {
    let unknown =
        |id: &str| json(404, &format!(r#"{{"error":{{"message":"Unknown auth provider '{id}'"}}}}"#));
    let provider = |id: &'static str| match id {
        "github" => (id, json(401, r#"{"error":{"message":"Missing session cookie"}}"#)),
        id => (id, unknown(id)),
    };
    let asset = |path: &str| Asset {
        path: path.to_owned(),
        asked: reply(
            200,
            &[
                ("content-length", "90000"),
                ("content-encoding", "br"),
                ("cache-control", "public, max-age=1209600"),
            ],
            "",
        ),
    };
    let back = "https://github.com/login?redirect_uri=https%3A%2F%2Fp.example%2Fapi%2Fauth%2Fgithub%2Fhandler%2Fframe";
    let now = 1_800_000_000;
    let mut seen = Seen {
        target: Some("https://p.example".parse().unwrap()),
        now,
        page: Some(Page::parse(PAGE)),
        readiness: json(200, r#"{"status":"ok"}"#),
        probes: PROBES.iter().map(|path| (*path, json(404, ""))).collect(),
        openid: json(200, &super::version::openid(&["S256"])),
        plugins: PLUGINS.iter().map(|id| (*id, json(404, ""))).collect(),
        providers: PROVIDERS.iter().map(|id| provider(id)).collect(),
        sign_in: Some((
            "github".to_owned(),
            reply(302, &[("location", back), ("set-cookie", "github-nonce=1; Secure")], ""),
        )),
        signals_health: json(200, r#"{"status":"ok"}"#),
        signals_socket: reply(401, &[], ""),
        foreign_catalog: json(401, ""),
        localhost_catalog: json(401, ""),
        assets: vec![asset("/static/main.1.js"), asset("/static/vendor.1.js")],
        maps: vec![Map { path: "/static/main.1.js.map".to_owned(), asked: json(404, ""), content: None }],
        metrics: json(404, ""),
        metrics_port: ("http://p.example:9464/metrics".to_owned(), Asked::Failed("refused".to_owned())),
        tls: Some(Ok(Tls {
            not_after: now + 90 * 86_400,
            issuer: "CN=R".to_owned(),
            protocol: Some("h2".to_owned()),
        })),
        keys_again: vec![json(200, &keys(&["a"])); 3],
        index_again: vec![reply(200, &[("etag", "1")], ""); 3],
        sent: 50,
        ..Seen::default()
    };
    policy(&mut seen, "default-src 'self'; script-src 'self' 'unsafe-eval'; upgrade-insecure-requests");
    seen
}

/// With another policy; none where it is empty.
pub(super) fn policy(seen: &mut Seen, text: &str) {
    let Asked::Answered(mut index) = page(PAGE) else { return };
    if !text.is_empty() {
        index.headers.insert("content-security-policy", HeaderValue::from_str(text).unwrap());
    }
    seen.index = Asked::Answered(index);
}

/// With another config in the page.
pub(super) fn configured(seen: &mut Seen, data: &str) {
    let page = seen.page.as_mut().unwrap();
    page.sources = vec![serde_json::from_str(data).unwrap()];
}

#[track_caller]
fn only(found: Vec<Finding>, id: &str, class: Class) -> Finding {
    let [one] = <[Finding; 1]>::try_from(found).unwrap_or_else(|found| panic!("not one: {found:?}"));
    assert_eq!((one.id, one.class), (id, class), "{one:?}");
    one
}

/// The one finding, which is a problem that says why it matters and what to do.
#[track_caller]
pub(super) fn only_problem(found: Vec<Finding>, id: &str) -> Finding {
    let one = only(found, id, Class::Problem);
    assert!(one.severity.is_some() && one.why.is_some(), "{one:?}");
    one
}

#[track_caller]
pub(super) fn only_ok(found: Vec<Finding>, id: &str) -> Finding {
    only(found, id, Class::Ok)
}

#[track_caller]
pub(super) fn only_unknown(found: Vec<Finding>, id: &str) -> Finding {
    only(found, id, Class::Unknown)
}

#[test]
fn in_a_hardened_portal_nothing_is_found() {
    let problems: Vec<_> =
        all(&healthy()).into_iter().filter(|(_, found)| found.class == Class::Problem).collect();
    assert_eq!(problems, []);
}

/// What was never asked is told as unknown, and is no problem.
#[test]
fn of_what_was_not_seen_nothing_is_claimed() {
    let seen =
        Seen { target: healthy().target, tls: Some(Err("no handshake".to_owned())), ..Seen::default() };
    for (_, found) in all(&seen) {
        assert_ne!(found.class, Class::Problem, "{found:?}");
    }
}

/// Sentences are for people: they begin with a capital letter or a path, and end without a full stop.
#[test]
fn each_sentence_is_whole() {
    let mut seen = healthy();
    seen.maps.clear();
    for (_, found) in all(&seen) {
        for text in [Some(&found.observed), found.why.as_ref()].into_iter().flatten() {
            let first = text.chars().next().unwrap();
            assert!(first.is_uppercase() || first.is_ascii_digit() || "/'a".contains(first), "{text}");
            assert!(!text.ends_with('.'), "{text}");
        }
    }
}
