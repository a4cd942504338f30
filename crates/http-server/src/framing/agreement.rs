//! Whatever is sent: behind what passes here, hyper reads no request that was not followed here, and each with the same body.

use std::{cell::RefCell, convert::Infallible, rc::Rc};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use proptest::{
    collection::vec,
    prelude::*,
    sample::{select, subsequence},
    test_runner::TestRunner,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{At, Framing, Seen};

const LIMIT: usize = 16 * 1024;

/// A request as one of the two has read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Read {
    target: String,
    body: Vec<u8>,
    is_whole: bool,
}

/// What passes of these bytes, and the requests of which the whole head is in it.
fn followed(bytes: &[u8]) -> (Vec<u8>, Vec<Read>) {
    let (mut framing, mut out, mut all) = (Framing::new(LIMIT), Vec::new(), Vec::<Read>::new());
    let mut head_at = 0;
    for byte in bytes {
        // The answer to whatever asks for it is to stay.
        framing.stay();
        let before = framing.at;
        let followed = framing.follow(&[*byte]);
        out.extend(std::iter::repeat_n(*byte, followed.good));
        match followed.seen {
            Seen::All => {}
            Seen::Line => out.extend(framing.take_line()),
            _ => break,
        }
        match before {
            At::Start => head_at = out.len(),
            At::Head if framing.at != At::Head => {
                let head = String::from_utf8_lossy(&out[head_at..]);
                let target = head.split(' ').nth(1).unwrap();
                // Without a fragment, which hyper leaves out.
                let target = target.parse().map_or_else(|_| target.to_owned(), |uri: Uri| uri.to_string());
                all.push(Read { target, ..Read::default() });
            }
            At::Sized(_) | At::ChunkData(_) => all.last_mut().unwrap().body.push(*byte),
            _ => {}
        }
        if before != At::Start && matches!(framing.at, At::Start | At::Undecided) {
            all.last_mut().unwrap().is_whole = true;
        }
    }
    (out, all)
}

/// The requests that hyper reads.
async fn read_by_hyper(bytes: &[u8]) -> Vec<Read> {
    let (mut client, server) = tokio::io::duplex(1024);
    let all = Rc::new(RefCell::new(Vec::new()));
    let service = service_fn(|request: Request<Incoming>| {
        let all = all.clone();
        async move {
            let mut read = Read { target: request.uri().to_string(), ..Read::default() };
            let mut body = request.into_body();
            read.is_whole = loop {
                match body.frame().await {
                    None => break true,
                    Some(Err(_)) => break false,
                    Some(Ok(frame)) => read.body.extend(frame.into_data().unwrap_or_default()),
                }
            };
            all.borrow_mut().push(read);
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let mut http = http1::Builder::new();
    http.max_header_size(Framing::longest_head(LIMIT)).half_close(true);
    let connection = http.serve_connection(TokioIo::new(server), service);
    let (mut from, mut to) = tokio::io::split(&mut client);
    let write = async {
        // A server that refuses has closed.
        let _ = to.write_all(bytes).await;
        let _ = to.shutdown().await;
    };
    let mut answers = Vec::new();
    let _ = tokio::join!(connection, write, from.read_to_end(&mut answers));
    all.take()
}

const LINES: [&str; 20] = [
    "GET / HTTP/1.1\r\n",
    "POST /a HTTP/1.1\r\n",
    "POST /<a>?\"b\" HTTP/1.1\r\n",
    "GET http://h/`?` HTTP/1.1\r\n",
    "OPTIONS * HTTP/1.1\r\n",
    "CONNECT h:80 HTTP/1.1\r\n",
    "POST / HTTP/1.0\r\n",
    "GET  / HTTP/1.1\r\n",
    "GET /  HTTP/1.1\r\n",
    "GET /a b HTTP/1.1\r\n",
    "GET / HTTP/1.1 \r\n",
    "GET / HTTP/2.0\r\n",
    "GET / HTTP/0.9\r\n",
    "GET /\r\n",
    "GET / HTTP/1.1\n",
    "GET /\u{e9} HTTP/1.1\r\n",
    "GET /#a HTTP/1.1\r\n",
    "PRI * HTTP/2.0\r\n",
    "\r\n\n\rGET / HTTP/1.1\r\n",
    " GET / HTTP/1.1\r\n",
];

const FIELDS: [&str; 32] = [
    "Host: x\r\n",
    "host: y\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Content-Length: 5, 5\r\n",
    "Content-Length: +5\r\n",
    "Content-Length : 5\r\n",
    "Content-Length:\r\n 5\r\n",
    " Content-Length: 5\r\n",
    "Content-Length: 5\n",
    "Content-Length: 5\rX: y\r\n",
    "Content-Length: \u{b}5\r\n",
    "content-length:5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: Chunked \r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked, gzip\r\n",
    "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding:\tchunked\r\n",
    "Transfer-Encoding: \u{b}chunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding: chunked\n",
    "Transfer-Encoding\r\n",
    "Upgrade: x\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Expect: 100-continue\r\n",
    ": y\r\n",
    "X: a\0b\r\n",
    "X: a\r\n b\r\n",
    "X: a\rb\r\n",
    "\u{e9}: b\r\n",
];

const BODIES: [&str; 22] = [
    "",
    "hello",
    "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "0\r\nX: y\r\n\r\n",
    "5;a=b\r\nhello\r\n0\r\n\r\n",
    "24\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n\r\n0\r\n\r\n",
    "5 \r\nhello\r\n",
    "0x5\r\nhello\r\n",
    "5\nhello\r\n",
    "5\r\nhello\n",
    "5\r\nhelloGET /smuggled HTTP/1.1\r\n",
    "5;a\rb\r\nhello\r\n",
    "5;a\nGET /smuggled HTTP/1.1\r\n\r\n",
    "00000000000000005\r\nhello\r\n",
    "fffffffffffffffff\r\n",
    "ffffffffffffffff\r\n",
    "0\r\nContent-Length: 5\r\n\r\n",
    "0\r\nX : y\r\n\r\n",
    "0\r\nX: a\r\n b\r\n\r\n",
    "0\r\n\n",
];

/// A request in order, and how it is to be read; or anything.
#[derive(Clone, Debug)]
struct Sent {
    bytes: Vec<u8>,
    expected: Option<Read>,
}

fn in_order() -> impl Strategy<Value = Sent> {
    let target = select(vec!["/", "/a?b=\"c\"", "/<`>", "http://h/{|}^\\", "*"]);
    let body = vec(select(BODIES.to_vec()), 0..4).prop_map(|parts| parts.concat());
    let others = subsequence(vec!["Upgrade: x\r\n", "X: \u{e9}\r\n", "Connection: keep-alive\r\n"], 0..3);
    (target, others, body, 0usize..20).prop_map(|(target, others, body, chunk)| {
        let mut bytes = format!("POST {target} HTTP/1.1\r\nHost: x\r\n{}", others.concat()).into_bytes();
        if chunk == 0 {
            bytes.extend(format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes());
        } else {
            bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            for part in body.as_bytes().chunks(chunk) {
                bytes.extend(format!("{:X};a=b\r\n", part.len()).into_bytes());
                bytes.extend([part, b"\r\n"].concat());
            }
            bytes.extend(b"0\r\nX-Sum: 1\r\n\r\n");
        }
        let encoded = match target {
            "/a?b=\"c\"" => "/a?b=%22c%22",
            "/<`>" => "/%3C%60%3E",
            other => other,
        };
        let expected = Read { target: encoded.to_owned(), body: body.into_bytes(), is_whole: true };
        Sent { bytes, expected: Some(expected) }
    })
}

fn anything() -> impl Strategy<Value = Sent> {
    let line = prop_oneof![2 => select(LINES[..2].to_vec()), 1 => select(LINES.to_vec())];
    let fields = vec(select(FIELDS.to_vec()), 0..4);
    (line, fields, vec(select(BODIES.to_vec()), 0..4)).prop_map(|(line, fields, body)| {
        let bytes = format!("{line}{}\r\n{}", fields.concat(), body.concat()).into_bytes();
        Sent { bytes, expected: None }
    })
}

#[test]
fn hyper_reads_no_request_that_was_not_followed_and_each_with_the_same_body() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let streams = vec(prop_oneof![2 => in_order(), 1 => anything()], 1..6);
    let check = |sent: Vec<Sent>| {
        let bytes: Vec<u8> = sent.iter().flat_map(|sent| sent.bytes.clone()).collect();
        let (out, followed) = followed(&bytes);
        let read = runtime.block_on(read_by_hyper(&out));
        prop_assert!(read.len() <= followed.len(), "{read:?} {followed:?}");
        for (read, followed) in read.iter().zip(&followed) {
            prop_assert_eq!(&read.target, &followed.target);
            let is_begun = followed.body.starts_with(&read.body);
            prop_assert!(is_begun && (!read.is_whole || read == followed), "{read:?} {followed:?}");
        }
        for (nth, expected) in sent.iter().map_while(|sent| sent.expected.as_ref()).enumerate() {
            prop_assert_eq!(Some(expected), followed.get(nth));
            prop_assert_eq!(Some(expected), read.get(nth));
        }
        Ok(())
    };
    // None of these is found by chance alone, but each is a case of its own, too.
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config).run(&streams, check).unwrap_or_else(|failure| panic!("{failure}"));
}
