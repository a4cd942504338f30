//! What browsers have sent, sent again: through the intake to a sink.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{sides, used_by};
use crate::requests::{CONNECTIONS, Connections};
use crate::subject::Places;

/// Each client sends so often: as many as the intake takes from one.
pub(super) const EACH: Duration = Duration::from_millis(50);

/// A request that was recorded.
pub(super) struct Batch {
    pub(super) name: &'static str,
    /// Whether the intake looks at its events.
    pub(super) is_read: bool,
    pub(super) body: Vec<u8>,
    head: String,
}

impl Batch {
    /// As text, deflated, and a replay, which goes through unread.
    pub(super) fn recorded(places: &Places) -> io::Result<Vec<Self>> {
        let dir = places.workspace.join("plugins/rum/tests/fixtures/captures");
        let read = |name: &'static str, recording: &str, is_read: bool| {
            let told: Value = serde_json::from_slice(&fs::read(dir.join(format!("{recording}.json")))?)?;
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let body = fs::read(dir.join(text(&told["body"])))?;
            let mut head = format!("POST {} HTTP/1.1\r\n", text(&told["url"]));
            for (name, value) in told["headers"].as_object().into_iter().flatten() {
                head.push_str(&format!("{name}: {}\r\n", text(value)));
            }
            head.push_str(&format!("host: 127.0.0.1\r\ncontent-length: {}\r\n", body.len()));
            Ok(Self { name, is_read, body, head })
        };
        [
            ("events as text", "v7-string-proxy-001-rum", true),
            ("events, deflated", "v7-deflate-long-002-rum", true),
            ("a replay, unread", "v7-string-proxy-004-replay", false),
        ]
        .into_iter()
        .map(|(name, recording, is_read)| read(name, recording, is_read))
        .collect()
    }

    pub(super) fn is_text(&self) -> bool {
        self.body.starts_with(b"{")
    }

    /// As the client of that number sends it.
    fn request(&self, client: usize) -> Vec<u8> {
        self.with_body(client, self.body.clone())
    }

    /// The same with another body of the same length.
    pub(super) fn with_body(&self, client: usize, body: Vec<u8>) -> Vec<u8> {
        let mut request = format!("{}x-forwarded-for: 10.0.0.{client}\r\n\r\n", self.head).into_bytes();
        request.extend(body);
        request
    }
}

/// CPU in microseconds by which one is taken and sent on, and how many events were taken of it.
pub(super) fn sent(places: &Places, batch: &Batch, seconds: u64, scratch: &Path) -> io::Result<(f64, u64)> {
    let sink = sink()?;
    let server = sides::greenroom(places, scratch, Some(&sink))?;
    let mut clients = Connections::open(server.port(), CONNECTIONS)?;
    let mut send = |rounds: u64| {
        let (began, mut last) = (Instant::now(), String::new());
        for round in 0..rounds {
            thread::sleep((began + EACH * round as u32).saturating_duration_since(Instant::now()));
            last = clients.send(|client| batch.request(client), 202)?.body;
        }
        let answer: Value = serde_json::from_str(&last)?;
        Ok(answer["accepted"].as_u64().unwrap_or_default())
    };
    send(10)?;
    let rounds = seconds * 1000 / EACH.as_millis() as u64;
    let (used, accepted) = used_by(&server, || send(rounds))?;
    server.stop()?;
    Ok((used.as_secs_f64() * 1e6 / (rounds * CONNECTIONS) as f64, accepted))
}

/// Takes everything, for as long as this process runs; where it is.
fn sink() -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let url = format!("http://{}", listener.local_addr()?);
    #[expect(clippy::disallowed_methods, reason = "no part of what is measured")]
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // The end of a connection is the end of its thread.
            thread::spawn(move || swallow(stream));
        }
    });
    Ok(url)
}

fn swallow(mut stream: TcpStream) -> io::Result<()> {
    let mut from = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if from.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let Some((name, value)) = line.split_once(':') else {
                if line == "\r\n" { break } else { continue }
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        io::copy(&mut from.by_ref().take(length), &mut io::sink())?;
        stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")?;
    }
}
