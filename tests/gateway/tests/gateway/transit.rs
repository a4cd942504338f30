//! Requests that are on their way when a stop closes the connections that lie idle.

use std::time::Duration;

use futures_util::future::join_all;
use greenroom_conformance::version::Version;
use greenroom_gateway_tests::{Connection, Setup};
use tokio::time::sleep;

/// How long requests are taken once a stop has begun.
const DELAY: Duration = Duration::from_millis(500);
const CLIENTS: u32 = 60;

#[tokio::test]
async fn gateway_24_a_request_that_comes_as_the_stop_closes_idle_connections_is_answered_or_not_taken() {
    let delay = format!("greenroom: {{run: {{delay: {}ms}}}}", DELAY.as_millis());
    let mut gateway = Setup::new(Version::newest()).on_gateway(&delay).wrapped().await;
    let port = gateway.port();
    // Nobody tells these clients to close: they ask nothing before the connections are closed.
    let connections = join_all((0..CLIENTS).map(async |id| {
        let mut connection = Connection::to(port).await;
        assert_eq!(connection.get(&format!("/api/gw/ok/idle-{id}")).await.head.status, 200);
        connection
    }))
    .await;

    gateway.terminate().expect("it runs");
    let asked = connections.into_iter().zip(0..).map(async |(mut connection, id): (Connection, u32)| {
        // Around the moment when that happens, one after the other.
        sleep(DELAY - Duration::from_millis(60) + Duration::from_millis(5) * id).await;
        let request =
            format!("POST /api/gw/ok/{id} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
        if connection.try_send(request).await.is_err() {
            return None;
        }
        connection.try_answer().await.ok().flatten()
    });
    let answers: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
    assert!(!answers.is_empty(), "none came in time");
    for answer in answers {
        assert_eq!(answer.head.status, 200, "{answer:?}\n{}", gateway.output());
    }
    assert_eq!(gateway.exit().await.expect("it ends"), Some(0), "{}", gateway.output());
}
