//! Clients that leave before they have their answer: Node is told, as it is without a gateway.

use greenroom_conformance::version::Version;
use greenroom_gateway_tests::{Connection, Setup, line, says};

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
