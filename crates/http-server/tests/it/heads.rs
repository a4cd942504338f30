//! Heads that another parser could read in another way, and heads that are too large: neither reaches the service, nor does
//! what stands behind them.

use greenroom_http_server::{ConnectionLimits, ServerSettings};
use tokio::io::AsyncWriteExt;

use crate::kit::{Client, Reached, start};

const NEXT: &str = "GET /Drop/smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

const BAD: &str = "HTTP/1.1 400 Bad Request\r\n";
const LARGE: &str = "HTTP/1.1 431 Request Header Fields Too Large\r\n";

/// Sends it with a request behind it, whole and then byte by byte, and expects this answer alone.
async fn is_refused_by(status: &str, settings: ServerSettings, head: &str) {
    let reached = Reached::default();
    let address = start(reached.clone(), settings).await;
    let (all, shown) = (format!("{head}{NEXT}"), &head[..head.len().min(200)]);
    for piece in [all.len(), 1] {
        let mut client = Client::connect(address).await;
        client.0.set_nodelay(true).unwrap();
        for piece in all.as_bytes().chunks(piece) {
            // A server that has refused takes no more of it.
            if client.0.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let (answer, _) = client.rest().await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(
            answer.starts_with(status) && answer.contains("\r\nconnection: close\r\n"),
            "{shown:?}: {answer}"
        );
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{shown:?}: {answer}");
    }
    assert!(reached.take().is_empty(), "{shown:?}");
}

#[tokio::test]
async fn what_frames_or_names_a_host_twice_or_in_an_unknown_way_is_a_400() {
    for fields in [
        "Host: x\r\nHost: x\r\n",
        "Host: x\r\nhost: y\r\n",
        "Host: x\r\nTransfer-Encoding: gzip, chunked\r\n",
        "Host: x\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        "Host: x\r\nTransfer-Encoding: identity\r\n",
        "Host: x\r\nTransfer-Encoding: ,chunked\r\n",
        "Host: x\r\nTransfer-Encoding: \"chunked\"\r\n",
        "Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    ] {
        let head = format!("POST /Drop/x HTTP/1.1\r\n{fields}\r\n0\r\n\r\n");
        is_refused_by(BAD, ServerSettings::default(), &head).await;
    }
    let old = "POST /Drop/x HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    is_refused_by(BAD, ServerSettings::default(), old).await;
}

#[tokio::test]
async fn a_field_line_of_another_form_is_a_400() {
    for line in [
        "X: a\r\n b",
        "X: a\r\n\tb",
        " X: a",
        "X : a",
        "X\t: a",
        ": a",
        "X",
        "X: a\rb",
        "X: a\r\r",
        "X: a\0b",
        "X: a\u{1}b",
        "X: a\u{b}",
        "X: a\u{7f}b",
        "X\u{1}: a",
        "X(: a",
        "\u{e9}: a",
    ] {
        // As the first field and behind another one.
        for before in ["", "Accept: */*\r\n"] {
            let head = format!("GET /Drop/x HTTP/1.1\r\n{before}{line}\r\nHost: x\r\n\r\n");
            is_refused_by(BAD, ServerSettings::default(), &head).await;
        }
    }
}

#[tokio::test]
async fn a_request_line_of_another_form_is_a_400() {
    for line in [
        "GET  /Drop/x HTTP/1.1",
        "GET /Drop/x  HTTP/1.1",
        "GET /Drop/x HTTP/1.1 ",
        "GET\t/Drop/x HTTP/1.1",
        " GET /Drop/x HTTP/1.1",
        "GET /Drop/x y HTTP/1.1",
        "GET /Drop/x",
        "GET HTTP/1.1",
        "GET /Drop/x HTTP/0.9",
        "GET /Drop/x HTTP/1.2",
        "GET /Drop/x HTTP/1.10",
        "GET /Drop/x HTTP/2.0",
        "GET /Drop/x http/1.1",
        "GET /Drop/x\rHTTP/1.1",
        "GET /Drop/x\0 HTTP/1.1",
        "G(T /Drop/x HTTP/1.1",
        "G\u{e9}T /Drop/x HTTP/1.1",
        "PRI * HTTP/2.0",
    ] {
        is_refused_by(BAD, ServerSettings::default(), &format!("{line}\r\nHost: x\r\n\r\n")).await;
    }
}

fn up_to(header_bytes: u32) -> ServerSettings {
    let limits = ConnectionLimits { header_bytes, ..ConnectionLimits::default() };
    ServerSettings { limits, ..ServerSettings::default() }
}

/// What is counted of it are so many bytes: the target, names and values.
fn head(counted: usize) -> String {
    let counted = counted - "/Read/x".len() - "Hostx".len() - "Connectionclose".len() - "X".len();
    let long = "y".repeat(counted);
    format!("GET /Read/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: {long}\r\n\r\n")
}

#[tokio::test]
async fn http_47_a_head_of_as_many_bytes_as_the_limit_is_a_431_and_a_shorter_one_is_served() {
    for limit in [100, 16 * 1024, 1 << 20] {
        let reached = Reached::default();
        let mut client = Client::connect(start(reached.clone(), up_to(limit)).await).await;
        client.send(head(limit as usize - 1)).await;
        let (answer, _) = client.rest().await;
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{limit}: {}", String::from_utf8_lossy(&answer));
        assert_eq!(reached.take(), ["/Read/x"]);
    }
    for limit in [100, 16 * 1024] {
        is_refused_by(LARGE, up_to(limit), &head(limit as usize)).await;
    }
}

#[tokio::test]
async fn a_head_without_an_end_is_a_431_and_what_came_before_it_is_answered() {
    for endless in ["GET /", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX:"] {
        let reached = Reached::default();
        let mut client = Client::connect(start(reached.clone(), ServerSettings::default()).await).await;
        let line = if endless.ends_with('\n') { "a: b\r\n" } else { "        " };
        client.send(format!("GET /Read/x HTTP/1.1\r\nHost: x\r\n\r\n{endless}{}", line.repeat(8000))).await;
        let answers = String::from_utf8(client.rest().await.0).unwrap();
        assert!(answers.starts_with("HTTP/1.1 200 OK\r\n"), "{answers}");
        assert!(answers.contains(LARGE) && answers.matches("HTTP/1.1 ").count() == 2, "{answers}");
        assert_eq!(reached.take(), ["/Read/x"]);
    }
}

#[tokio::test]
async fn chunks_and_trailers_of_another_form_or_size_end_the_connection() {
    let long = "a".repeat(16 * 1024);
    for body in [
        format!("2;{long}\r\nab\r\n0\r\n\r\n"),
        format!("{}0\r\n\r\n", format!("1;{}\r\na\r\n", &long[..1000]).repeat(17)),
        "00000000000000002\r\nab\r\n0\r\n\r\n".to_owned(),
        format!("2\r\nab\r\n0\r\nX: {long}\r\n\r\n"),
        format!("2\r\nab\r\n0\r\n{}\r\n", format!("X: {}\r\n", &long[..1000]).repeat(17)),
        "2\r\nab\r\n0\r\nX : y\r\n\r\n".to_owned(),
        "2\r\nab\r\n0\r\nX: y\r\n z\r\n\r\n".to_owned(),
        "2\r\nab\r\n0\r\nX: y\u{1}\r\n\r\n".to_owned(),
        "2\r\nab\r\n0\r\n: y\r\n\r\n".to_owned(),
        "2\r\nab\r\n0\r\nContent-Length: 5\r\n\r\n".to_owned(),
        "2\r\nab\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
    ] {
        for habit in ["Read", "ReadBehind", "Drop"] {
            let reached = Reached::default();
            let mut client = Client::connect(start(reached.clone(), ServerSettings::default()).await).await;
            let head = format!("POST /{habit}/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
            client.send(format!("{head}{body}{NEXT}")).await;
            let _ = client.rest().await;
            assert_eq!(reached.take(), [format!("/{habit}/x")], "{}", &body[..body.len().min(60)]);
        }
    }
}
