//! Whom Node takes for the client: in its rate limit, and in what Express tells a handler.

use futures_util::future::join_all;
use greenroom_conformance::{backend::Backend, version::Version, wire::Head};
use greenroom_gateway_tests::{Connection, Setup, printed};
use serde_json::{Value, json};

const LIMIT: &str = "rateLimit: {window: 10m, incomingRequestLimit: 3}";

/// What five requests of a client are answered: 127.0.0.1 is on Node's list of those who are never limited.
async fn five(port: u16, source: &str, forwarded: &str) -> Vec<Head> {
    let mut heads = Vec::new();
    let mut connection = Connection::from(source, port).await;
    for _ in 0..5 {
        let request = format!("GET /api/gw/whoami HTTP/1.1\r\nHost: localhost\r\n{forwarded}\r\n");
        heads.push(connection.ask(&request).await.head);
    }
    heads
}

fn statuses(heads: &[Head]) -> Vec<u16> {
    heads.iter().map(|head| head.status).collect()
}

fn limits(heads: &[Head]) -> Vec<Vec<(String, String)>> {
    let told = |head: &Head| {
        let of_limit = |name: &str| name.contains("ratelimit") && !name.contains("reset");
        let headers = head.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        headers.filter(|(name, _)| of_limit(name)).collect()
    };
    heads.iter().map(told).collect()
}

#[tokio::test]
async fn gateway_8_each_client_has_its_own_rate_limit() {
    let ways = [
        ("", "127.0.0.11", "", "127.0.0.12", ""),
        (
            "trustProxy: 1, ",
            "127.0.0.11",
            "X-Forwarded-For: 192.0.2.1\r\n",
            "127.0.0.11",
            "X-Forwarded-For: 192.0.2.2\r\n",
        ),
        (
            "trustProxy: [127.0.0.0/8], ",
            "127.0.0.11",
            "X-Forwarded-For: 192.0.2.1, 127.0.0.3\r\n",
            "127.0.0.12",
            "X-Forwarded-For: 192.0.2.2\r\n",
        ),
        (
            "trustProxy: true, ",
            "127.0.0.11",
            "X-Forwarded-For: 192.0.2.1, 192.0.2.9\r\n",
            "127.0.0.11",
            "X-Forwarded-For: 192.0.2.2, 192.0.2.9\r\n",
        ),
    ];
    let all = ways.map(async |(trust, one, of_one, other, of_other)| {
        let setup = Setup::new(Version::newest()).config(&format!("backend: {{{trust}{LIMIT}}}"));
        let gateway = setup.wrapped().await;
        let limited = [200, 200, 200, 429, 429];
        let first = five(gateway.port(), one, of_one).await;
        assert_eq!(statuses(&first), limited, "{trust}");
        assert_eq!(statuses(&five(gateway.port(), other, of_other).await), limited, "{trust}");
        if trust.is_empty() {
            let direct = setup.node_alone().await;
            let first_of_node = five(direct.port(), one, of_one).await;
            assert_eq!(limits(&first), limits(&first_of_node));
        }
    });
    join_all(all).await;
}

/// Forms of `backend.trustProxy`.
fn forms() -> Vec<Value> {
    vec![
        Value::Null,
        json!(false),
        json!(true),
        json!(1),
        json!(2),
        json!("loopback"),
        json!("127.0.0.1, 10.0.0.0/8"),
        json!(["127.0.0.9", "192.0.2.0/24"]),
    ]
}

/// What a client, a proxy or an attacker says of where a request comes from.
const SAID: &[&str] = &[
    "",
    "X-Forwarded-For: 192.0.2.1\r\n",
    "X-Forwarded-For: 192.0.2.1, 10.0.0.7\r\n",
    "X-Forwarded-For: 203.0.113.5, 192.0.2.1, 10.0.0.7, 127.0.0.1\r\n",
    "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 10.0.0.7\r\n",
    "X-Forwarded-For: 2001:db8::1\r\n",
    "X-Forwarded-For: ::ffff:192.0.2.1\r\n",
    "X-Forwarded-For: nobody, 10.0.0.7\r\n",
    "X-Forwarded-For: nobody\r\n",
    "X-Forwarded-For: \r\n",
    "X-Forwarded-For: ,\r\n",
    "X-Forwarded-For: 192.0.2.1:4711\r\n",
    "X-Forwarded-Proto: https\r\n",
    "X-Forwarded-Proto: https, http\r\n",
    "X-Forwarded-Proto: http, https\r\n",
    "X-Forwarded-Proto: HTTPS\r\n",
    "X-Forwarded-Proto: \r\n",
    "X-Forwarded-Host: portal.example\r\n",
    "X-Forwarded-Host: portal.example:8443, inner.example\r\n",
    "X-Forwarded-Host: \r\n",
    "Forwarded: for=192.0.2.1;proto=https;host=portal.example\r\n",
    "X-Real-IP: 192.0.2.1\r\nX-Client-IP: 192.0.2.1\r\n",
    "X-Forwarded-For: 192.0.2.1, 10.0.0.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: portal.example\r\n",
];

async fn whoami(port: u16, source: &str, said: &str) -> Value {
    let request = format!("GET /api/gw/whoami HTTP/1.1\r\nHost: inner.example:7007\r\n{said}\r\n");
    let answer = Connection::from(source, port).await.ask(&request).await;
    let mut told: Value =
        serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{request}{answer:?}"));
    told.as_object_mut().expect("an object").remove("remoteAddress");
    told
}

/// Express alone, told to trust in each of the forms, in the process of Node.
async fn express(node: &Backend, count: usize) -> Vec<u16> {
    let ports = |output: &str| {
        let lines = output.lines().filter_map(|line| line.strip_prefix("TRUST "));
        let ports: Vec<u16> = lines.filter_map(|line| line.parse().ok()).collect();
        (ports.len() == count).then_some(ports)
    };
    printed(node, "ports of Express", ports).await
}

#[tokio::test]
async fn gateway_9_handlers_are_told_of_the_client_what_they_are_told_without_a_gateway() {
    let forms = forms();
    let setup = Setup::new(Version::newest()).env("TRUST", &Value::from(forms.clone()).to_string());
    let node = setup.node().await;
    let direct = express(&node, forms.len()).await;
    let mut wrong = Vec::new();
    for (form, direct) in forms.iter().zip(direct) {
        let trust =
            if form.is_null() { String::new() } else { json!({"backend": {"trustProxy": form}}).to_string() };
        let gateway = setup.clone().on_gateway(&trust).gateway(node.port()).await;
        for source in ["127.0.0.1", "127.0.0.9"] {
            for said in SAID {
                let (direct, through) =
                    (whoami(direct, source, said).await, whoami(gateway.port(), source, said).await);
                if direct != through {
                    wrong.push(format!(
                        "trustProxy {form}, from {source}, {said:?}\n  - {direct}\n  + {through}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn gateway_9_also_where_greenroom_has_started_node() {
    let trust = "backend: {trustProxy: [127.0.0.9]}";
    let all = Version::held().into_iter().map(async |version| {
        let setup = Setup::new(version).config(trust);
        let (direct, gateway) = tokio::join!(setup.clone().node_alone(), setup.wrapped());
        for source in ["127.0.0.9", "127.0.0.10"] {
            for said in ["", SAID[2], SAID[SAID.len() - 1]] {
                let of_node = whoami(direct.port(), source, said).await;
                assert_eq!(of_node, whoami(gateway.port(), source, said).await, "{version} {source} {said}");
            }
        }
    });
    join_all(all).await;
}
