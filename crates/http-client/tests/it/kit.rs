//! Servers on this machine that answer by a script, and what they have read.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use greenroom_context::spawn;
use greenroom_http_client::{BoxFuture, ClientEnvironment, HttpClient, HttpClientBuilder, Resolve};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
};

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The how-manieth connection of the server it came by.
    pub(crate) connection: usize,
}

impl Seen {
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

/// What a server sends, and what then.
pub(crate) enum Reply {
    /// It waits for the next request.
    Keep(Vec<u8>),
    /// It closes the connection.
    Close(Vec<u8>),
    /// It drops the connection, without the farewell that TLS asks for.
    Cut(Vec<u8>),
    /// It says nothing more.
    Hang(Vec<u8>),
    /// It goes on with these bytes for ever.
    Forever(Vec<u8>, Vec<u8>),
}

pub(crate) fn ok(body: &str) -> Reply {
    Reply::Keep(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes())
}

pub(crate) fn keep(text: &str) -> Reply {
    Reply::Keep(text.into())
}

/// A server and the requests that it has read.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Mutex<mpsc::UnboundedReceiver<Seen>>,
    pub(crate) connections: Arc<AtomicUsize>,
    /// How many requests have been answered as far as the script says.
    answered: Mutex<mpsc::UnboundedReceiver<()>>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Reply + Clone + Send + Sync + 'static) -> Self {
        Self::listen(IpAddr::V4(Ipv4Addr::LOCALHOST), answer, async |stream| Some(stream)).await
    }

    pub(crate) async fn on_ipv6(answer: impl Fn(&Seen) -> Reply + Clone + Send + Sync + 'static) -> Self {
        Self::listen(IpAddr::V6(Ipv6Addr::LOCALHOST), answer, async |stream| Some(stream)).await
    }

    /// One that does something with each connection first.
    pub(crate) async fn listen<S, F, Fut>(
        on: IpAddr,
        answer: impl Fn(&Seen) -> Reply + Clone + Send + Sync + 'static,
        accept: F,
    ) -> Self
    where
        S: Stream + 'static,
        F: Fn(TcpStream) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Option<S>> + Send,
    {
        let listener = TcpListener::bind((on, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (tell_seen, seen) = mpsc::unbounded_channel();
        let (tell_answered, answered) = mpsc::unbounded_channel();
        let count = connections.clone();
        spawn("server", async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = count.fetch_add(1, Ordering::SeqCst) + 1;
                let (answer, accept) = (answer.clone(), accept.clone());
                let (tell_seen, tell_answered) = (tell_seen.clone(), tell_answered.clone());
                spawn("connection", async move {
                    let Some(mut stream) = accept(stream).await else { return };
                    while let Some(seen) = read(&mut stream, connection).await {
                        let _ = tell_seen.send(seen.clone());
                        if !reply(&mut stream, answer(&seen), &tell_answered).await {
                            break;
                        }
                    }
                });
            }
        });
        Self { address, seen: Mutex::new(seen), connections, answered: Mutex::new(answered) }
    }

    /// `http://host:port` and this path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The same under another host.
    pub(crate) fn url_as(&self, scheme: &str, host: &str, path: &str) -> String {
        format!("{scheme}://{host}:{}{path}", self.address.port())
    }

    /// The next request that it has read.
    pub(crate) async fn seen(&self) -> Seen {
        self.seen.lock().await.recv().await.unwrap()
    }

    /// Waits until it has sent what the script says for one more request.
    pub(crate) async fn has_answered(&self) {
        self.answered.lock().await.recv().await.unwrap();
    }

    /// Whether it has read nothing that was not asked for by [`seen`](Self::seen).
    pub(crate) async fn has_seen_all(&self) -> bool {
        self.seen.lock().await.try_recv().is_err()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub(crate) async fn read(stream: &mut impl Stream, connection: usize) -> Option<Seen> {
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let mut seen = Seen { head: String::from_utf8(head).unwrap(), body: vec![], connection };
    let length: usize = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    seen.body.resize(length, 0);
    stream.read_exact(&mut seen.body).await.ok()?;
    Some(seen)
}

/// Whether the connection goes on.
async fn reply(stream: &mut impl Stream, reply: Reply, answered: &mpsc::UnboundedSender<()>) -> bool {
    use Reply::{Close, Cut, Forever, Hang, Keep};
    let (Keep(bytes) | Close(bytes) | Cut(bytes) | Hang(bytes) | Forever(bytes, _)) = &reply;
    // A client that has read enough leaves.
    let sent = async { stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok() }.await;
    let _ = answered.send(());
    match reply {
        Keep(_) => sent,
        Cut(_) => false,
        Close(_) => {
            let _ = stream.shutdown().await;
            false
        }
        Hang(_) => {
            let _ = stream.read_u8().await;
            false
        }
        Forever(_, bytes) => {
            while stream.write_all(&bytes).await.is_ok() {}
            false
        }
    }
}

/// A resolver that knows these names, and counts how often it is asked.
#[derive(Clone, Default)]
pub(crate) struct Names {
    known: Arc<HashMap<String, Vec<IpAddr>>>,
    asked: Arc<AtomicUsize>,
}

impl Names {
    pub(crate) fn of(known: &[(&str, &[&str])]) -> Self {
        let entry = |(name, addresses): &(&str, &[&str])| {
            ((*name).to_owned(), addresses.iter().map(|address| address.parse().unwrap()).collect())
        };
        Self { known: Arc::new(known.iter().map(entry).collect()), asked: Arc::default() }
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let found = self.known.get(name).cloned();
        Box::pin(async move { found.ok_or_else(|| io::Error::other("no such name")) })
    }
}

/// An environment of these variables.
pub(crate) fn environment(variables: &[(&str, &str)]) -> ClientEnvironment {
    ClientEnvironment::from_variables(|name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
    })
}

/// A client without proxies.
pub(crate) fn builder() -> HttpClientBuilder {
    HttpClient::builder(ClientEnvironment::default())
}

pub(crate) fn client() -> HttpClient {
    builder().build()
}
