//! Bodies that are long, slow, or never end: they pass as they come, and nothing is held.

use std::time::Duration;

use greenroom_conformance::{backend::Backend, version::Version};
use greenroom_gateway_tests::{Connection, Setup, in_time, line, process, says};
use tokio::time::{Instant, sleep, timeout};

/// What a debug build may keep of a stream, with all that the system holds: far less than what is sent.
const HELD: usize = 8 << 20;
const MIB: usize = 1 << 20;

/// How much more memory it has than before.
fn grown(gateway: &Backend, before: usize) -> usize {
    process::resident(gateway.id().expect("it runs")).saturating_sub(before)
}

#[tokio::test]
async fn gateway_16_each_event_comes_when_it_is_sent() {
    for version in Version::held() {
        let pair = Setup::new(version).sidecar().await;
        for encoding in ["identity", "gzip"] {
            let id = format!("of-{encoding}");
            let mut stream = Connection::to(pair.gateway.port()).await;
            stream.send(format!("GET /api/bodies/events/{id} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAccept-Encoding: {encoding}\r\n\r\n")).await;
            says(&pair.node, &format!("GW stream {id}")).await;
            let mut control = Connection::to(pair.node.port()).await;
            for number in 1..=3 {
                control.post(&format!("/api/bodies/events/{id}/event-{number}")).await;
                if number == 1 {
                    let head = stream.head().await;
                    assert_eq!(head.status, 200, "{version}");
                    assert_eq!(head.header("content-type"), Some("text/event-stream"), "{version}");
                    assert_eq!(
                        head.header("content-encoding"),
                        (encoding == "gzip").then_some("gzip"),
                        "{version}"
                    );
                }
                // Nothing else is on its way before the next event is sent.
                match encoding {
                    "identity" => {
                        drop(stream.until(format!("data: event-{number}\n\n\r\n").as_bytes()).await)
                    }
                    // A chunk of a flushed stream ends so.
                    _ => drop(stream.until(b"\x00\x00\xff\xff\r\n").await),
                }
            }
            control.post(&format!("/api/bodies/events/{id}/end")).await;
            stream.until(b"0\r\n\r\n").await;
            let told = line::of(&pair.gateway, &format!("/api/bodies/events/{id}")).await;
            assert_eq!(told["status"], 200, "{told}");
        }
    }
}

#[tokio::test]
async fn gateway_128_a_stream_whose_first_event_comes_after_more_than_a_minute_is_as_without_a_gateway() {
    let pair = Setup::new(Version::newest()).sidecar().await;
    let mut streams = Vec::new();
    for (id, backend) in [("direct", &pair.node), ("through", &pair.gateway)] {
        let mut stream = Connection::to(backend.port()).await;
        stream.send(format!("GET /api/bodies/events/{id} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\n\r\n")).await;
        says(&pair.node, &format!("GW stream {id}")).await;
        streams.push((id, stream));
    }
    // What is held is that nothing happens in this time. Longer silences are held by the proxy's own tests, in which no time passes.
    sleep(Duration::from_secs(70)).await;
    for text in ["first", "second"] {
        for (id, stream) in &mut streams {
            let mut control = Connection::to(pair.node.port()).await;
            let sent = Instant::now();
            control.post(&format!("/api/bodies/events/{id}/{text}")).await;
            if text == "first" {
                let head = stream.head().await;
                assert_eq!((head.status, head.header("content-encoding")), (200, Some("gzip")), "{id}");
            }
            // A chunk of a flushed stream ends so.
            stream.until(b"\x00\x00\xff\xff\r\n").await;
            assert!(sent.elapsed() < Duration::from_secs(1), "{id} {text}: {:?}", sent.elapsed());
        }
    }
}

#[tokio::test]
async fn gateway_17_a_download_is_no_faster_than_its_reader() {
    const LENGTH: usize = 400 * MIB;
    let pair = Setup::new(Version::newest()).sidecar().await;
    let mut warm = Connection::to(pair.gateway.port()).await;
    warm.get("/api/bodies/download/1048576").await;
    let [ours, theirs] = [&pair.gateway, &pair.node].map(|it| process::resident(it.id().expect("it runs")));

    let mut slow = Connection::to(pair.gateway.port()).await;
    slow.send(format!(
        "GET /api/bodies/download/{LENGTH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    ))
    .await;
    assert_eq!(slow.head().await.header("content-length"), Some(&*LENGTH.to_string()));
    let mut most = 0;
    for _ in 0..5 {
        slow.bytes(MIB).await;
        // A reader that takes its time: nothing happens meanwhile that could be awaited.
        sleep(Duration::from_millis(200)).await;
        most = most.max(grown(&pair.gateway, ours));
    }
    assert!(most < HELD, "the gateway holds {} KiB", most >> 10);
    assert!(grown(&pair.node, theirs) < 32 * MIB, "Node holds what nobody reads");

    assert_eq!(slow.drained().await, (LENGTH - 5 * MIB) as u64);
    assert!(grown(&pair.gateway, ours) < HELD, "the gateway keeps {} KiB", grown(&pair.gateway, ours) >> 10);
    let told = line::of(&pair.gateway, &format!("/api/bodies/download/{LENGTH}")).await;
    assert_eq!(told["bytesOut"], LENGTH, "{told}");
}

#[tokio::test]
async fn gateway_17_an_upload_is_no_faster_than_who_reads_it() {
    const BLOCKS: usize = 200;
    let pair = Setup::new(Version::newest()).sidecar().await;
    let mut upload = Connection::to(pair.gateway.port()).await;
    upload.send("POST /api/bodies/unread/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n").await;
    says(&pair.node, "GW holds 1").await;
    let before = process::resident(pair.gateway.id().expect("it runs"));

    let block = [format!("{MIB:x}\r\n").as_bytes(), &vec![b'u'; MIB], b"\r\n"].concat();
    let body: Vec<u8> = [block.repeat(BLOCKS), b"0\r\n\r\n".to_vec()].concat();
    let mut sent = 0;
    // It ends when nobody takes any more.
    while let Ok(taken) = timeout(Duration::from_secs(1), upload.send_some(&body[sent..])).await {
        sent += taken;
        assert!(sent < body.len(), "all of it was taken, and nobody has read it");
    }
    assert!(sent < 32 * MIB, "{} KiB were taken, and nobody has read them", sent >> 10);
    assert!(
        grown(&pair.gateway, before) < HELD,
        "the gateway holds {} KiB",
        grown(&pair.gateway, before) >> 10
    );

    Connection::to(pair.node.port()).await.post("/api/bodies/read/1").await;
    in_time("the upload", upload.send(&body[sent..])).await;
    let answer = upload.answer().await;
    assert_eq!(String::from_utf8_lossy(&answer.body), format!(r#"{{"length":{}}}"#, BLOCKS * MIB));
    assert!(
        grown(&pair.gateway, before) < HELD,
        "the gateway keeps {} KiB",
        grown(&pair.gateway, before) >> 10
    );
    let told = line::of(&pair.gateway, "/api/bodies/unread/1").await;
    assert_eq!(told["bytesIn"], BLOCKS * MIB, "{told}");
}

#[tokio::test]
async fn gateway_17_what_is_uploaded_and_sent_back_is_the_same_byte_for_byte() {
    for version in Version::held() {
        let pair = Setup::new(version).sidecar().await;
        let body: Vec<u8> =
            (0..3_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let mut told = Vec::new();
        for port in [pair.node.port(), pair.gateway.port()] {
            let mut connection = Connection::to(port).await;
            connection
                .send(format!(
                    "PUT /api/bodies/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                ))
                .await;
            connection.send(&body).await;
            told.push(connection.answer().await.body);
        }
        assert_eq!(told[0], told[1], "{version}");
    }
}

#[tokio::test]
async fn gateway_17_an_answer_that_breaks_breaks_for_the_client_too() {
    let pair = Setup::new(Version::newest()).features("healthcheck,errs,bodies").sidecar().await;
    for path in ["/api/bodies/broken", "/api/bodies/short"] {
        for (who, port) in [("direct", pair.node.port()), ("through", pair.gateway.port())] {
            let answer = Connection::to(port).await.get(path).await;
            assert!(answer.cut && answer.body == b"it begins", "{who} {path}: {answer:?}");
        }
    }
    // What Node has sent comes, however soon it breaks off.
    for attempt in 0..50 {
        let answer = Connection::to(pair.gateway.port()).await.get("/api/errs/consumed").await;
        assert!(answer.cut && answer.body == b"partial", "{attempt}: {answer:?}");
    }
}
