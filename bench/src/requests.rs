//! So many requests, exactly: over connections as those of `wrk`, all of which ask before the first answer is read.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// How many connections ask.
pub const CONNECTIONS: u64 = 32;
/// Under callgrind all is slow.
const PATIENCE: Duration = Duration::from_secs(30);

/// The headers and the body of an answer.
#[derive(Debug, PartialEq)]
pub struct Answer {
    /// The headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

/// Connections to a server.
#[derive(Debug)]
pub struct Connections {
    all: Vec<BufReader<TcpStream>>,
    port: u16,
}

impl Connections {
    /// Opens so many.
    pub fn open(port: u16, count: u64) -> io::Result<Self> {
        let one = || {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_nodelay(true)?;
            Ok(BufReader::new(stream))
        };
        Ok(Self { all: (0..count).map(|_| one()).collect::<io::Result<_>>()?, port })
    }

    /// Sends each connection's own request once, and reads the answers; the last one. Any of another status is an error.
    pub fn send(&mut self, request: impl Fn(usize) -> Vec<u8>, status: u16) -> io::Result<Answer> {
        for (index, connection) in self.all.iter_mut().enumerate() {
            connection.get_mut().write_all(&request(index))?;
        }
        let mut last = Answer { headers: BTreeMap::new(), body: String::new() };
        for connection in &mut self.all {
            last = answer(connection, status)?;
        }
        Ok(last)
    }

    /// Asks for a path on each connection, so many times; the last answer. Any other than 200 is an error.
    pub fn ask(&mut self, path: &str, times: u64) -> io::Result<Answer> {
        self.ask_with(path, "", times)
    }

    /// The same once, with a token.
    pub fn ask_as(&mut self, token: &str, path: &str) -> io::Result<Answer> {
        self.ask_with(path, &format!("Authorization: Bearer {token}\r\n"), 1)
    }

    fn ask_with(&mut self, path: &str, headers: &str, times: u64) -> io::Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{headers}\r\n", self.port);
        let mut last = Answer { headers: BTreeMap::new(), body: String::new() };
        for _ in 0..times {
            for connection in &mut self.all {
                connection.get_mut().write_all(request.as_bytes())?;
            }
            for connection in &mut self.all {
                last = answer(connection, 200)?;
            }
        }
        Ok(last)
    }
}

fn answer(from: &mut impl BufRead, status: u16) -> io::Result<Answer> {
    let unexpected = |text: &str| io::Error::new(ErrorKind::InvalidData, format!("unexpected: {text:?}"));
    let mut line = String::new();
    from.read_line(&mut line)?;
    if !line.starts_with(&format!("HTTP/1.1 {status} ")) {
        return Err(unexpected(&line));
    }
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        from.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.ok_or_else(|| unexpected("no length"))?];
    from.read_exact(&mut body)?;
    Ok(Answer { headers, body: String::from_utf8_lossy(&body).into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_one_after_the_other_and_any_other_status_is_an_error() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A:  b\r\n\r\nokHTTP/1.1 503 Down\r\n\r\n";
        let mut from = text.as_bytes();
        let Answer { headers, body } = answer(&mut from, 200).unwrap();
        assert_eq!((headers["x-a"].as_str(), &*body), ("b", "ok"));
        assert!(answer(&mut from, 200).is_err());
        assert!(answer(&mut from, 200).is_err());
    }
}
