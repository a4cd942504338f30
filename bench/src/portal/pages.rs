//! The pages of operators, over a store that holds many events: how long each takes, how long it is, and what pages cost that
//! stay open.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::sides::{self, OPS_TOKEN};
use super::used_by;
use crate::Samples;
use crate::requests::Connections;
use crate::server::Server;
use crate::subject::{Places, command};

/// How many events are kept: each made session has fifty.
pub(super) const EVENTS: usize = 100_000;
const SESSIONS: usize = EVENTS / 50;
/// How often each page is asked for.
const TIMES: usize = 20;
/// How many pages stay open.
pub(super) const OPEN: usize = 20;
const PATIENCE: Duration = Duration::from_secs(10);

/// A page.
pub(super) struct Page {
    pub(super) path: String,
    /// In milliseconds.
    pub(super) took: Samples,
    pub(super) bytes: usize,
}

/// What was measured.
pub(super) struct Pages {
    pub(super) pages: Vec<Page>,
    /// The share of a core that pages take which stay open, in percent.
    pub(super) open: f64,
}

/// Makes the events, asks for each page, and leaves some open for so many seconds.
pub(super) fn measured(places: &Places, seconds: u64, scratch: &Path) -> io::Result<Pages> {
    let data = scratch.join("made");
    fs::create_dir_all(&data)?;
    let made =
        command(places.target.join("release/bench-made")).arg(&data).arg(SESSIONS.to_string()).output()?;
    if !made.status.success() {
        return Err(io::Error::other(format!("bench-made: {}", String::from_utf8_lossy(&made.stderr))));
    }
    let server = sides::keeping(places, scratch, &data)?;
    let pages = paths(&server)?.into_iter().map(|path| asked(&server, path)).collect::<io::Result<_>>()?;
    let open = open(&server, seconds)?;
    server.stop()?;
    fs::remove_dir_all(&data)?;
    Ok(Pages { pages, open })
}

/// Each kind of page once, over the time in which the events are.
fn paths(server: &Server) -> io::Result<Vec<String>> {
    let mut asks = Connections::open(server.port(), 1)?;
    let mut first = |list: &str, key: &str| {
        let path = format!("/.greenroom/v1/rum/{list}?t=7d&limit=1");
        let answer: Value = serde_json::from_str(&asks.ask_as(OPS_TOKEN, &path)?.body)?;
        let id = answer["items"][0][key].as_str().map(str::to_owned);
        id.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, format!("{path}: {answer}")))
    };
    let (session, error) = (first("sessions", "id")?, first("errors", "fingerprint")?);
    let browser = |rest: &str| format!("/.greenroom/browser{rest}?t=7d");
    Ok(vec![
        "/.greenroom/".to_owned(),
        browser(""),
        browser("/sessions"),
        browser(&format!("/sessions/{session}")),
        browser("/errors"),
        browser(&format!("/errors/{error}")),
        browser("/resources"),
    ])
}

fn asked(server: &Server, path: String) -> io::Result<Page> {
    let mut asks = Connections::open(server.port(), 1)?;
    let (mut took, mut bytes) = (Samples::default(), 0);
    for _ in 0..TIMES {
        let began = Instant::now();
        bytes = asks.ask_as(OPS_TOKEN, &path)?.body.len();
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(Page { path, took, bytes })
}

/// Holds streams of the first page open, as as many browsers do, and reads nothing: what comes fits into the kernel's buffers.
fn open(server: &Server, seconds: u64) -> io::Result<f64> {
    let streams = (0..OPEN).map(|_| stream(server.port())).collect::<io::Result<Vec<_>>>()?;
    let (used, ()) = used_by(server, || {
        thread::sleep(Duration::from_secs(seconds));
        Ok(())
    })?;
    drop(streams);
    Ok(used.as_secs_f64() * 100.0 / seconds as f64)
}

fn stream(port: u16) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let path = "/.greenroom/events/now";
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {OPS_TOKEN}\r\n\r\n"
    )?;
    let mut head = [0; 15];
    stream.read_exact(&mut head)?;
    match &head == b"HTTP/1.1 200 OK" {
        true => Ok(stream),
        false => {
            Err(io::Error::new(ErrorKind::InvalidData, format!("{path}: {}", String::from_utf8_lossy(&head))))
        }
    }
}
