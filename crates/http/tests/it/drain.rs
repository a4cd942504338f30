//! A stop under load: with a delay, nothing that began before its end is refused, reset or left without its line.

use std::{
    io::{Read, Write},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use greenroom_http::Path;
use serde_json::json;
use tokio::{net::TcpStream, time::Instant};

use crate::kit::{Client, Connection, Kit};

fn kit(delay: u64) -> Kit {
    let sleep = async |Path(millis): Path<u64>| {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        "slept"
    };
    Kit::new()
        .config("backend.lifecycle.serverShutdownDelay", json!({"milliseconds": delay}))
        .open(Router::new().route("/sleep/{millis}", get(sleep)))
}

/// What became of the requests.
#[derive(Default)]
struct Seen {
    answered: AtomicUsize,
    lost: AtomicUsize,
}

/// Asks on and on, on a kept connection or a fresh one each time, until a request fails that may.
async fn ask_until_refused(
    client: Client,
    fresh: bool,
    seen: Arc<Seen>,
    must_be_served: impl Fn(Instant) -> bool,
) {
    let mut kept = None;
    loop {
        let begun = Instant::now();
        let connection = match kept.take() {
            Some(connection) => Some(connection),
            None => TcpStream::connect(client.0).await.ok().map(Connection::over),
        };
        let mut answer = None;
        if let Some(mut connection) = connection {
            let close = if fresh { "Connection: close\r\n" } else { "" };
            connection.send(format!("GET /api/x/sleep/3 HTTP/1.1\r\nHost: x\r\n{close}\r\n")).await;
            answer = connection.try_answer("GET").await;
            let is_kept = answer.as_ref().is_some_and(|a| a.header("connection") == Some("keep-alive"));
            kept = Some(connection).filter(|_| is_kept);
        }
        match answer {
            Some(answer) => {
                let in_time = must_be_served(Instant::now());
                assert!(answer.status == 200 || (answer.status == 503 && !in_time), "{}", answer.head);
                seen.answered.fetch_add(1, SeqCst);
            }
            None if must_be_served(begun) => {
                seen.lost.fetch_add(1, SeqCst);
            }
            None => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p118_nothing_begun_before_the_delay_ends_is_refused_or_reset() {
    const DELAY: Duration = Duration::from_millis(1000);
    let up = kit(1000).start().await;
    let (client, lines) = (up.client, up.lines.clone());
    let seen = Arc::new(Seen::default());
    let stopping = Arc::new(OnceLock::<Instant>::new());
    let mut loops = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (seen, stopping) = (seen.clone(), stopping.clone());
        let must_be_served = move |at: Instant| stopping.get().is_none_or(|since| at < *since + DELAY);
        loops.spawn(ask_until_refused(client, number % 2 == 0, seen, must_be_served));
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut last = client.connect().await;
    let mut partial = client.connect().await;
    let since = *stopping.get_or_init(Instant::now);
    let stopped = up.stop();
    tokio::time::sleep(DELAY - Duration::from_millis(30)).await;
    // One that is in flight when the delay ends, and one whose header is complete only later.
    last.send("GET /api/x/sleep/400 HTTP/1.1\r\nHost: x\r\n\r\n").await;
    partial.send("GET /nope HTTP/1.1\r\nHo").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    partial.send("st: x\r\n\r\n").await;
    let answer = partial.answer("GET").await;
    assert_eq!((answer.status, answer.header("connection")), (404, Some("close")));
    let answer = last.answer("GET").await;
    assert_eq!((answer.seen(), answer.header("connection")), ((200, "slept"), Some("close")));
    stopped.await.unwrap();
    assert!(since.elapsed() >= DELAY, "{:?}", since.elapsed());
    loops.join_all().await;
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

#[tokio::test]
async fn what_the_kernel_holds_when_the_drain_begins_is_answered() {
    let up = kit(0).start().await;
    let request = "GET /nope HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut kept = up.client.connect().await;
    assert_eq!(kept.ask("GET", "/nope", &[], b"").await.header("connection"), Some("keep-alive"));
    let mut kept = kept.stream.into_std().unwrap();
    // From here to the stop nothing yields: the server learns of these requests and of the stop at once.
    let mut fresh = std::net::TcpStream::connect(up.client.0).unwrap();
    fresh.write_all(request.as_bytes()).unwrap();
    kept.write_all(request.as_bytes()).unwrap();
    up.running.stop().await;
    for mut stream in [fresh, kept] {
        stream.set_nonblocking(false).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
    }
}
