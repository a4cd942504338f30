//! The whole way, against a server that plays a recording back: no difference, and one for each changed byte.

use std::net::Ipv4Addr;

use greenroom_conformance::client::Client;
use greenroom_conformance::mask;
use greenroom_conformance::replay::replay;
use greenroom_conformance::scenarios::ignored_headers;
use greenroom_conformance::transcript::{RecordedBody, Replies, Transcript};
use greenroom_conformance::wire::{Answer, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::recordings::{load, names};

/// The recorded answers as bytes on the wire.
fn answers_of(transcript: &Transcript) -> Vec<u8> {
    let Outcome::Answered(answers) = &transcript.recorded else { return Vec::new() };
    let bodiless = transcript.request.replies == Replies::One { bodiless: true };
    answers.iter().flat_map(|answer| encode(answer, bodiless)).collect()
}

fn encode(answer: &Answer<RecordedBody>, bodiless: bool) -> Vec<u8> {
    let body = match &answer.body {
        RecordedBody::Exact(body) => body.clone(),
        RecordedBody::Start(start, length) => [start.as_bytes(), &vec![b'x'; length - start.len()]].concat(),
        RecordedBody::Binary => b"\x1f\x8b not known".to_vec(),
    };
    let chunked = answer.head.header("transfer-encoding").is_some();
    let mut bytes = format!("HTTP/1.1 {} {}\r\n", answer.head.status, answer.head.reason).into_bytes();
    for (name, value) in &answer.head.headers {
        // Paths in recorded stacks were shortened afterwards: the length to send is that of the text as it is.
        let length = body.len().to_string();
        let value = if name == "Content-Length" && varies(answer) { &length } else { value };
        bytes.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    bytes.extend(b"\r\n");
    match (bodiless, chunked) {
        (true, _) => {}
        (false, false) => bytes.extend(body),
        (false, true) => {
            for part in body.chunks(1000) {
                bytes.extend(format!("{:x}\r\n", part.len()).into_bytes());
                bytes.extend([part, b"\r\n"].concat());
            }
            if !answer.cut {
                bytes.extend(b"0\r\n\r\n");
            }
        }
    }
    bytes
}

fn varies(answer: &Answer<RecordedBody>) -> bool {
    matches!(&answer.body, RecordedBody::Exact(body) if mask::text(&String::from_utf8_lossy(body)).varies)
}

/// Replays a transcript against a server that reads the whole request and then sends `bytes`.
async fn play(transcript: &Transcript, bytes: &[u8]) -> Vec<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let owed = transcript.request.encode(&format!("localhost:{port}")).len();
    let serve = async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        stream.read_exact(&mut vec![0; owed]).await.expect("the request");
        stream.write_all(bytes).await.expect("the answer is taken");
    };
    let (case, ()) = tokio::join!(replay(Client::new(port), transcript), serve);
    case.differences.into_iter().map(|difference| difference.what).collect()
}

async fn playable() -> Vec<Transcript> {
    let mut transcripts = Vec::new();
    for name in names() {
        let transcript = load(&name).await;
        if !answers_of(&transcript).is_empty() {
            transcripts.push(transcript);
        }
    }
    transcripts
}

#[tokio::test]
async fn a_recording_played_back_does_not_differ() {
    for transcript in playable().await {
        let found = play(&transcript, &answers_of(&transcript)).await;
        assert!(found.is_empty(), "{}: {found:?}", transcript.name);
    }
}

#[tokio::test]
async fn another_status_is_found() {
    for transcript in playable().await {
        let mut bytes = answers_of(&transcript);
        // With its first digit a 101 becomes an answer of another kind, with its second one that is not read.
        let digit = "HTTP/1.1 ".len() + usize::from(!bytes.starts_with(b"HTTP/1.1 101"));
        bytes[digit] = if bytes[digit] == b'9' { b'8' } else { bytes[digit] + 1 };
        let found = play(&transcript, &bytes).await;
        assert!(found.contains(&"status".to_owned()), "{}: {found:?}", transcript.name);
    }
}

#[tokio::test]
async fn one_byte_in_a_body_is_found() {
    for mut transcript in playable().await {
        let original = transcript.clone();
        let Outcome::Answered(answers) = &mut transcript.recorded else { unreachable!("not refused") };
        let RecordedBody::Exact(body) = &mut answers[0].body else { continue };
        // The first byte of every body is its own: a brace, or text.
        let Some(byte) = body.first_mut() else { continue };
        *byte ^= 1;
        let found = play(&original, &answers_of(&transcript)).await;
        assert_eq!(found, ["body"], "{}", original.name);
    }
}

#[tokio::test]
async fn one_byte_in_each_header_is_found() {
    const FREE: &[&str] = &["connection", "transfer-encoding", "content-length"];
    const TIMES: &[&str] = &["date", "x-ratelimit-reset", "retry-after"];
    for original in playable().await {
        let mut changed = original.clone();
        let Outcome::Answered(answers) = &mut changed.recorded else { unreachable!("not refused") };
        let varies = varies(&answers[0]);
        let mut expected = Vec::new();
        for (name, value) in &mut answers[0].head.headers {
            let name = name.to_ascii_lowercase();
            let ignored = ignored_headers(&original.name).contains(&&*name);
            if FREE.contains(&&*name) || TIMES.contains(&&*name) || ignored || (name == "etag" && varies) {
                continue;
            }
            let first = value.remove(0);
            value.insert(0, if first == 'a' { 'b' } else { 'a' });
            expected.push(format!("header {name}"));
        }
        expected.sort();
        let found = play(&original, &answers_of(&changed)).await;
        assert_eq!(found, expected, "{}", original.name);
    }
}

#[tokio::test]
async fn an_answer_that_ends_early_is_found() {
    let transcript = load("tasks-results").await;
    let bytes = answers_of(&transcript);
    let found = play(&transcript, &bytes[..bytes.len() - 1]).await;
    assert_eq!(found, ["body cut short", "body"]);
    assert_eq!(play(&transcript, b"").await, ["number of answers"]);
}

#[tokio::test]
async fn a_refused_connection_is_an_outcome() {
    let unused = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a listener");
    let port = unused.local_addr().expect("an address").port();
    drop(unused);
    let refused = load("shutdown-after-delay-plugin-request").await;
    assert!(replay(Client::new(port), &refused).await.differences.is_empty());
    let found = replay(Client::new(port), &load("tasks-results").await).await.differences;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].to_string(), "connection\n  - \"accepted\"\n  + \"refused\"");
}
