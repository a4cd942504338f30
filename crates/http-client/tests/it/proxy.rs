//! Calls by a proxy: which go by it, how, and what is said when it does not help.

use std::sync::Arc;

use greenroom_context::spawn;
use greenroom_http_client::{Call, CallError, ClientEnvironment, Fault, HttpClient, TlsFault};
use greenroom_logging::{CaptureSink, Level, RootLogger};
use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
};

use crate::{
    certificates::{Authority, encrypted},
    kit::{Names, Seen, Server, environment, ok, read},
};

/// A proxy that takes every name for a server on this machine, and what it was asked.
struct Proxy {
    port: u16,
    seen: Mutex<mpsc::UnboundedReceiver<Seen>>,
}

/// `me:p@ss`
const AUTHORIZATION: &str = "Basic bWU6cEBzcw==";

impl Proxy {
    /// One that lets nobody through without that header, or everybody; all requests are answered by `status` instead, if it
    /// is given.
    async fn start(authorization: Option<&'static str>, status: Option<u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, seen) = mpsc::unbounded_channel();
        let tell = Arc::new(tell);
        spawn("proxy", async move {
            while let Ok((stream, _)) = listener.accept().await {
                spawn("proxied", serve(stream, authorization, status, tell.clone()));
            }
        });
        Self { port, seen: Mutex::new(seen) }
    }

    fn url(&self) -> String {
        format!("http://proxy.example:{}", self.port)
    }

    async fn seen(&self) -> Seen {
        self.seen.lock().await.recv().await.unwrap()
    }

    async fn has_seen_nothing(&self) -> bool {
        self.seen.lock().await.try_recv().is_err()
    }
}

async fn serve(
    mut client: TcpStream,
    authorization: Option<&str>,
    status: Option<u16>,
    tell: Arc<mpsc::UnboundedSender<Seen>>,
) -> Option<()> {
    loop {
        let seen = read(&mut client, 0).await?;
        let _ = tell.send(seen.clone());
        let is_known = authorization.is_none_or(|wanted| seen.header("proxy-authorization") == Some(wanted));
        if let Some(status) = status.or_else(|| (!is_known).then_some(407)) {
            let refusal =
                format!("HTTP/1.1 {status} X\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno");
            client.write_all(refusal.as_bytes()).await.ok()?;
            continue;
        }
        let mut words = seen.line().split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let port = |authority: &str| authority.rsplit_once(':')?.1.parse::<u16>().ok();
        if method == "CONNECT" {
            let mut server = TcpStream::connect(("127.0.0.1", port(target)?)).await.ok()?;
            client.write_all(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n").await.ok()?;
            copy_bidirectional(&mut client, &mut server).await.ok()?;
            return None;
        }
        let (authority, path) = target.strip_prefix("http://")?.split_once('/')?;
        let mut server = TcpStream::connect(("127.0.0.1", port(authority)?)).await.ok()?;
        let head = seen.head.replacen(target, &format!("/{path}"), 1);
        let own = |line: &&str| !line.to_ascii_lowercase().starts_with("proxy-");
        let head = head.lines().filter(own).collect::<Vec<_>>().join("\r\n") + "\r\n";
        server.write_all(&[head.as_bytes(), &seen.body].concat()).await.ok()?;
        let answer = read(&mut server, 0).await?;
        client.write_all(&[answer.head.as_bytes(), &answer.body].concat()).await.ok()?;
    }
}

fn names() -> Names {
    // Names of others are looked up by the proxy: asking for them here would fail.
    Names::of(&[("proxy.example", &["127.0.0.1"])])
}

fn client(variables: &[(&str, &str)]) -> HttpClient {
    HttpClient::builder(environment(variables)).resolver(names()).build()
}

async fn get(client: &HttpClient, url: &str) -> Result<String, CallError> {
    let answer = client.send(Call::get(url).unwrap()).await?;
    Ok(format!("{} {}", answer.status().as_u16(), String::from_utf8_lossy(answer.body())))
}

#[tokio::test]
async fn a_call_in_the_open_is_asked_of_the_proxy_with_the_whole_url() {
    let (proxy, server) =
        (Proxy::start(Some(AUTHORIZATION), None).await, Server::start(|_| ok("hello")).await);
    let client = client(&[("HTTP_PROXY", &format!("http://me:p%40ss@proxy.example:{}", proxy.port))]);
    for _ in 0..2 {
        let url = server.url_as("http", "api.example", "/a?b=c");
        let answer = client.send(Call::post(&url, "body").unwrap()).await.unwrap();
        assert_eq!(answer.body(), "hello");
        let host = format!("api.example:{}", server.address.port());
        let seen = server.seen().await;
        assert_eq!((seen.line(), &seen.body[..]), ("POST /a?b=c HTTP/1.1", &b"body"[..]));
        assert_eq!((seen.header("host"), seen.header("proxy-authorization")), (Some(&*host), None));
    }
    let seen = proxy.seen().await;
    assert_eq!(seen.line(), format!("POST http://api.example:{}/a?b=c HTTP/1.1", server.address.port()));
    assert_eq!(seen.all("proxy-authorization"), [AUTHORIZATION]);
}

#[tokio::test]
async fn an_encrypted_call_goes_through_a_tunnel_whose_proxy_sees_nothing_of_it() {
    let authority = Authority::new();
    let server = encrypted(authority.acceptor(&["idp.example"], -1, 9), |_| ok("hello")).await;
    let proxy = Proxy::start(Some(AUTHORIZATION), None).await;
    let variable = format!("me:p%40ss@proxy.example:{}", proxy.port);
    let client =
        HttpClient::builder(authority.trusted_with(&[("https_proxy", &variable)])).resolver(names()).build();
    let url = server.url_as("https", "idp.example", "/secret");
    assert_eq!(get(&client, &url).await.unwrap(), "200 hello");
    assert_eq!(get(&client, &url).await.unwrap(), "200 hello");

    let host = format!("idp.example:{}", server.address.port());
    let asked = proxy.seen().await;
    assert_eq!(asked.line(), format!("CONNECT {host} HTTP/1.1"));
    assert_eq!((asked.all("host"), asked.all("proxy-authorization")), (vec![&*host], vec![AUTHORIZATION]));
    assert!(proxy.has_seen_nothing().await, "one tunnel serves both");
    let seen = server.seen().await;
    assert_eq!((seen.line(), seen.header("proxy-authorization")), ("GET /secret HTTP/1.1", None));
}

#[tokio::test]
async fn who_is_behind_a_tunnel_is_checked_by_its_certificate() {
    let authority = Authority::new();
    let server = encrypted(authority.acceptor(&["other.example"], -1, 9), |_| ok("")).await;
    let proxy = Proxy::start(None, None).await;
    let environment = authority.trusted_with(&[("ALL_PROXY", &proxy.url())]);
    let client = HttpClient::builder(environment).resolver(names()).build();
    let error = get(&client, &server.url_as("https", "idp.example", "/")).await.unwrap_err();
    assert_eq!(error.fault(), &Fault::Tls(TlsFault::OtherName(vec!["other.example".to_owned()])));
}

#[tokio::test]
async fn a_proxy_that_wants_a_password_or_refuses_is_told_with_its_status() {
    let wants = Proxy::start(Some(AUTHORIZATION), None).await;
    let open = client(&[("ALL_PROXY", &wants.url())]);
    for (url, host) in
        [("http://api.example/", "api.example:80"), ("https://idp.example/", "idp.example:443")]
    {
        let error = get(&open, url).await.unwrap_err();
        let proxy = format!("proxy.example:{}", wants.port);
        assert_eq!(error.fault(), &Fault::ProxyRefused { proxy: proxy.clone(), status: 407 });
        let begin =
            format!("The proxy {proxy} lets nobody through to {host} without a password (status 407): ");
        assert!(error.to_string().starts_with(&begin), "{error}");
    }
    let refuses = Proxy::start(None, Some(403)).await;
    let open = client(&[("ALL_PROXY", &refuses.url())]);
    let error = get(&open, "https://idp.example/").await.unwrap_err();
    let text = format!(
        "The proxy proxy.example:{} does not connect to idp.example:443 (status 403): ask who runs it, or list the host in \
         NO_PROXY",
        refuses.port
    );
    assert_eq!(error.to_string(), text);
    // In the open its refusal cannot be told from an answer of the host.
    assert_eq!(get(&open, "http://api.example/").await.unwrap(), "403 no");
}

#[tokio::test]
async fn a_proxy_that_is_not_there_or_breaks_off_is_told_as_the_proxy() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error =
        get(&client(&[("ALL_PROXY", &format!("http://proxy.example:{gone}"))]), "https://idp.example/").await;
    let begin = format!(
        "The proxy proxy.example:{gone}, by which idp.example:443 is called, cannot be used: Connection refused"
    );
    let error = error.unwrap_err();
    assert!(error.to_string().starts_with(&begin), "{error}");

    let error =
        get(&client(&[("ALL_PROXY", "http://unknown.example:1")]), "http://api.example/").await.unwrap_err();
    assert!(error.to_string().contains("its name has no address (no such name)"), "{error}");

    let closes = Server::start(|_| crate::kit::Reply::Close(vec![])).await;
    let closing = client(&[("ALL_PROXY", &closes.url_as("http", "proxy.example", ""))]);
    let error = get(&closing, "https://idp.example/").await.unwrap_err();
    assert!(error.to_string().ends_with("cannot be used: it closed the connection"), "{error}");
    assert_eq!(error.kind(), "proxy");
}

#[tokio::test]
async fn a_proxy_that_says_nothing_is_given_up_as_the_proxy() {
    let hangs = Server::start(|_| crate::kit::Reply::Hang(vec![])).await;
    let client =
        HttpClient::builder(environment(&[("ALL_PROXY", &hangs.url_as("http", "proxy.example", ""))]));
    let client = client.resolver(names()).connect_deadline(std::time::Duration::from_millis(100)).build();
    let error = get(&client, "https://idp.example/").await.unwrap_err();
    assert!(
        error.to_string().ends_with("cannot be used: there was no connection through it within 0.1 s"),
        "{error}"
    );
}

#[tokio::test]
async fn this_machine_is_called_without_a_proxy_and_so_is_what_no_proxy_lists() {
    let proxy = Proxy::start(None, None).await;
    let server = Server::start(|_| ok("direct")).await;
    let names = Names::of(&[
        ("localhost", &["127.0.0.1"]),
        ("x.localhost", &["127.0.0.1"]),
        ("a.intra.example", &["127.0.0.1"]),
    ]);
    let environment = environment(&[("ALL_PROXY", &proxy.url()), ("NO_PROXY", "intra.example")]);
    let client = HttpClient::builder(environment).resolver(names).build();
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "x.localhost", "a.intra.example", "A.INTRA.EXAMPLE"] {
        let url = server.url_as("http", host, "/");
        let answer = get(&client, &url).await;
        assert_eq!(answer.unwrap(), "200 direct", "{host}");
    }
    assert!(proxy.has_seen_nothing().await);
}

#[tokio::test]
async fn an_address_in_the_url_is_checked_before_a_proxy_is_asked() {
    let proxy = Proxy::start(None, None).await;
    let client = client(&[("ALL_PROXY", &proxy.url())]);
    for url in ["http://169.254.169.254/", "https://[fd00:ec2::254]/"] {
        let error = get(&client, url).await.unwrap_err();
        assert!(matches!(error.fault(), Fault::Address { .. }), "{error:?}");
    }
    assert!(proxy.has_seen_nothing().await);
}

#[tokio::test]
async fn a_variable_that_names_no_proxy_is_warned_of_and_fails_what_would_go_by_it() {
    for (value, reason) in [
        ("https://me:secret@proxy.example", "expected a URL that begins with http://"),
        ("socks5://me:secret@proxy.example", "expected a URL that begins with http://"),
        ("http://me:secret@proxy.example:99999", "its port is none, expected 1 to 65535"),
        (
            "http://me:se cret@proxy.example",
            "it is no URL, expected http://host:port or http://user:password@host:port with \
          special characters as %XX",
        ),
    ] {
        let environment = environment(&[("HTTPS_PROXY", value)]);
        assert_eq!(
            environment.warnings(),
            [format!("HTTPS_PROXY names no usable proxy, calls by it fail: {reason}")]
        );
        let client = HttpClient::builder(environment).resolver(names()).build();
        let error = get(&client, "https://idp.example/").await.unwrap_err();
        let text =
            format!("The proxy of HTTPS_PROXY, by which idp.example:443 is called, cannot be used: {reason}");
        assert_eq!(error.to_string(), text);
        // What does not go by it is called.
        assert_eq!(get(&client, "http://idp.example/").await.unwrap_err().kind(), "name");
    }
    let all = environment(&[("ALL_PROXY", "ftp://x")]);
    assert_eq!(all.warnings().len(), 1, "{:?}", all.warnings());
}

#[test]
fn the_variable_of_a_scheme_goes_before_that_of_all_and_lower_case_before_upper_case() {
    let shown = |variables: &[(&str, &str)]| format!("{:?}", environment(variables));
    let all = [("http_proxy", "low"), ("HTTP_PROXY", "up"), ("ALL_PROXY", "all:81"), ("https_proxy", "")];
    let text = shown(&all);
    assert!(text.contains("low:80") && text.contains("all:81") && !text.contains("up:"), "{text}");
    assert_eq!(shown(&[]), format!("{:?}", ClientEnvironment::default()));
}

#[tokio::test]
async fn the_password_of_a_proxy_is_in_no_text() {
    let lines = CaptureSink::new();
    let root = RootLogger::builder().level(Level::Debug).sink(lines.clone()).build();
    let wants = Proxy::start(Some("Basic other"), None).await;
    let variable = format!("http://me:hunter2@proxy.example:{}", wants.port);
    let environment = environment(&[("ALL_PROXY", &variable)]);
    let mut said = format!("{environment:?} {:?}", environment.warnings());
    let client = HttpClient::builder(environment).logger((*root).clone()).resolver(names()).build();
    for url in ["http://api.example/", "https://idp.example/"] {
        let error = get(&client, url).await.unwrap_err();
        said += &format!("{error} {error:?}");
    }
    assert_eq!(wants.seen().await.all("proxy-authorization"), ["Basic bWU6aHVudGVyMg=="]);
    said += &lines.lines().concat();
    assert!(lines.lines().len() == 2 && !said.contains("hunter2") && !said.contains("bWU6"), "{said}");
}
