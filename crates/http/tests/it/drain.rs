//! A stop under load: with a delay, nothing that began before its end is refused, reset or left without its line.

use std::{
    io::{Read, Write},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, extract::Request, routing::get};
use futures_util::future::BoxFuture;
use greenroom_core::service;
use greenroom_http::{Forward, Forwarded, Forwarding, Passage, Reach};
use serde_json::json;
use tokio::{
    net::TcpStream,
    sync::Notify,
    time::{Instant, timeout},
};

use crate::kit::{Client, Connection, Kit, PATIENCE, until};

const REQUEST: &str = "GET /nope HTTP/1.1\r\nHost: x\r\n\r\n";

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
        let connection = match kept.take() {
            Some(connection) => Some(connection),
            None => TcpStream::connect(client.0).await.ok().map(Connection::over),
        };
        let (mut answer, mut given) = (None, Instant::now());
        if let Some(mut connection) = connection {
            let close = if fresh { "Connection: close\r\n" } else { "" };
            connection.send(format!("GET /api/x/short HTTP/1.1\r\nHost: x\r\n{close}\r\n")).await;
            // From here on the kernel has it, however late this task comes to run.
            given = Instant::now();
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
            None if must_be_served(given) => {
                seen.lost.fetch_add(1, SeqCst);
            }
            None => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_16_nothing_begun_before_the_delay_ends_is_refused_or_reset() {
    /// Long enough for two requests to be sent in it, whatever else the machine does.
    const DELAY: Duration = Duration::from_secs(3);
    let short = async || {
        tokio::time::sleep(Duration::from_millis(3)).await;
        "slept"
    };
    let (begun, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, go_on) = (begun.clone(), release.clone());
    let held = async move || {
        tell.notify_one();
        go_on.notified().await;
        "held"
    };
    let router = Router::new().route("/short", get(short)).route("/held", get(held));
    let delay = json!({"milliseconds": DELAY.as_millis()});
    let up = Kit::new().config("backend.lifecycle.serverShutdownDelay", delay).open(router).start().await;
    let (client, lines) = (up.client, up.lines.clone());
    let seen = Arc::new(Seen::default());
    let stopping = Arc::new(OnceLock::<Instant>::new());
    let mut loops = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (seen, stopping) = (seen.clone(), stopping.clone());
        let must_be_served = move |at: Instant| stopping.get().is_none_or(|since| at < *since + DELAY);
        #[expect(clippy::disallowed_methods, reason = "a client belongs to no backend")]
        loops.spawn(ask_until_refused(client, number % 2 == 0, seen, must_be_served));
    }
    until(async || seen.answered.load(SeqCst) > 100).await;
    let (mut last, mut partial, mut idle) =
        (client.connect().await, client.connect().await, client.connect().await);
    let since = *stopping.get_or_init(Instant::now);
    let stopped = up.stop();
    let before = seen.answered.load(SeqCst);
    until(async || client.get("/.backstage/health/v1/readiness").await.status == 503).await;
    // One that is in flight when the delay ends, and one whose header is complete only later.
    last.send("GET /api/x/held HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let (start, rest) = REQUEST.split_at(22);
    partial.send(start).await;
    timeout(PATIENCE, begun.notified()).await.unwrap();
    idle.ends().await;
    assert!(since.elapsed() >= DELAY, "{:?}", since.elapsed());
    partial.send(rest).await;
    let answer = partial.answer("GET").await;
    assert_eq!((answer.status, answer.header("connection")), (404, Some("close")));
    release.notify_one();
    let answer = last.answer("GET").await;
    assert_eq!((answer.seen(), answer.header("connection")), ((200, "held"), Some("close")));
    stopped.await.unwrap();
    loops.join_all().await;
    let answered = seen.answered.load(SeqCst);
    assert!(answered > before, "the load goes on while it stops");
    assert_eq!(seen.lost.load(SeqCst), 0, "of {answered}");
    let requests = lines.json().into_iter().filter(|line| line["type"] == "incomingRequest");
    let told = requests.filter(|line| !line["url"].as_str().unwrap().ends_with("/readiness")).count();
    assert_eq!(told, answered + 2, "each has its line");
}

#[tokio::test]
async fn idle_connections_are_closed_and_do_not_hold_the_drain() {
    let for_ever = json!({"keepAliveTimeout": 0, "headersTimeout": 0, "requestTimeout": 0});
    let up = Kit::new().config("backend.server", for_ever).start().await;
    let mut idle = up.client.connect().await;
    assert_eq!(idle.ask("GET", "/nope", &[], b"").await.status, 404);
    let mut fresh = up.client.connect().await;
    let stopped = up.stop();
    idle.ends().await;
    fresh.ends().await;
    drop((idle, fresh));
    // A drain that is held gives up later than that.
    timeout(PATIENCE, stopped).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_the_kernel_holds_when_the_drain_begins_is_answered() {
    let up = Kit::new().start().await;
    let mut kept = up.client.connect().await;
    assert_eq!(kept.ask("GET", "/nope", &[], b"").await.header("connection"), Some("keep-alive"));
    let mut kept = kept.stream.into_std().unwrap();
    // From here to the stop nothing yields: the server learns of these requests and of the stop at once.
    let mut fresh = std::net::TcpStream::connect(up.client.0).unwrap();
    fresh.write_all(REQUEST.as_bytes()).unwrap();
    kept.write_all(REQUEST.as_bytes()).unwrap();
    up.running.stop().await;
    for mut stream in [fresh, kept] {
        stream.set_nonblocking(false).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
    }
}

/// Whose other server has ended.
struct Ended;

impl Forward for Ended {
    fn reach(&self) -> Reach {
        Reach::default()
    }

    fn has_ended(&self) -> bool {
        true
    }

    fn forward(&self, _: Request, _: Passage) -> BoxFuture<'static, Forwarded> {
        unreachable!("nobody asks")
    }
}

#[tokio::test]
async fn in_front_of_a_server_that_has_ended_a_stop_waits_for_no_delay() {
    let forwarding = service(async || Ok(Forwarding::new(Ended)));
    let delay = json!({"seconds": 2 * PATIENCE.as_secs()});
    let up = Kit::new().config("backend.lifecycle.serverShutdownDelay", delay).add(forwarding).start().await;
    timeout(PATIENCE, up.stop()).await.expect("no delay").unwrap();
}
