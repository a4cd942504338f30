//! A load of a fixed rate: requests are sent when their time has come, whether others have been answered or not, and each is
//! as late as its answer is after that time. wrk, which sends the next request when the last one is answered, would not tell
//! of a server that stops for a while.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::thread::set_current_timer_slack;

/// Requests in a second.
pub(super) const RATE: u32 = 2000;
/// Of which each has one request under way at most; one for which none is free waits, and is late.
const CONNECTIONS: usize = 32;
/// Seconds that do not count.
const WARM_UP: u32 = 1;
const PATIENCE: Duration = Duration::from_secs(10);
/// More than a head and a body of 1 kB.
const LONGEST: usize = 8 << 10;

/// Latency in microseconds, from the moment when a request was to be sent to the end of its answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p99: f64,
}

/// Sends this request for so many seconds; an answer other than 200 is an error.
pub(super) fn send(port: u16, request: &str, seconds: u64) -> io::Result<Latency> {
    // Else the system may wake us 50 µs late.
    set_current_timer_slack(NonZeroU64::new(1))?;
    let mut connections = (0..CONNECTIONS).map(|_| Connection::open(port)).collect::<io::Result<Vec<_>>>()?;
    let mut free: VecDeque<usize> = (0..CONNECTIONS).collect();
    let (spared, all) = (RATE * WARM_UP, RATE * (WARM_UP + seconds as u32));
    let (mut next, mut took) = (0, Vec::with_capacity(all as usize));
    let began = Instant::now();
    let due = |index: u32| began + Duration::from_secs(1) * index / RATE;
    while next < all || free.len() < CONNECTIONS {
        while next < all && due(next) <= Instant::now() {
            let Some(index) = free.pop_front() else { break };
            connections[index].send(request, next)?;
            next += 1;
        }
        let has_to_send = next < all && !free.is_empty();
        let pause = if has_to_send { due(next).saturating_duration_since(Instant::now()) } else { PATIENCE };
        for index in readable(&connections, pause)? {
            if let Some(request) = connections[index].read()? {
                let passed = due(request).elapsed();
                if request >= spared {
                    took.push(passed);
                }
                free.push_back(index);
            }
        }
    }
    took.sort_unstable();
    Ok(Latency { p50: percentile(&took, 50), p99: percentile(&took, 99) })
}

/// Which connections have something to be read, at the latest after that pause.
fn readable(connections: &[Connection], pause: Duration) -> io::Result<Vec<usize>> {
    let mut asked: Vec<_> = connections.iter().map(|one| PollFd::new(&one.stream, PollFlags::IN)).collect();
    let limit = Timespec { tv_sec: pause.as_secs().cast_signed(), tv_nsec: pause.subsec_nanos().into() };
    if poll(&mut asked, Some(&limit))? == 0 && pause == PATIENCE {
        return Err(io::Error::new(ErrorKind::TimedOut, "nothing was answered for ten seconds"));
    }
    Ok((0..asked.len()).filter(|index| !asked[*index].revents().is_empty()).collect())
}

/// That of sorted ones, in microseconds.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(rank).map_or(f64::NAN, |took| took.as_secs_f64() * 1e6)
}

struct Connection {
    stream: TcpStream,
    /// The number of the request that is under way.
    asks: Option<u32>,
    answer: Box<[u8; LONGEST]>,
    filled: usize,
}

impl Connection {
    fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, asks: None, answer: Box::new([0; LONGEST]), filled: 0 })
    }

    /// It fits into the kernel's buffer.
    fn send(&mut self, request: &str, number: u32) -> io::Result<()> {
        self.asks = Some(number);
        self.stream.write_all(request.as_bytes())
    }

    /// The number of the request whose answer is whole now.
    fn read(&mut self) -> io::Result<Option<u32>> {
        match self.stream.read(&mut self.answer[self.filled..]) {
            Ok(0) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "a connection was closed")),
            Ok(read) => self.filled += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        }
        let answer = &self.answer[..self.filled];
        if !is_whole(answer).map_err(|text| io::Error::new(ErrorKind::InvalidData, text))? {
            return Ok(None);
        }
        self.filled = 0;
        Ok(self.asks.take())
    }
}

/// Whether that is a whole answer; an error if it is another one than expected.
fn is_whole(answer: &[u8]) -> Result<bool, String> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(false) };
    let head = String::from_utf8_lossy(&answer[..end]);
    let unexpected = || format!("unexpected: {head:?}");
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(unexpected());
    }
    let length = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let whole = end + 4 + length.ok_or_else(unexpected)?;
    match answer.len() {
        length if length > whole || whole > LONGEST => Err(unexpected()),
        length => Ok(length == whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_with_its_last_byte_and_any_other_one_is_an_error() {
        let text = b"HTTP/1.1 200 OK\r\nA: b\r\ncontent-LENGTH: 2\r\n\r\nok";
        for cut in 0..text.len() {
            assert_eq!(is_whole(&text[..cut]), Ok(false), "{cut}");
        }
        assert_eq!(is_whole(text), Ok(true));
        for other in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok!"[..],
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n",
            b"HTTP/1.1 503 Down\r\ncontent-length: 0\r\n\r\n",
        ] {
            assert!(is_whole(other).is_err(), "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn a_percentile_is_what_so_many_do_not_exceed() {
        let took: Vec<_> = (1..=200).map(Duration::from_micros).collect();
        assert_eq!([50, 99].map(|percent| percentile(&took, percent).round()), [100.0, 198.0]);
        assert!(percentile(&[], 50).is_nan());
    }
}
