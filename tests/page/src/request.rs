//! Requests, by hand or as a `curl` line says them.

use std::{io, net::Ipv4Addr, path::Path, time::Duration};

use greenroom_conformance::wire::read_answer;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

/// How long an answer may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    method: String,
    path: String,
    headers: Vec<String>,
    /// What `curl -w` prints after the body.
    write_out: String,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, path: &str) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), headers: vec![], write_out: String::new() }
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, line: &str) -> Self {
        self.headers.push(line.trim_end().to_owned());
        self
    }

    /// What `curl <words>` would send: `-X`, `-H`, `-H @<file below directory>`, `-w`, `-s` and a URL.
    ///
    /// # Errors
    /// For what curl can do and this cannot.
    pub fn of_curl(words: &[String], directory: &Path) -> io::Result<Self> {
        let mut request = Self::new("GET", "");
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| io::Error::other(format!("{word} needs a value")));
            match word.as_str() {
                "-s" => {}
                "-X" => request.method.clone_from(value()?),
                "-w" => request.write_out = value()?.replace("\\n", "\n"),
                "-H" => {
                    let header = value()?;
                    let line = match header.strip_prefix('@') {
                        Some(file) => std::fs::read_to_string(directory.join(file))?,
                        None => header.clone(),
                    };
                    request = request.header(&line);
                }
                url => {
                    let rest = url.strip_prefix("http://").unwrap_or(url);
                    let path = rest.find('/').map_or("/", |at| &rest[at..]);
                    path.clone_into(&mut request.path);
                }
            }
        }
        if request.path.is_empty() { Err(io::Error::other("no URL")) } else { Ok(request) }
    }

    /// Sends it to a port of this machine.
    ///
    /// # Errors
    /// Without a whole answer.
    pub async fn send(&self, port: u16) -> io::Result<Answer> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        self.send_over(stream, &format!("localhost:{port}")).await
    }

    /// Sends it over any connection to what is known as `host`.
    ///
    /// # Errors
    /// Without a whole answer.
    pub async fn send_over<S>(&self, mut stream: S, host: &str) -> io::Result<Answer>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let exchange = async {
            let head = format!(
                "{} {} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: curl/8.5.0\r\nConnection: close\r\n",
                self.method, self.path
            );
            let headers: String = self.headers.iter().map(|line| format!("{line}\r\n")).collect();
            stream.write_all(format!("{head}{headers}\r\n").as_bytes()).await?;
            read_answer(&mut BufReader::new(stream), self.method == "HEAD").await
        };
        let answer = timeout(DEADLINE, exchange).await.map_err(|_| io::ErrorKind::TimedOut)??;
        let answer = answer.ok_or(io::ErrorKind::UnexpectedEof)?;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        Ok(Answer { status: answer.head.status, headers: answer.head.headers, body })
    }

    /// What curl prints of an answer.
    pub fn printed(&self, answer: &Answer) -> String {
        answer.body.clone() + &self.write_out.replace("%{http_code}", &answer.status.to_string())
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    /// Names as sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// Status and body, to compare both at once.
    pub fn seen(&self) -> (u16, &str) {
        (self.status, &self.body)
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}
