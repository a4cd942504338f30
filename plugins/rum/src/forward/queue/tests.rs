use bytes::Bytes;
use greenroom::{
    http_client::{BoxFuture, CallError, HttpClientService, Stage},
    logging::{CaptureSink, RootLogger},
};
use http::{Response, StatusCode};

use super::*;
use crate::forward::breaker::SILENT;

/// Lets one through for each permit, and says what it saw.
#[derive(Clone)]
struct Gate {
    open: Arc<Semaphore>,
    seen: Arc<Mutex<Vec<usize>>>,
}

impl HttpClientService for Gate {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Response<Bytes>, CallError>> {
        Box::pin(async move {
            self.seen.lock().push(call.request().body().len());
            let late = Fault::Deadline { of: Stage::Answer, limit: PATIENCE };
            match tokio::time::timeout(PATIENCE, self.open.acquire()).await {
                Ok(permit) => permit.unwrap().forget(),
                Err(_) => return Err(CallError::new("intake.example:443", late)),
            }
            let mut answer = Response::default();
            *answer.status_mut() = StatusCode::ACCEPTED;
            Ok(answer)
        })
    }
}

struct Sending {
    gate: Gate,
    queue: Arc<Queue>,
    counts: Arc<Counts>,
    lines: CaptureSink,
}

fn sending(most: usize) -> Sending {
    let lines = CaptureSink::new();
    let logger = RootLogger::builder().sink(lines.clone()).build();
    let gate = Gate { open: Arc::new(Semaphore::new(0)), seen: Arc::default() };
    let counts = Arc::new(Counts::begin());
    let queue = Queue::start_with(&HttpClient::new(gate.clone()), counts.clone(), logger.plugin("rum"), most);
    Sending { gate, queue, counts, lines }
}

impl Sending {
    fn tell(&self, bytes: usize) {
        self.queue.tell(of(bytes), None).unwrap();
    }

    fn ask(&self, bytes: usize) -> impl Future<Output = Outcome> + use<> {
        self.queue.ask(of(bytes), None, Instant::now() + PATIENCE).unwrap()
    }

    /// As many as are under way at a time.
    async fn fill(&self) {
        let seen = self.gate.seen.lock().len();
        for count in 1..=AT_ONCE {
            self.tell(1);
            self.until_seen(seen + count).await;
        }
    }

    async fn until_seen(&self, count: usize) {
        while self.gate.seen.lock().len() < count {
            tokio::task::yield_now().await;
        }
    }

    fn messages(&self) -> Vec<String> {
        self.lines.json().iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }
}

fn of(bytes: usize) -> Call {
    Call::post("https://intake.example/api/v2/rum?x", vec![b'x'; bytes]).unwrap()
}

fn is_taken(outcome: &Outcome) -> bool {
    *outcome == Outcome::Answered(StatusCode::ACCEPTED)
}

#[tokio::test]
async fn rum_23_what_waits_is_bounded_and_nothing_that_was_taken_makes_room() {
    let sending = sending(100 + 2 * HEAD);
    sending.fill().await;
    sending.tell(60);
    sending.tell(40);
    assert_eq!(sending.queue.tell(of(1), None), Err(NotQueued::Full));
    let asked = sending.ask(1);
    sending.gate.open.add_permits(AT_ONCE + 3);
    assert!(is_taken(&asked.await), "who waits is bounded by the intake");
    sending.until_seen(AT_ONCE + 3).await;
    assert_eq!(sending.gate.seen.lock()[AT_ONCE..], [1, 60, 40]);
    sending.tell(100);
}

#[tokio::test(start_paused = true)]
async fn rum_52_who_waits_goes_first_and_is_told_in_time_whatever_the_queue_does() {
    let sending = sending(MOST);
    sending.fill().await;
    sending.tell(2);
    let (asked, gone) = (sending.ask(3), sending.ask(4));
    drop(gone);
    sending.gate.open.add_permits(AT_ONCE + 2);
    assert!(is_taken(&asked.await));
    sending.until_seen(AT_ONCE + 2).await;
    assert_eq!(sending.gate.seen.lock()[AT_ONCE..], [3, 2], "for whom nobody waits is not sent");

    // What is before it gets no answer, and takes all the time that it has.
    sending.fill().await;
    let began = Instant::now();
    assert!(matches!(sending.ask(5).await, Outcome::Failed(_)));
    assert_eq!(began.elapsed(), PATIENCE);
    assert!(!sending.gate.seen.lock().contains(&5));
}

#[tokio::test(start_paused = true)]
async fn rum_52_while_datadog_does_not_answer_one_asks_and_the_others_are_told_at_once() {
    let sending = sending(MOST);
    sending.fill().await;
    (0..20).for_each(|_| sending.tell(2));
    let waits = sending.ask(3);
    // All that are under way end without an answer, and that is known.
    assert!(matches!(waits.await, Outcome::Failed(_)));
    while sending.counts.told().failed < AT_ONCE as u64 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        sending.queue.tell(of(1), None),
        Err(NotQueued::Silent),
        "who does not wait finds nothing out"
    );
    let probe = sending.ask(7);
    assert!(sending.queue.is_shut());
    let other = sending.queue.ask(of(1), None, Instant::now() + PATIENCE);
    assert_eq!(other.err(), Some(NotQueued::Silent));
    assert!(matches!(probe.await, Outcome::Failed(_)));
    while sending.queue.is_shut() {
        tokio::task::yield_now().await;
    }

    let probe = sending.ask(8);
    sending.gate.open.add_permits(100);
    assert!(is_taken(&probe.await));
    let seen = |bytes| sending.gate.seen.lock().iter().filter(|seen| **seen == bytes).count();
    while seen(2) < 20 {
        tokio::task::yield_now().await;
    }
    assert_eq!(seen(3), 0, "its browser was told to send it again");
    sending.tell(1);
    let about = |text: &str| sending.messages().iter().filter(|line| line.contains(text)).count();
    assert_eq!((about("does not answer"), about("answers again")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn rum_52_calls_that_fail_at_once_are_no_silence() {
    #[derive(Clone)]
    struct Refusing;
    impl HttpClientService for Refusing {
        fn send(&self, _: Call) -> BoxFuture<'_, Result<Response<Bytes>, CallError>> {
            let refused = Fault::Connect("refused".to_owned());
            Box::pin(async { Err(CallError::new("intake.example:443", refused)) })
        }
    }
    let logger = RootLogger::builder().sink(CaptureSink::new()).build().plugin("rum");
    let queue = Queue::start(&HttpClient::new(Refusing), Arc::new(Counts::begin()), logger);
    for _ in 0..2 * SILENT {
        let outcome = queue.ask(of(1), None, Instant::now() + PATIENCE).unwrap().await;
        assert!(matches!(outcome, Outcome::Failed(why) if why.contains("refused")));
    }
    assert!(!queue.breaker.is_open());
}
