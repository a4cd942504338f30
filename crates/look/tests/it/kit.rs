//! A server that answers by a function of what it was asked, and keeps what it was asked.

use std::{sync::Arc, time::Duration};

use greenroom_context::spawn;
use greenroom_look::{Limits, Look, Report, Token};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

/// What a server does with a request.
pub(crate) enum Answer {
    /// It answers so, and keeps the connection.
    With(String),
    /// It answers with this head, and with bytes that do not end.
    Endless(String),
    /// It never answers.
    Stall,
}

/// A server.
pub(crate) struct Server {
    pub(crate) port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// One that answers by this, which gets the method and the path.
    pub(crate) async fn start(answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heads, answer) = (Arc::new(Mutex::new(vec![])), Arc::new(answer));
        let kept = heads.clone();
        drop(spawn("server", async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, answer) = (kept.clone(), answer.clone());
                drop(spawn("connection", serve(stream, kept, answer)));
            }
        }));
        Self { port, heads }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The heads of all requests.
    pub(crate) async fn heads(&self) -> Vec<String> {
        self.heads.lock().await.clone()
    }

    /// Its access log: method and path of each, sorted.
    pub(crate) async fn log(&self) -> Vec<String> {
        let line = |head: &String| head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
        let mut log: Vec<_> = self.heads().await.iter().map(line).collect();
        log.sort();
        log
    }
}

async fn serve(
    mut stream: TcpStream,
    kept: Arc<Mutex<Vec<String>>>,
    answer: Arc<impl Fn(&str, &str) -> Answer>,
) {
    let mut read = vec![];
    loop {
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
            match stream.read_buf(&mut read).await {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            }
        };
        let rest = read.split_off(end + 4);
        let head = String::from_utf8(std::mem::replace(&mut read, rest)).unwrap();
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
        kept.lock().await.push(head);
        match answer(&method, &path) {
            Answer::With(text) => {
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            Answer::Endless(head) => {
                let mut text = head.into_bytes();
                while stream.write_all(&text).await.is_ok() {
                    text = vec![b' '; 64 * 1024];
                }
                return;
            }
            Answer::Stall => {
                // Until the other side gives up.
                let _ = stream.read_buf(&mut read).await;
                return;
            }
        }
    }
}

/// An answer of this status, kind and body.
pub(crate) fn answer(status: u16, kind: &str, body: &str) -> Answer {
    with(status, &format!("Content-Type: {kind}\r\n"), body)
}

/// An answer with these fields.
pub(crate) fn with(status: u16, fields: &str, body: &str) -> Answer {
    Answer::With(format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len()))
}

/// Quick ones, so that no test waits for the pace of a real run.
pub(crate) fn quick() -> Limits {
    Limits {
        requests: 60,
        per_second: 1000,
        each: Duration::from_millis(500),
        total: Duration::from_secs(10),
        silence: Duration::from_secs(2),
    }
}

pub(crate) async fn look(url: &str) -> Report {
    Look::new(url.parse().unwrap()).limits(quick()).run().await
}

pub(crate) async fn look_with(url: &str, token: &str) -> Report {
    let look = Look::new(url.parse().unwrap()).token(Some(Token::parse(token).unwrap()));
    look.active(true).limits(quick()).run().await
}
