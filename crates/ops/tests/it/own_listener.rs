//! `greenroom.ops.listen`.

use std::{
    net::SocketAddr,
    sync::{Arc, Barrier, RwLock},
};

use greenroom_ops::Ops;
use greenroom_test::mock::OPS_TOKEN;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::kit;

/// What is answered there to one request.
fn ask(address: SocketAddr, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {OPS_TOKEN}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn ops_21_the_surface_is_there_alone_and_nowhere_else() {
    let config =
        json!({"backend": {"logger": {"level": "debug"}}, "greenroom": {"ops": {"listen": "127.0.0.1:0"}}});
    let backend = kit::start_with(config).await;
    let ops = backend.service::<Ops>().await.unwrap();
    let address = ops.local_addr().tcp().unwrap();
    assert_ne!(format!("http://{address}"), backend.url());

    let there = ask(address, "/.greenroom/v1/info");
    assert!(
        there.starts_with("HTTP/1.1 200 ") && there.contains(&format!("\"opsListen\":\"{address}\"")),
        "{there}"
    );
    for path in ["/.backstage/health/v1/readiness", "/api/queue", "/"] {
        assert!(ask(address, path).starts_with("HTTP/1.1 404 "), "{path}");
    }
    let here = backend.get("/.greenroom/v1/info").with_token(OPS_TOKEN).await;
    assert_eq!((here.status.as_u16(), here.body.len()), (404, 0));
    let line = backend.await_log(|line| line["route"] == "/.greenroom/v1/info").await;
    assert_eq!(line["principalType"], "operator");
}

/// The test's runtime has one thread, which does nothing else meanwhile: the surface does not need it.
#[tokio::test]
async fn ops_21_it_answers_when_all_else_is_busy() {
    let backend = kit::start_with(json!({"greenroom": {"ops": {"listen": "127.0.0.1:0"}}})).await;
    let address = backend.service::<Ops>().await.unwrap().local_addr().tcp().unwrap();
    assert!(ask(address, "/.greenroom/v1/queue/depth").starts_with("HTTP/1.1 200 "));
}

/// As many tasks as there are workers wait for a lock that is let go of only once health was told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_16_health_is_told_while_every_worker_is_busy() {
    let backend = kit::start_with(json!({"greenroom": {"ops": {"listen": "127.0.0.1:0"}}})).await;
    let address = backend.service::<Ops>().await.unwrap().local_addr().tcp().unwrap();
    let (busy, held) = (Arc::new(Barrier::new(3)), Arc::new(RwLock::new(())));
    let answer = {
        let _held = held.write().unwrap();
        for _ in 0..2 {
            let (busy, held) = (busy.clone(), held.clone());
            greenroom_context::spawn("busy", async move {
                busy.wait();
                drop(held.read().unwrap());
            });
        }
        // The test itself is on no worker.
        busy.wait();
        ask(address, "/.greenroom/v1/health")
    };
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"status\":\"pass\""), "{answer}");
    backend.stop().await;
}

#[tokio::test]
async fn ops_21_it_ends_with_the_backend() {
    let backend = kit::start_with(json!({"greenroom": {"ops": {"listen": "127.0.0.1:0"}}})).await;
    let address = backend.service::<Ops>().await.unwrap().local_addr().tcp().unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /.greenroom/sign-in HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(idle.read(&mut [0; 64]).await.unwrap() > 0);
    backend.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn ops_21_an_address_that_is_none_fails_the_start() {
    let config = kit::config(json!({"greenroom": {"ops": {"listen": "nowhere"}}}));
    let refused = greenroom_test::TestBackend::new().config(config).start().await.err().unwrap().to_string();
    assert!(refused.contains("Unable to parse listen address nowhere"), "{refused}");
}
