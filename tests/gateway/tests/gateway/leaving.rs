//! Clients that leave before they have their answer: Node is told, as it is without a gateway.

use std::time::Duration;

use greenroom_conformance::version::Version;
use greenroom_gateway_tests::{Connection, Setup, line, process, says};
use tokio::time::{sleep, timeout};

#[tokio::test]
async fn gateway_12_node_is_told_when_a_client_leaves() {
    for version in Version::held() {
        let pair = Setup::new(version).sidecar().await;
        let port = pair.gateway.port();

        for (id, crashes) in [("closes", false), ("crashes", true)] {
            for method in ["GET", "POST"] {
                let id = format!("{method}-{id}");
                let mut client = Connection::to(port).await;
                client
                    .send(format!(
                        "{method} /api/gw/wait/{id} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
                    ))
                    .await;
                says(&pair.node, &format!("GW waits {id}")).await;
                if crashes {
                    client.reset()
                } else {
                    drop(client)
                }
                says(&pair.node, &format!("GW left {id}")).await;
                let told = line::of(&pair.gateway, &format!("/api/gw/wait/{id}")).await;
                assert_eq!(told["aborted"], true, "{told}");
            }
        }
    }
}

#[tokio::test]
async fn gateway_12_also_in_the_midst_of_a_stream() {
    let pair = Setup::new(Version::newest()).sidecar().await;
    let mut client = Connection::to(pair.gateway.port()).await;
    client.send("GET /api/bodies/events/1 HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    says(&pair.node, "GW stream 1").await;
    Connection::to(pair.node.port()).await.post("/api/bodies/events/1/first").await;
    client.until(b"data: first\n\n").await;
    drop(client);
    says(&pair.node, "GW left 1").await;
    let told = line::of(&pair.gateway, "/api/bodies/events/1").await;
    assert_eq!((&told["status"], &told["aborted"]), (&200.into(), &true.into()), "{told}");
}

#[tokio::test]
async fn gateway_12_also_in_the_midst_of_an_upload() {
    for framing in ["Content-Length: 1000000", "Transfer-Encoding: chunked"] {
        let pair = Setup::new(Version::newest()).sidecar().await;
        let mut client = Connection::to(pair.gateway.port()).await;
        client
            .send(format!(
                "POST /api/bodies/upload HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n5\r\nhello\r\n"
            ))
            .await;
        says(&pair.node, "GW upload begins").await;
        drop(client);
        says(&pair.node, "GW cut ").await;
        let told = line::of(&pair.gateway, "/api/bodies/upload").await;
        // It has ended its own side, and may still read that this was too early.
        assert!(told["aborted"] == true || told["status"] == 400, "{framing}: {told}");
    }
}

#[tokio::test]
async fn gateway_35_an_upgrade_that_node_never_answers_ends_on_both_sides_with_its_client() {
    for version in Version::held() {
        let pair = Setup::new(version).features("healthcheck,gw,late").sidecar().await;
        let port = pair.gateway.port();
        let upgrade = async |path: &str| {
            let mut client = Connection::to(port).await;
            client
                .send(format!(
                    "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                ))
                .await;
            client
        };
        // The first one after the start, and later ones of a path that nobody knows.
        for (path, crashes) in
            [("/api/late?first", false), ("/other?closes", false), ("/other?crashes", true)]
        {
            let client = upgrade(path).await;
            says(&pair.node, &format!("GW upgrade {path}")).await;
            if crashes {
                client.reset()
            } else {
                drop(client)
            }
            let both = async {
                // A socket that has been handed to a handler, which does not read it, tells Node nothing, with or without a gateway.
                if path.starts_with("/api/late") {
                    says(&pair.node, &format!("GW closed {path}")).await;
                }
                while process::connections(port) > 0 {
                    sleep(Duration::from_millis(5)).await;
                }
            };
            timeout(Duration::from_secs(1), both)
                .await
                .unwrap_or_else(|_| panic!("{version}: {path} stays open\n{}", pair.node.output()));
            let told = line::of(&pair.gateway, path).await;
            assert_eq!(told["aborted"], true, "{version}: {told}");
        }
        // Who tries again is served.
        let mut again = upgrade("/api/late?again").await;
        assert_eq!(again.head().await.status, 101, "{version}");
    }
}
