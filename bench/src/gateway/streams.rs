//! What event streams cost in which nothing happens.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::proc::Resident;
use crate::server::Server;

/// How many: as many as Greenroom takes unless told otherwise.
pub(super) const STREAMS: u64 = 5000;
/// Those that find memory that was taken before, and do not count.
const FIRST: u64 = 100;
/// Descriptors of who stands in front: two for each stream, and some for the rest.
const DESCRIPTORS: u64 = 2 * STREAMS + 1000;
const SETTLE: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(10);
/// More than a head and an event.
const LONGEST: usize = 4 << 10;

/// Lets this process, and those that it starts, have as many descriptors as that takes.
pub(super) fn allow_descriptors() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= DESCRIPTORS) {
        return Ok(());
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(DESCRIPTORS), ..limit }).map_err(|error| {
        let text =
            format!("{STREAMS} streams take {DESCRIPTORS} descriptors, which ulimit -Hn does not allow");
        io::Error::new(ErrorKind::PermissionDenied, format!("{text} ({error})"))
    })
}

/// Resident memory in KiB for each stream, whose request this is.
pub(super) fn resident_by_stream(server: &Server, request: &str) -> io::Result<Resident> {
    let mut open = vec![];
    let mut with_more = |count: u64| {
        for _ in 0..count {
            open.push(stream(server.port(), request)?);
        }
        thread::sleep(SETTLE);
        server.resident()
    };
    let (before, after) = (with_more(FIRST)?, with_more(STREAMS - FIRST)?);
    let each = |after: f64, before: f64| (after - before) * 1024.0 / (STREAMS - FIRST) as f64;
    Ok(Resident { all: each(after.all, before.all), anonymous: each(after.anonymous, before.anonymous) })
}

/// A stream whose first event has come.
fn stream(port: u16, request: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let (mut answer, mut filled) = ([0; LONGEST], 0);
    loop {
        let read = stream.read(&mut answer[filled..])?;
        filled += read;
        let text = String::from_utf8_lossy(&answer[..filled]);
        if read == 0 || !b"HTTP/1.1 200 OK".starts_with(&answer[..filled.min(15)]) {
            return Err(io::Error::new(ErrorKind::InvalidData, format!("unexpected: {text:?}")));
        }
        if text.split_once("\r\n\r\n").is_some_and(|(_, events)| events.contains("\n\n")) {
            return Ok(stream);
        }
    }
}
