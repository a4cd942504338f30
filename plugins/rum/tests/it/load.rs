//! What the intake does when too much comes, or nothing goes out.

use std::{
    io::Write,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use greenroom::{
    context::spawn,
    core::service,
    http_client::{BoxFuture, Call, CallError, Fault, HttpClientService, Stage},
    prelude::*,
};
use greenroom_plugin_rum::rum;
use greenroom_test::{RunningTestBackend, TestBackend, TestResponse, mock_credentials};
use http::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};

use crate::support::{ID, Recorded, TOKEN, config, forwarding};

fn good() -> Recorded {
    Recorded::named("v7-string-proxy-010-rum")
}

async fn counted(backend: &RunningTestBackend) -> Value {
    backend.get("/api/rum/status").with_credentials(&mock_credentials::service()).await.json()
}

/// So many calls get no answer; each further one is told, and answered when that is let through.
struct Silence {
    left: AtomicUsize,
    asked: mpsc::UnboundedSender<()>,
    answers: Arc<Semaphore>,
}

impl HttpClientService for Silence {
    fn send(&self, _: Call) -> BoxFuture<'_, Result<Response<Bytes>, CallError>> {
        Box::pin(async {
            if self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
                let late = Fault::Deadline { of: Stage::Answer, limit: Duration::from_secs(10) };
                return Err(CallError::new("intake.example:443", late));
            }
            let _ = self.asked.send(());
            self.answers.acquire().await.unwrap().forget();
            let mut answer = Response::default();
            *answer.status_mut() = StatusCode::ACCEPTED;
            Ok(answer)
        })
    }
}

/// A browser, and what it is answered.
type Waits = JoinHandle<Option<TestResponse>>;

/// A backend behind a proxy that it trusts, and an intake that holds its answers.
struct Held {
    backend: RunningTestBackend,
    asked: mpsc::UnboundedReceiver<()>,
    answers: Arc<Semaphore>,
}

impl Held {
    /// So many calls get no answer before that.
    async fn after_silent(left: usize) -> Self {
        Self::with(left, &json!({})).await
    }

    /// With these deadlines, too.
    async fn with(left: usize, deadlines: &Value) -> Self {
        let (tell, asked) = mpsc::unbounded_channel();
        let answers = Arc::new(Semaphore::new(0));
        let client = HttpClient::new(Silence { left: left.into(), asked: tell, answers: answers.clone() });
        let client = service(async move || Ok(client));
        let mut config = config(&json!({}));
        config["backend"] = json!({"trustProxy": "loopback"});
        config["greenroom"]["deadlines"] = deadlines.clone();
        let backend = TestBackend::new().config(config).add(rum()).add(client).start().await.unwrap();
        Self { backend, asked, answers }
    }

    /// A request that waits for the intake, which has got it.
    async fn waits(&mut self, request: Recorded) -> Waits {
        let request = request.request(&self.backend);
        let waits = spawn("browser", async move { request.await });
        self.asked.recv().await.unwrap();
        waits
    }

    /// Lets the intake answer, and looks at what browsers are told.
    async fn all_are_taken(&self, waiting: Vec<Waits>) {
        self.answers.add_permits(1000);
        for waits in waiting {
            assert_eq!(waits.await.unwrap().unwrap().status, 202);
        }
    }

    async fn status_of(&self, request: Recorded) -> u16 {
        request.send(&self.backend).await.status.as_u16()
    }
}

/// As large as so many half MiB, of this client.
fn replay(half_mib: usize, client: &str) -> Recorded {
    let replay = Recorded::named("v7-string-proxy-004-replay").body(vec![b'x'; half_mib << 19]);
    replay.with("x-forwarded-for", Some(client))
}

#[tokio::test]
async fn rum_52_while_datadog_does_not_answer_browsers_are_told_so_at_once() {
    let mut held = Held::after_silent(8).await;
    for _ in 0..8 {
        assert_eq!(held.status_of(good()).await, 503);
    }
    let probe = held.waits(good()).await;
    let answer = good().send(&held.backend).await;
    let told = json!({"error": "Datadog's intake does not answer"});
    assert_eq!((answer.status.as_u16(), answer.json()), (503, told));
    assert!(held.asked.try_recv().is_err(), "one at a time finds out");

    // Before anything of a body has come.
    let host = held.backend.url().replace("http://", "");
    let mut connection = tokio::net::TcpStream::connect(&host).await.unwrap();
    let head = format!(
        "POST /api/rum/intake/api/v2/replay?dd-api-key={TOKEN} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 900000\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("does not answer"), "{answer}");

    held.all_are_taken(vec![probe]).await;
    assert_eq!(held.status_of(good()).await, 202);
    let told = counted(&held.backend).await;
    assert_eq!((&told["received"], &told["taken"], &told["failed"]), (&json!(12), &json!(2), &json!(8)));
    assert_eq!((&told["refused"], &told["waiting"]), (&json!({"silent": 2}), &json!(0)));
    let lines = held.backend.stop().await;
    assert_eq!(about(&lines, "Datadog's intake does not answer"), 1);
    assert_eq!(about(&lines, "Datadog's intake answers again"), 1);
    assert_eq!(about(&lines, "Browser events were refused"), 0);
}

#[tokio::test]
async fn rum_51_of_a_network_two_wait_and_of_all_32() {
    let mut held = Held::after_silent(0).await;
    let of = |network: u8, host: u8| replay(0, &format!("2001:db8:0:{network:x}00::{host}")).body("x");
    let mut waiting = vec![];
    for network in 1..=16 {
        for host in 1..=2 {
            waiting.push(held.waits(of(network, host)).await);
        }
        // It is answered, and the intake has not said anything.
        assert_eq!(held.status_of(of(network, 3)).await, 202);
        held.asked.recv().await.unwrap();
    }
    assert_eq!(held.status_of(of(17, 1)).await, 202);
    assert_eq!(counted(&held.backend).await["waiting"], 16 * 3 + 1);
    held.all_are_taken(waiting).await;
}

#[tokio::test]
async fn rum_53_of_a_client_16_mib_are_in_memory_and_of_all_64() {
    let mut held = Held::after_silent(0).await;
    let of = |client: u8| replay(18, &format!("192.0.2.{client}"));
    let mut waiting = vec![held.waits(of(1)).await];
    let told = json!({"error": "there is no room for it now"});
    assert_eq!(of(1).send(&held.backend).await.json(), told, "18 MiB of one");
    for client in 2..=7 {
        waiting.push(held.waits(of(client)).await);
    }
    assert_eq!(of(8).send(&held.backend).await.json(), told, "72 MiB of all");
    waiting.push(held.waits(replay(1, "192.0.2.8")).await);
    assert_eq!(counted(&held.backend).await["refused"], json!({"noRoom": 2}));
    held.all_are_taken(waiting).await;
    assert_eq!(held.status_of(of(1)).await, 202, "what was held is given back");
}

#[tokio::test]
async fn rum_53_what_is_answered_before_it_is_sent_leaves_half_of_the_memory() {
    let mut held = Held::after_silent(0).await;
    let of = |client: u8, half_mib: usize| replay(half_mib, &format!("192.0.2.{client}"));
    let mut waiting = vec![];
    for client in 1..=5 {
        // Who waits for the answer takes next to nothing here; the next ones do not wait.
        waiting.push(held.waits(of(client, 0).body("x")).await);
        waiting.push(held.waits(of(client, 0).body("x")).await);
        assert_eq!(held.status_of(of(client, 7)).await, 202);
        let second = if client < 5 { 202 } else { 503 };
        assert_eq!(held.status_of(of(client, 7)).await, second, "35 MiB of all are more than 32");
        if client == 1 {
            assert_eq!(held.status_of(of(client, 7)).await, 503, "10.5 MiB of one are more than 8");
        }
        while held.asked.try_recv().is_ok() {}
    }
    waiting.push(held.waits(of(6, 7)).await);
    held.all_are_taken(waiting).await;
}

#[tokio::test]
async fn rum_53_who_says_that_much_will_come_and_sends_nothing_takes_no_room() {
    let (backend, _) = forwarding(&json!({})).await;
    let host = backend.url().replace("http://", "");
    let mut silent = vec![];
    for _ in 0..10 {
        let mut connection = TcpStream::connect(&host).unwrap();
        write!(
            connection,
            "POST /api/rum/intake/api/v2/replay?dd-api-key={TOKEN} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 10485760\r\n\r\n"
        )
        .unwrap();
        silent.push(connection);
    }
    while counted(&backend).await["received"] != 10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(good().send(&backend).await.status, 202);
}

/// How many of these lines begin so.
fn about(lines: &[Value], text: &str) -> usize {
    lines.iter().filter(|line| line["message"].as_str().unwrap().starts_with(text)).count()
}

#[tokio::test]
async fn rum_55_where_the_proxy_in_front_is_not_trusted_that_is_told_with_the_first_429() {
    const PROXY: &str =
        "Browser events come through a proxy at 127.0.0.1 that is not trusted, or somebody there";
    let (backend, _) = forwarding(&json!({})).await;
    let (mut sent, mut refused) = (0, 0);
    // A browser that names one address itself is no proxy; one that asks for several may be.
    for (user, told) in [("192.0.2.1", 0), ("192.0.2.2", 1), ("192.0.2.3", 1)] {
        let until = refused + 2;
        while refused < until {
            assert!(sent < 5000, "one client may not ask so often");
            let answer = good().with("x-forwarded-for", Some(user)).send(&backend).await;
            refused += u32::from(answer.status == 429);
            sent += 1;
        }
        assert_eq!(about(&backend.logs(), PROXY), told, "{user}");
    }
    let told = counted(&backend).await;
    assert_eq!(told["behindUntrustedProxy"], sent, "{told}");
    assert_eq!(told["refused"], json!({"tooOften": 6}));
}

#[tokio::test]
async fn rum_55_behind_a_trusted_proxy_each_user_is_a_client() {
    let mut config = config(&json!({}));
    config["backend"] = json!({"trustProxy": "loopback"});
    let intake = crate::support::FakeIntake::default();
    let backend = TestBackend::new().config(config).add(rum()).add(intake.client()).start().await.unwrap();
    for user in 0..250 {
        let request = good().with("x-forwarded-for", Some(&format!("192.0.2.{user}")));
        assert_eq!(request.send(&backend).await.status, 202);
    }
    assert_eq!(counted(&backend).await["behindUntrustedProxy"], 0);
}

#[tokio::test]
async fn rum_47_what_came_is_counted_whatever_datadog_says_to_it() {
    let (backend, intake) = forwarding(&json!({})).await;
    intake.answers(Ok(StatusCode::FORBIDDEN));
    assert_eq!(good().send(&backend).await.status, 403);
    assert_eq!(good().send(&backend).await.status, 202);
    assert_eq!(good().body("{").send(&backend).await.status, 400);
    let own = json!({"type": "resource", "application": {"id": ID}, "resource": {"url": "/api/rum/intake"}});
    assert_eq!(good().body(own.to_string()).send(&backend).await.status, 202);
    let told = counted(&backend).await;
    for (name, count) in [("received", 4), ("taken", 1), ("failed", 1), ("empty", 1), ("waiting", 0)] {
        assert_eq!(told[name], count, "{name}: {told}");
    }
    assert_eq!(told["refused"], json!({"unreadable": 1}));
    assert!(told["events"].as_u64() >= Some(2), "{told}");
}

/// Little to send, and as much to look at as may be.
fn slow() -> Vec<u8> {
    // Something that does not shrink, or it would be a bomb.
    let whole: String =
        (0..4000_u32).map(|number| format!("{:08x}", number.wrapping_mul(2_654_435_761))).collect();
    let view = json!({"id": "0b1c2d3e-4f50-4a6b-8c7d-8e9fa0b1c2d3"});
    let text = "/?a=%2F%3Ftoken%3Dx&".repeat(1500);
    let of = |message: &str| {
        let (application, error) = (json!({"id": ID}), json!({"message": message}));
        json!({"type": "error", "application": application, "view": view, "error": error}).to_string()
    };
    let mut deflated = flate2::write::ZlibEncoder::new(vec![], flate2::Compression::default());
    deflated
        .write_all([of(&text), of(&text), of(&text), of(&text), of(&whole)].join("\n").as_bytes())
        .unwrap();
    deflated.finish().unwrap()
}

#[tokio::test]
async fn rum_54_one_client_whose_bodies_take_long_keeps_nobody_else_waiting() {
    const BODIES: usize = 10;
    let mut config = config(&json!({}));
    config["backend"] = json!({"trustProxy": "loopback"});
    let intake = crate::support::FakeIntake::default();
    let backend = TestBackend::new().config(config).add(rum()).add(intake.client()).start().await.unwrap();
    let of = |client: &str| good().with("x-forwarded-for", Some(client));
    let long = Recorded::named("v7-deflate-004-rum").body(slow()).with("x-forwarded-for", Some("192.0.2.1"));
    let mut long: futures_util::stream::FuturesUnordered<_> = (0..BODIES)
        .map(|_| {
            let request = long.request(&backend);
            spawn("browser", async move { request.await })
        })
        .collect();
    // When it is answered, the other ones, which are short, have come long since.
    let first = futures_util::StreamExt::next(&mut long).await.unwrap().unwrap().unwrap();
    assert_eq!(first.status, 202);
    assert_eq!(of("192.0.2.2").send(&backend).await.status, 202);
    let waiting = counted(&backend).await["waiting"].as_u64().unwrap();
    assert!(waiting >= BODIES as u64 / 2, "the others of the first client are not in front of it: {waiting}");
}

#[tokio::test]
async fn rum_59_a_stop_sends_what_browsers_were_told_is_taken_however_slow_the_intake_is() {
    let mut held = Held::after_silent(0).await;
    let of = |client: u8| replay(0, &format!("192.0.2.{client}")).body("x");
    let mut waiting = vec![];
    for client in [1, 1, 2, 2] {
        waiting.push(held.waits(of(client)).await);
    }
    for told in 0..100 {
        assert_eq!(held.status_of(of(1 + told % 2)).await, 202);
    }
    let Held { backend, mut asked, answers } = held;
    let stop = spawn("stop", backend.stop());
    answers.add_permits(waiting.len());
    for _ in 0..100 {
        asked.recv().await.expect("the stop waits for all of them");
        answers.add_permits(1);
    }
    for waits in waiting {
        assert_eq!(waits.await.unwrap().unwrap().status, 202);
    }
    let lines = stop.await.unwrap().unwrap();
    assert_eq!(about(&lines, "Browser events"), 0);
}

#[tokio::test]
async fn rum_59_what_a_stop_cannot_send_and_what_was_counted_is_told() {
    let mut held = Held::with(0, &json!({"shutdownHook": "1ms"})).await;
    let of = || replay(0, "192.0.2.1").body("x");
    let waiting = vec![held.waits(of()).await, held.waits(of()).await];
    for _ in 0..5 {
        assert_eq!(held.status_of(of()).await, 202);
        held.asked.recv().await.unwrap();
    }
    held.answers.add_permits(waiting.len());
    for waits in waiting {
        assert_eq!(waits.await.unwrap().unwrap().status, 202);
    }
    assert_eq!(held.status_of(good().url("/api/rum/intake?x".to_owned())).await, 400);
    for _ in 0..3 {
        assert_eq!(held.status_of(good().body(vec![b'x'; 2 << 20])).await, 413);
    }
    let lines = held.backend.stop().await;
    let told =
        lines.iter().filter(|line| line["message"].as_str().unwrap().starts_with("Browser events were"));
    let told: Vec<_> =
        told.map(|line| (line["message"].as_str().unwrap(), line["count"].as_u64().unwrap())).collect();
    assert_eq!(
        told,
        [
            ("Browser events were refused: the URL names no track of the intake", 1),
            ("Browser events were refused: the body is too large", 1),
            ("Browser events were refused: the body is too large", 2),
            (
                "Browser events were answered and not sent to Datadog's intake before the stop: they are lost",
                5
            ),
        ]
    );
}
