//! What the doctor says of what was counted.

use super::*;
use crate::doctor::{
    finding::Severity,
    tests::{findings, only_error},
};

fn told(counts: &Status, forwards: bool) -> Diagnosis {
    let mut told = Diagnosis::default();
    check(counts, forwards, 100.0, &mut told);
    told
}

fn counts() -> Status {
    let recipient = DATADOG.to_owned();
    Status { recipient, for_seconds: 3600, pages: 20, init: 5, sdk: 5, sessions: 4, ..Status::default() }
}

fn warning(told: &Diagnosis) -> String {
    findings(told, Severity::Warning).map(|found| found.what.clone()).collect()
}

#[test]
fn rum_46_the_step_at_which_events_get_lost_is_named() {
    let just_started = Status { for_seconds: 1, ..Status::default() };
    assert_eq!(warning(&told(&just_started, true)), "");
    let none = Status { for_seconds: 90, ..Status::default() };
    assert_eq!(warning(&told(&none, true)), "No browser has asked this backend for a page in the last 90 s");
    let said = told(&counts(), true).text();
    assert!(
        said.contains(
            "note: In the last 60 min: 20 pages, 5 init scripts, 5 SDK files, 4 sessions, 0 requests received, 0 events, 0 \
             requests taken by Datadog, 0 failed"
        ),
        "{said}"
    );
    let no_script = Status { init: 0, sdk: 0, sessions: 0, ..counts() };
    assert!(warning(&told(&no_script, true)).contains("none fetched the script"));
    let no_session = Status { sessions: 0, ..counts() };
    assert!(warning(&told(&no_session, true)).contains("none has begun a session"));
    let no_batch = told(&counts(), true);
    assert_eq!(only_error(&no_batch).why, "sessions begin, and their events do not reach the backend");
    let direct = told(&counts(), false);
    assert!(!direct.has_errors() && direct.text().contains("browsers alone"), "{}", direct.text());
}

#[test]
fn rum_46_what_the_intake_refused_is_told_by_reason() {
    let mut counts = Status { received: 1, ..counts() };
    counts.refused.insert("wrongOrigin".to_owned(), 3);
    let told = told(&counts, true);
    assert_eq!(
        warning(&told),
        "3 times in the last 60 min events were refused: the page is not of this portal"
    );
    assert!(
        told.text()
            .contains("help: If the page is yours, write its origin into greenroom.rum.allowedOrigins")
    );
    for (refusal, help) in [
        (Refusal::WrongToken, "A page that was loaded before the backend was restarted"),
        (Refusal::TooOften, "name it in backend.trustProxy"),
    ] {
        assert!(advice(refusal).is_some_and(|told| told.contains(help)), "{refusal:?}");
    }
}

#[test]
fn rum_46_what_no_greenroom_counts_is_told_in_few_words() {
    let odd = Status {
        for_seconds: 1 << 63,
        received: u64::MAX,
        refused: (0..40).map(|number| (format!("reason {number}"), number)).collect(),
        last_answer: Some(LastAnswer { seconds_ago: u64::MAX, status: Some(202), failure: None }),
        ..counts()
    };
    let text = told(&odd, true).text();
    assert!(
        text.starts_with(
            "Browser events arrive: Datadog has taken 0 requests since an unknown time, the last at an"
        ),
        "{text}"
    );
    assert!(text.contains("an unknown number of requests received"), "{text}");
    assert!(text.contains("39 times since an unknown time") && !text.contains("reason 29\n"), "{text}");
    assert!(text.contains("note: Events were refused for 30 more reasons"), "{text}");
    let long = Status { recipient: "r".repeat(9), refused: odd.refused, ..counts() };
    let alike = with_texts(long, |text| text.chars().take(1).collect());
    assert_eq!((&*alike.recipient, &alike.refused), ("r", &BTreeMap::from([("r".to_owned(), 780)])));
}

#[test]
fn rum_46_a_proxy_that_is_not_trusted_is_told() {
    let told = told(&Status { received: 9, behind_untrusted_proxy: 9, ..counts() }, true);
    assert!(
        warning(&told).starts_with(
            "9 requests in the last 60 min came by a proxy that backend.trustProxy does not name"
        ),
        "{told:?}"
    );
}

#[test]
fn rum_46_the_last_answer_of_datadog_decides() {
    let with = |status, failure: Option<&str>| {
        let failure = failure.map(str::to_owned);
        let last_answer = Some(LastAnswer { seconds_ago: 12, status, failure });
        told(
            &Status {
                received: 3,
                events: 9,
                taken: 3,
                last_answer,
                last_received_seconds_ago: Some(12),
                ..counts()
            },
            true,
        )
    };
    assert_eq!(
        with(Some(202), None).text().lines().next(),
        Some(
            "Browser events arrive: Datadog has taken 3 requests in the last 60 min, the last 12 s ago, the last events came 12 s ago."
        )
    );
    assert_eq!(only_error(&with(Some(403), None)).why, "Datadog refuses them");
    let own = |status| {
        let last_answer = Some(LastAnswer { seconds_ago: 12, status: Some(status), failure: None });
        let recipient = "collector.example:4318".to_owned();
        told(&Status { recipient, received: 1, taken: 1, last_answer, ..counts() }, true)
    };
    assert!(own(202).text().starts_with("Browser events arrive: collector.example:4318 has taken 1 request"));
    assert_eq!(only_error(&own(403)).why, "collector.example:4318 does not take them");
    for status in [413, 429, 500] {
        let told = with(Some(status), None);
        let error = only_error(&told);
        assert!(error.what.ends_with(&format!("was {status}")) && error.help.is_some(), "{error:?}");
    }
    let failed = with(None, Some("Cannot connect to x:443: refused"));
    assert_eq!(
        only_error(&failed).what,
        "Datadog was not reached 12 s ago: Cannot connect to x:443: refused"
    );
}

#[test]
fn times_are_said_as_people_say_them() {
    for (seconds, said) in [(5, "5 s"), (600, "10 min"), (10_000, "2 h"), (1_000_000, "11 days")] {
        assert_eq!(time(seconds).as_deref(), Some(said));
    }
}

#[test]
fn rum_46_where_events_are_kept_the_database_decides() {
    let refused = |code: &str| BTreeMap::from([(code.to_owned(), 4)]);
    let kept =
        Status { keeps: true, received: 3, events: 9, kept: 3, last_kept_seconds_ago: Some(5), ..counts() };
    let text = told(&kept, true).text();
    assert!(
        text.starts_with(
            "Browser events arrive: this backend has kept 3 requests in the last 60 min, the last 5 s ago."
        ),
        "{text}"
    );
    assert!(text.contains("3 requests kept here") && !text.contains("taken by"), "{text}");
    let down = Status { keeps: true, received: 4, refused: refused("notKept"), ..counts() };
    assert_eq!(only_error(&told(&down, true)).why, "the database does not take them");
    // Datadog's answer is a matter of its own.
    let last_answer = Some(LastAnswer { seconds_ago: 12, status: Some(403), failure: None });
    let both = told(&Status { last_answer, failed: 1, left_out: 2, unkept: 3, ..kept }, true);
    assert!(!both.has_errors() && both.text().contains("Datadog answered 403"), "{}", both.text());
    assert!(both.text().contains("2 requests with replays, logs or profiles came"), "{}", both.text());
    assert!(both.text().contains("3 events were not kept: of no session or view"), "{}", both.text());
}
