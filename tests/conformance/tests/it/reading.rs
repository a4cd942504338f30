//! What a recording's text means.

use greenroom_conformance::transcript::{RecordedBody, Replies, Transcript};
use greenroom_conformance::wire::{Answer, Outcome, read_answer};

use crate::recordings::{load, names};

fn only_answer(transcript: &Transcript) -> &Answer<RecordedBody> {
    match &transcript.recorded {
        Outcome::Answered(answers) if answers.len() == 1 => &answers[0],
        other => panic!("{}: {other:?}", transcript.name),
    }
}

#[tokio::test]
async fn every_recording_is_read_whole() {
    for name in names() {
        let transcript = load(&name).await;
        let request = String::from_utf8_lossy(&transcript.request.encode("localhost:1")).into_owned();
        assert!(request.contains("\r\n\r\n"), "{name}: {request}");
        assert!(!request.contains("17041"), "{name}: {request}");
        match transcript.recorded {
            Outcome::Refused => assert_eq!(name, "shutdown-after-delay-plugin-request"),
            Outcome::Answered(answers) => {
                let owed = match &*name {
                    "raw-pipelined" => 2,
                    "ws-throws" => 0,
                    _ => 1,
                };
                assert_eq!(answers.len(), owed, "{name}");
                for answer in answers {
                    let length =
                        answer.head.header("content-length").map(|v| v.parse::<usize>().expect("a length"));
                    match (&answer.body, length) {
                        (RecordedBody::Exact(body), Some(length))
                            if transcript.request.replies != (Replies::One { bodiless: true })
                                && !body.windows(8).any(|w| w == b"\"stack\":") =>
                        {
                            assert_eq!(body.len(), length, "{name}");
                        }
                        (RecordedBody::Start(_, known), Some(length)) => assert_eq!(*known, length, "{name}"),
                        _ => {}
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_request_is_sent_as_recorded_with_the_headers_that_curl_adds() {
    let transcript = load("tasks-queue").await;
    assert_eq!(
        String::from_utf8_lossy(&transcript.request.encode("localhost:4711")),
        "POST /api/tasks/task/7/queue HTTP/1.1\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\nHost: localhost:4711\r\n\
         content-type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}"
    );
}

#[tokio::test]
async fn a_path_stays_as_it_is() {
    let request = load("plugin-dotdot").await.request.encode("localhost:1");
    assert!(request.starts_with(b"GET /api/errs/../errs/ip HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_body_from_a_file_is_made_again() {
    for (name, length) in [("json-too-large", 102_408), ("json-exactly-100kib", 102_400)] {
        let request = load(name).await.request.encode("localhost:1");
        let head = request.windows(4).position(|w| w == b"\r\n\r\n").expect("a head") + 4;
        assert_eq!(request.len() - head, length, "{name}");
        assert!(String::from_utf8_lossy(&request[..head]).contains(&format!("Content-Length: {length}\r\n")));
    }
}

#[tokio::test]
async fn a_head_answer_has_no_body() {
    let transcript = load("healthcheck-rootrouter-head").await;
    assert_eq!(transcript.request.replies, Replies::One { bodiless: true });
    assert_eq!(only_answer(&transcript).body, RecordedBody::Exact(Vec::new()));
}

#[tokio::test]
async fn a_cut_answer_is_known_as_such() {
    let transcript = load("error-prod-consumed").await;
    assert!(only_answer(&transcript).cut);
    assert_eq!(only_answer(&transcript).body, RecordedBody::Exact(b"partial".to_vec()));
}

#[tokio::test]
async fn a_long_body_is_known_by_its_start_and_length_and_a_binary_one_not_at_all() {
    let transcript = load("json-exactly-100kib").await;
    let RecordedBody::Start(start, 102_408) = &only_answer(&transcript).body else {
        panic!("{transcript:?}")
    };
    assert_eq!((start.len(), start.starts_with("{\"got\":{\"a\":\"xxx")), (300, true));
    assert_eq!(only_answer(&load("compression-gzip-1024").await).body, RecordedBody::Binary);
}

#[tokio::test]
async fn raw_requests_are_bytes() {
    let bytes = load("raw-bad-utf8-path").await.request.encode("localhost:1");
    assert!(bytes.starts_with(b"GET /api/errs/param/\xff HTTP/1.1\r\nHost: x\r\n"));
    let bytes = load("raw-huge-header").await.request.encode("localhost:1");
    assert_eq!(bytes.iter().filter(|b| **b == b'x').count(), 20_000 + "x".len());
    assert!(bytes.ends_with(b"xxx\r\n\r\n"));
    assert_eq!(load("raw-bad-request").await.request.encode("localhost:1"), b"GARBAGE\r\n\r\n");
}

#[tokio::test]
async fn the_frames_of_a_web_socket_are_bytes_to_the_end() {
    let transcript = load("ws-shutdown-open").await;
    let told = br#"{"url":"/api/ws/stay","method":"GET","head":0,"principal":{"type":"none"}}"#;
    let length = u8::try_from(told.len()).expect("a short frame");
    let frame = [&[0x81, length][..], told].concat();
    assert_eq!(only_answer(&transcript).body, RecordedBody::Exact(frame));
    assert_eq!(transcript.request.replies, Replies::UntilClose);
    let left_open = load("ws-nolistener-plugin-404").await;
    assert_eq!(left_open.request.replies, Replies::One { bodiless: false });
}

#[tokio::test]
async fn what_is_not_a_recording_is_refused_by_name() {
    let error = Transcript::parse("odd", "hello\n").await.expect_err("no recording");
    assert_eq!(error.to_string(), "transcript odd: neither a curl nor a raw recording");
}

#[tokio::test]
async fn answers_are_decoded_one_after_the_other() {
    let mut bytes: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n\
        HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n\
        HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n\
        HTTP/1.1 200 OK\r\n\r\nuntil the end";
    let mut read = Vec::new();
    while let Some(answer) = read_answer(&mut bytes, false).await.expect("an answer") {
        read.push((answer.head.status, String::from_utf8(answer.body).expect("text"), answer.cut));
    }
    assert_eq!(
        read,
        [
            (200, "abc0123456789".into(), false),
            (304, String::new(), false),
            (200, "until the end".into(), false)
        ]
    );
}
