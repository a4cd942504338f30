//! What leaves, when, and what does not.

use std::collections::BTreeMap;

use bytes::Bytes;
use greenroom::{
    http_client::{BoxFuture, CallError, HttpClientService, Stage},
    logging::{CaptureSink, RootLogger},
};
use http::{Response, StatusCode};

use super::*;
use crate::{
    bounds::{Client, Shares},
    counts::Counts,
    forward::breaker::SILENT,
};

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
            let late = Fault::Deadline { of: Stage::Answer, limit: ANSWER_TIME };
            match tokio::time::timeout(ANSWER_TIME, self.open.acquire()).await {
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
    memory: Arc<Shares>,
    counts: Arc<Counts>,
    lines: CaptureSink,
}

fn started(client: impl HttpClientService, logger: Logger) -> Arc<Queue> {
    Queue::start(&HttpClient::new(client), logger.clone(), Troubles::start(logger))
}

fn sending() -> Sending {
    let lines = CaptureSink::new();
    let logger = RootLogger::builder().sink(lines.clone()).build();
    let gate = Gate { open: Arc::new(Semaphore::new(0)), seen: Arc::default() };
    let queue = started(gate.clone(), logger.plugin("rum"));
    Sending { gate, queue, memory: Shares::new(1000, 1000), counts: Arc::new(Counts::begin()), lines }
}

impl Sending {
    fn tell(&self, bytes: usize) {
        assert_eq!(self.queue.tell(self.of(bytes)), Ok(()));
    }

    fn ask(&self, bytes: usize) -> impl Future<Output = Result<Outcome, Refusal>> + use<> {
        self.queue.ask(self.of(bytes), Instant::now() + ANSWER_TIME)
    }

    fn of(&self, bytes: usize) -> Outgoing {
        let call = Call::post("https://intake.example/api/v2/rum?x", vec![b'x'; bytes]).unwrap();
        let share = self.memory.take(Client::at(None), bytes).unwrap();
        Outgoing { call, share, received: self.counts.count_received() }
    }

    /// As many as are under way at a time.
    async fn fill(&self) {
        let seen = self.gate.seen.lock().len();
        for count in 1..=CALLS_AT_ONCE {
            self.tell(1);
            self.until_seen(seen + count).await;
        }
    }

    async fn until_seen(&self, count: usize) {
        while self.gate.seen.lock().len() < count {
            tokio::task::yield_now().await;
        }
    }

    async fn until_failed(&self, count: usize) {
        while self.counts.told().failed < count as u64 {
            tokio::task::yield_now().await;
        }
    }

    async fn until_nothing_waits(&self) {
        while self.counts.told().waiting > 0 {
            tokio::task::yield_now().await;
        }
    }

    fn messages(&self) -> Vec<String> {
        self.lines.json().iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }
}

fn is_taken(outcome: &Result<Outcome, Refusal>) -> bool {
    *outcome == Ok(Outcome::Answered(StatusCode::ACCEPTED))
}

fn has_failed(outcome: &Result<Outcome, Refusal>) -> bool {
    matches!(outcome, Ok(Outcome::Failed(_)))
}

#[tokio::test]
async fn rum_23_what_was_taken_is_sent_in_order_and_has_its_share_of_the_memory_until_then() {
    let sending = sending();
    sending.fill().await;
    sending.tell(600);
    sending.tell(300);
    assert!(sending.memory.take(Client::at(None), 100).is_none());
    sending.gate.open.add_permits(CALLS_AT_ONCE + 2);
    sending.until_seen(CALLS_AT_ONCE + 2).await;
    assert_eq!(sending.gate.seen.lock()[CALLS_AT_ONCE..], [600, 300]);
    sending.until_nothing_waits().await;
    assert!(sending.memory.take(Client::at(None), 1000).is_some());
}

#[tokio::test(start_paused = true)]
async fn rum_52_who_waits_goes_first_and_is_told_in_time_whatever_the_queue_does() {
    let sending = sending();
    sending.fill().await;
    sending.tell(2);
    let (asked, gone) = (sending.ask(3), sending.ask(4));
    drop(gone);
    sending.gate.open.add_permits(CALLS_AT_ONCE + 2);
    assert!(is_taken(&asked.await));
    sending.until_seen(CALLS_AT_ONCE + 2).await;
    assert_eq!(sending.gate.seen.lock()[CALLS_AT_ONCE..], [3, 2], "for whom nobody waits is not sent");
    assert_eq!(sending.counts.told().unsent, 1);

    // What is before it is answered too late.
    sending.fill().await;
    let asked = sending.queue.ask(sending.of(5), Instant::now() + ANSWER_TIME / 2);
    assert_eq!(asked.await, Err(Refusal::Late));
    sending.gate.open.add_permits(CALLS_AT_ONCE);
    sending.until_nothing_waits().await;
    assert!(!sending.gate.seen.lock().contains(&5));
    assert_eq!(sending.counts.told().refused, BTreeMap::from([("late".to_owned(), 1)]));
}

#[tokio::test(start_paused = true)]
async fn rum_52_while_datadog_does_not_answer_one_asks_and_the_others_are_told_at_once() {
    let sending = sending();
    sending.fill().await;
    (0..20).for_each(|_| sending.tell(2));
    tokio::time::advance(ANSWER_TIME / 2).await;
    let (mut waiting, began): (Vec<_>, _) = ((0..SILENT).map(|_| sending.ask(3)).collect(), Instant::now());
    // All that are under way end without an answer. Before so many have that it is known, the next ones are tried; the others are not.
    assert_eq!(waiting.pop().unwrap().await, Err(Refusal::Silent));
    assert!(began.elapsed() < ANSWER_TIME);
    sending.until_failed(CALLS_AT_ONCE).await;
    assert_eq!(
        sending.queue.tell(sending.of(1)),
        Err(Refusal::Silent),
        "who does not wait finds nothing out"
    );
    let probe = sending.ask(7);
    assert!(sending.queue.is_refusing());
    assert_eq!(sending.ask(1).await, Err(Refusal::Silent));
    assert!(!is_taken(&probe.await));
    while sending.queue.is_refusing() {
        tokio::task::yield_now().await;
    }

    sending.until_failed(CALLS_AT_ONCE + SILENT).await;
    let told = sending.counts.told();
    assert_eq!(told.waiting, 20);
    assert_eq!(told.refused, BTreeMap::from([("silent".to_owned(), 3)]));
    assert_eq!(told.received, told.waiting + told.failed + 3, "each is counted once");

    let probe = sending.ask(8);
    sending.gate.open.add_permits(100);
    assert!(is_taken(&probe.await));
    let seen = |bytes| sending.gate.seen.lock().iter().filter(|seen| **seen == bytes).count();
    while seen(2) < 20 {
        tokio::task::yield_now().await;
    }
    assert_eq!(seen(3), SILENT - 1, "the browser of the last one was told to send it again");
    sending.tell(1);
    let about = |text: &str| sending.messages().iter().filter(|line| line.contains(text)).count();
    assert_eq!((about("intake does not answer"), about("answers again")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn rum_52_only_calls_that_were_sent_and_had_time_say_that_datadog_does_not_answer() {
    let sending = sending();
    for _ in 0..2 * SILENT {
        let until = Instant::now() + ANSWER_TIME / 2 - Duration::from_millis(1);
        let _ = sending.queue.ask(sending.of(1), until).await;
    }
    tokio::time::sleep(ANSWER_TIME).await;
    assert_eq!(sending.counts.told().failed, 2 * SILENT as u64);
    assert!(!sending.queue.breaker.is_tripped());

    let late = |of| Fault::Deadline { of, limit: ANSWER_TIME };
    assert!(
        [Stage::Connect, Stage::Answer, Stage::Body].iter().all(|of| is_silence(&late(*of), ANSWER_TIME))
    );
    assert!(!is_silence(&late(Stage::Turn), ANSWER_TIME));
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
    let sending = Sending { queue: started(Refusing, logger), ..sending() };
    for _ in 0..2 * SILENT {
        assert!(has_failed(&sending.ask(1).await));
    }
    assert!(!sending.queue.breaker.is_tripped());
}

#[tokio::test(start_paused = true)]
async fn rum_59_a_stop_sends_what_was_answered_however_much_waits() {
    let sending = sending();
    sending.fill().await;
    (0..2 * CALLS_AT_ONCE).for_each(|_| sending.tell(2));
    sending.gate.open.add_permits(3 * CALLS_AT_ONCE);
    assert_eq!(sending.queue.finish(ANSWER_TIME).await, 0);
    assert_eq!(sending.counts.told().taken, 3 * CALLS_AT_ONCE as u64);
}

#[tokio::test(start_paused = true)]
async fn rum_59_what_a_stop_cannot_send_is_counted_and_not_waited_for() {
    let sending = sending();
    sending.fill().await;
    (0..20).for_each(|_| sending.tell(2));
    let browser = sending.ask(3);
    let (began, time) = (Instant::now(), ANSWER_TIME / 2);
    assert_eq!(sending.queue.finish(time).await, CALLS_AT_ONCE + 20, "its browser sends the last one again");
    assert_eq!(began.elapsed(), time);
    drop(browser);
}

#[tokio::test(start_paused = true)]
async fn rum_59_at_a_stop_what_waits_for_datadog_to_answer_is_tried() {
    let sending = sending();
    sending.fill().await;
    (0..20).for_each(|_| sending.tell(2));
    tokio::time::sleep(ANSWER_TIME).await;
    sending.until_failed(CALLS_AT_ONCE).await;
    assert!(sending.queue.breaker.is_tripped());
    let waiting = sending.counts.told().waiting as usize;
    assert!(waiting > 0);
    sending.gate.open.add_permits(waiting);
    assert_eq!(sending.queue.finish(ANSWER_TIME).await, 0);
    assert_eq!(sending.counts.told().taken, waiting as u64);
}
