//! Connections that leave HTTP, and those that are refused to.

use greenroom_conformance::{transcript::Request, version::Version};
use greenroom_gateway_tests::{Connection, Setup, alike, line, saw, says};
use rustix::process::Signal;

const RAW: (&str, &str) = ("RAW_UPGRADES", "1");
const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzZWNyZXQtb2Ytd2Vic29ja2V0cyJ9.c2lnbmF0dXJl";

fn upgrade(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
}

#[tokio::test]
async fn gateway_13_bytes_pass_both_ways_untouched_and_each_half_closes_for_itself() {
    for version in Version::held() {
        let pair = Setup::new(version).env(RAW.0, RAW.1).sidecar().await;
        let port = pair.gateway.port();

        let mut client = Connection::to(port).await;
        client
            .send(upgrade("/raw/echo?of=bytes", &format!("Sec-WebSocket-Protocol: {TOKEN}, chat\r\n")))
            .await;
        let head = client.head().await;
        assert_eq!((head.status, head.reason.as_str()), (101, "Switching Protocols"), "{version}");
        for (name, value) in
            [("upgrade", "websocket"), ("sec-websocket-protocol", TOKEN), ("x-kept", "as it is")]
        {
            assert_eq!(head.header(name), Some(value), "{version} {head:?}");
        }
        assert!(
            head.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("upgrade")),
            "{head:?}"
        );
        let all: Vec<u8> = (0..=255).collect();
        for length in [1, 256, 1 << 20] {
            let sent: Vec<u8> = all.iter().copied().cycle().take(length).collect();
            let (mut come, at) = (Vec::new(), &sent);
            client.send(at).await;
            come.extend(client.bytes(length).await);
            assert!(come == sent, "{version}: {length} bytes have changed");
        }
        client.close_write().await;
        assert_eq!(client.rest().await, b"and half of it closed", "{version}");
        let told = line::of(&pair.gateway, "/raw/echo?of=bytes").await;
        assert_eq!(
            (&told["status"], &told["bytesIn"]),
            (&101.into(), &((1 << 20) + 257).into()),
            "{version}: {told}"
        );

        let mut client = Connection::to(port).await;
        client.send(upgrade("/raw/first", "")).await;
        assert_eq!(client.head().await.status, 101);
        assert_eq!(client.rest().await, b"the only words", "{version}");
        client.send("still here").await;
        client.close_write().await;
        says(&pair.node, "TUNNEL heard still here").await;

        assert!(!pair.gateway.output().contains(TOKEN), "{version}: a token is in the log");
    }
}

#[tokio::test]
async fn gateway_13_what_is_sent_right_behind_the_request_is_of_the_new_protocol() {
    let pair = Setup::new(Version::newest()).env(RAW.0, RAW.1).sidecar().await;
    for port in [pair.node.port(), pair.gateway.port()] {
        let mut client = Connection::to(port).await;
        client
            .send(
                [upgrade("/raw/echo", "").as_bytes(), b"GET /api/gw/ok/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"]
                    .concat(),
            )
            .await;
        assert_eq!(client.head().await.status, 101);
        client.close_write().await;
        let come = client.rest().await;
        assert_eq!(come, b"GET /api/gw/ok/smuggled HTTP/1.1\r\nHost: x\r\n\r\nand half of it closed");
    }
    assert!(!pair.node.output().contains("GW ok GET smuggled"));
}

#[tokio::test]
async fn gateway_13_when_one_side_is_gone_so_is_the_other() {
    let pair = Setup::new(Version::newest()).env(RAW.0, RAW.1).sidecar().await;
    for (id, crashes) in [("closes", false), ("crashes", true)] {
        let mut client = Connection::to(pair.gateway.port()).await;
        client.send(upgrade(&format!("/raw/echo?{id}"), "")).await;
        assert_eq!(client.head().await.status, 101);
        if crashes {
            client.reset()
        } else {
            drop(client)
        }
        says(&pair.node, &format!("TUNNEL closed /raw/echo?{id}")).await;
    }
    let mut client = Connection::to(pair.gateway.port()).await;
    client.send(upgrade("/raw/echo?last", "")).await;
    assert_eq!(client.head().await.status, 101);
    pair.node.signal(Signal::KILL).expect("it runs");
    assert_eq!(client.rest().await, b"");
}

#[tokio::test]
async fn gateway_13_web_sockets_of_plugins_are_as_without_a_gateway() {
    let setup = Setup::new(Version::newest()).features("healthcheck,ws");
    let access = "backend: {auth: {externalAccess: [{type: static, options: {token: static-token-abc123, subject: ci}}]}}";
    let pair = setup.on_node(access).sidecar().await;
    let plain = [
        "/api/ws/open",
        "/api/ws/both",
        "/api/ws/nothing",
        "/api/ws/events",
        "/api/ws/slash/",
        "/rootws",
        "/nothing",
    ];
    for path in plain {
        let request = Request::upgrade(path);
        let (direct, through) =
            (pair.node.client().exchange(&request).await, pair.gateway.client().exchange(&request).await);
        assert_eq!(alike::differences(&direct, &through), [], "{path}");
    }
    // Where Node closes without a word, somebody has to say so.
    let closed = Connection::to(pair.gateway.port()).await.ask(&upgrade("/api/ws/throws", "")).await;
    assert_eq!(closed.head.status, 502, "{closed:?}");

    for more in [
        "Authorization: Bearer static-token-abc123\r\n",
        "Sec-WebSocket-Protocol: backstage-auth.static-token-abc123\r\n",
    ] {
        let mut told = Vec::new();
        for port in [pair.node.port(), pair.gateway.port()] {
            let mut client = Connection::to(port).await;
            client.send(upgrade("/api/ws/events", more)).await;
            told.push(client.rest().await);
        }
        let [direct, through] = [&told[0], &told[1]];
        assert_eq!(body(direct), body(through), "{more}");
    }
}

/// What stands behind a head.
fn body(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    text.split_once("\r\n\r\n")
        .map_or(text.clone(), |(head, body)| format!("{} {body}", head.lines().next().unwrap_or_default()))
}

#[tokio::test]
async fn gateway_14_who_is_refused_an_upgrade_reads_what_node_has_said() {
    for version in Version::held() {
        let pair = Setup::new(version).env(RAW.0, RAW.1).sidecar().await;
        for (path, body) in [("/raw/refused", ""), ("/raw/refused-with-body", "no ticket")] {
            let mut client = Connection::to(pair.gateway.port()).await;
            client.send(upgrade(path, "")).await;
            let answer = client.answer().await;
            assert_eq!(
                (answer.head.status, &*answer.body),
                (401, body.as_bytes()),
                "{version} {path}: {answer:?}"
            );
            // Or a load balancer takes it for a switch that was never asked for.
            assert_eq!(answer.head.header("upgrade"), None, "{version} {path}: {answer:?}");
        }
        let mut client = Connection::to(pair.gateway.port()).await;
        client.send(upgrade("/raw/not-http", "")).await;
        assert_eq!(client.answer().await.head.status, 502, "{version}");
    }
}

#[tokio::test]
async fn gateway_15_what_asks_for_another_protocol_than_websocket_is_a_plain_request() {
    for version in Version::held() {
        let pair = Setup::new(version).features("healthcheck,gw").that_tells_what_it_saw().sidecar().await;
        let asks = [
            (
                "h2c",
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",
            ),
            ("tls", "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n"),
            ("unnamed", "Upgrade: websocket\r\n"),
        ];
        for (name, asked) in asks {
            let before = saw::all(&pair.node.output()).len();
            let mut client = Connection::to(pair.gateway.port()).await;
            let answer = client
                .ask(&format!("GET /api/gw/ok/{name} HTTP/1.1\r\nHost: localhost\r\n{asked}\r\n"))
                .await;
            assert_eq!(answer.head.status, 200, "{version} {name}: {answer:?}");
            let seen = saw::since(&pair.node, pair.gateway.port(), before, &format!("after-{name}")).await;
            assert_eq!(seen.len(), 1, "{version} {name}: {seen:?}");
            assert_eq!(seen[0].event, "request", "{version} {name}");
            assert_eq!(
                (seen[0].header("upgrade"), seen[0].header("http2-settings")),
                (None, None),
                "{version} {name}"
            );
        }
        let before = saw::all(&pair.node.output()).len();
        let both = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c, websocket\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n";
        let request = format!("GET /api/gw/ok/both HTTP/1.1\r\nHost: localhost\r\n{both}\r\n");
        Connection::to(pair.gateway.port()).await.ask(&request).await;
        let seen = saw::since(&pair.node, pair.gateway.port(), before, "after-both").await;
        let of_http2 = |saw: &saw::Saw| {
            saw.header("upgrade").is_some_and(|it| it.contains("h2c"))
                || saw.header("http2-settings").is_some()
        };
        assert!(!seen.iter().any(of_http2), "{version}: {seen:?}");

        // Where no plugin has a handler.
        let unknown = upgrade("/api/gw/ok/unknown", "");
        let mut told = Vec::new();
        for port in [pair.node.port(), pair.gateway.port()] {
            told.push(Connection::to(port).await.ask(&unknown).await);
        }
        assert_eq!((told[0].head.status, &told[0].body), (told[1].head.status, &told[1].body), "{version}");

        let mut client = Connection::to(pair.gateway.port()).await;
        client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        let come = client.rest().await;
        assert!(!come.starts_with(b"HTTP/1.1 2"), "{version}: {}", come.escape_ascii());
    }
}
