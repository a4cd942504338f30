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
    core::service,
    http_client::{BoxFuture, Call, CallError, Fault, HttpClientService, Stage},
    prelude::*,
};
use greenroom_plugin_rum::rum;
use greenroom_test::{RunningTestBackend, TestBackend, mock_credentials};
use http::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};

use crate::support::{Recorded, TOKEN, config, forwarding};

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

#[tokio::test]
async fn rum_52_while_datadog_does_not_answer_browsers_are_told_so_at_once() {
    let (tell, mut asked) = mpsc::unbounded_channel();
    let answers = Arc::new(Semaphore::new(0));
    let client =
        HttpClient::new(Silence { left: AtomicUsize::new(8), asked: tell, answers: answers.clone() });
    let client = service(async move || Ok(client));
    let backend = TestBackend::new().config(config(&json!({}))).add(rum()).add(client).start().await.unwrap();
    for _ in 0..8 {
        assert_eq!(good().send(&backend).await.status, 503);
    }
    let held = async {
        asked.recv().await.unwrap();
        let answer = good().send(&backend).await;
        let told = json!({"error": "Datadog's intake does not answer"});
        assert_eq!((answer.status.as_u16(), answer.json()), (503, told));
        assert!(asked.try_recv().is_err(), "one at a time finds out");
        answers.add_permits(2);
    };
    let request = good();
    let (probe, ()) = tokio::join!(request.send(&backend), held);
    assert_eq!(probe.status, 202);
    assert_eq!(good().send(&backend).await.status, 202);

    let told = counted(&backend).await;
    assert_eq!((&told["received"], &told["taken"], &told["failed"]), (&json!(11), &json!(2), &json!(8)));
    assert_eq!(told["refused"], json!({"Datadog's intake does not answer": 1}));
    let lines = backend.stop().await;
    let about =
        |text: &str| lines.iter().filter(|line| line["message"].as_str().unwrap().starts_with(text)).count();
    assert_eq!(about("Datadog's intake does not answer"), 1);
    assert_eq!(about("Datadog's intake answers again"), 1);
    assert_eq!(about("Browser events were refused"), 0);
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

#[tokio::test]
async fn rum_55_where_the_proxy_in_front_is_not_trusted_that_is_told_with_the_first_429() {
    let (backend, _) = forwarding(&json!({})).await;
    let of_user = |number: u32| good().with("x-forwarded-for", Some(&format!("192.0.2.{}", number % 250)));
    let (mut sent, mut refused) = (0, 0);
    while refused < 2 {
        assert!(sent < 5000, "one client may not ask so often");
        refused += u32::from(of_user(sent).send(&backend).await.status == 429);
        sent += 1;
    }
    let told = counted(&backend).await;
    assert_eq!(told["behindUntrustedProxy"], sent, "{told}");
    assert_eq!(told["refused"], json!({"too many requests": 2}));
    let lines = backend.stop().await;
    let about = lines.iter().filter(|line| {
        line["level"] == "warn" && line["message"].as_str().unwrap().contains("backend.trustProxy")
    });
    assert_eq!(about.count(), 1);
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
    let told = counted(&backend).await;
    for (name, count) in [("received", 3), ("taken", 1), ("failed", 1)] {
        assert_eq!(told[name], count, "{name}: {told}");
    }
    assert_eq!(told["refused"], json!({"the body cannot be read": 1}));
    assert!(told["events"].as_u64() >= Some(2), "{told}");
}
