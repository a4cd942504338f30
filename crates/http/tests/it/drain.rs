//! A stop under load: with a delay, nothing that began before its end is refused, reset or left without its line.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use greenroom_http::Path;
use serde_json::json;
use tokio::{net::TcpStream, time::Instant};

use crate::kit::Kit;

fn kit(delay: u64) -> Kit {
    let sleep = async |Path(millis): Path<u64>| {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        "slept"
    };
    Kit::new()
        .config("backend.lifecycle.serverShutdownDelay", json!({"milliseconds": delay}))
        .open(Router::new().route("/sleep/{millis}", get(sleep)))
}

/// What became of the requests of one loop.
#[derive(Default)]
struct Seen {
    answered: AtomicUsize,
    lost: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_begun_before_the_delay_ends_is_refused_or_reset() {
    const DELAY: Duration = Duration::from_millis(1000);
    let up = kit(1000).start().await;
    let (client, lines) = (up.client, up.lines.clone());
    let seen = Arc::new(Seen::default());
    let enough = Arc::new(AtomicBool::new(false));
    let mut loops = tokio::task::JoinSet::new();
    for number in 0..8_u64 {
        let (seen, enough) = (seen.clone(), enough.clone());
        loops.spawn(async move {
            let fresh = number % 2 == 0;
            let mut kept = None;
            while !enough.load(SeqCst) {
                let mut connection = match kept.take() {
                    Some(connection) => connection,
                    None => match TcpStream::connect(client.0).await {
                        Ok(_) if enough.load(SeqCst) => return,
                        Ok(stream) => crate::kit::Connection::over(stream),
                        Err(_) => {
                            if !enough.load(SeqCst) {
                                seen.lost.fetch_add(1, SeqCst);
                            }
                            return;
                        }
                    },
                };
                let begun_in_time = !enough.load(SeqCst);
                let close = if fresh { "Connection: close\r\n" } else { "" };
                connection
                    .send(format!("GET /api/x/sleep/{number} HTTP/1.1\r\nHost: x\r\n{close}\r\n"))
                    .await;
                match connection.try_answer("GET").await {
                    Some(answer) => {
                        assert_eq!(answer.status, 200, "{}", answer.head);
                        seen.answered.fetch_add(1, SeqCst);
                        if answer.header("connection") == Some("keep-alive") {
                            kept = Some(connection);
                        }
                    }
                    None if begun_in_time => {
                        seen.lost.fetch_add(1, SeqCst);
                    }
                    None => {}
                }
            }
        });
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut last = client.connect().await;
    let stopping = Instant::now();
    let stopped = up.stop();
    tokio::time::sleep(DELAY.saturating_sub(Duration::from_millis(50))).await;
    // One more that is in flight when the delay ends, and one whose header is not complete.
    last.send("GET /api/x/sleep/300 HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut partial = client.connect().await;
    partial.send("GET /api/x/sleep/1 HTTP/1.1\r\nHo").await;
    enough.store(true, SeqCst);
    loops.join_all().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    partial.send("st: x\r\n\r\n").await;
    let answer = partial.answer("GET").await;
    assert!(matches!(answer.status, 200 | 503), "{}", answer.head);
    assert_eq!(answer.header("connection"), Some("close"), "no further request is wanted");
    let answer = last.answer("GET").await;
    assert_eq!((answer.seen(), answer.header("connection")), ((200, "slept"), Some("close")));
    stopped.await.unwrap();
    assert!(stopping.elapsed() >= DELAY, "{:?}", stopping.elapsed());
    let answered = seen.answered.load(SeqCst) + 2;
    assert_eq!(seen.lost.load(SeqCst), 0, "of {answered}");
    let told = lines.json().iter().filter(|line| line["type"] == "incomingRequest").count();
    assert_eq!(told, answered, "each has its line");
    assert!(answered > 100, "{answered}");
}

#[tokio::test]
async fn idle_connections_are_closed_and_do_not_hold_the_drain() {
    let up = kit(0).start().await;
    let mut idle = up.client.connect().await;
    assert_eq!(idle.ask("GET", "/nope", &[], b"").await.status, 404);
    let mut fresh = up.client.connect().await;
    let begun = Instant::now();
    let stopped = up.stop();
    idle.ends().await;
    fresh.ends().await;
    drop((idle, fresh));
    stopped.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}
