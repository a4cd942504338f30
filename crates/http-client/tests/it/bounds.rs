//! Every call ends, in time and in size.

use std::{future::pending, io, net::IpAddr, time::Duration};

use greenroom_context::spawn;
use greenroom_http_client::{BoxFuture, Call, CallError, Fault, Part, Resolve, Stage};

use crate::{
    certificates::Authority,
    kit::{Reply, Server, builder, client, keep, ok},
};

async fn get(server: &Server) -> CallError {
    client().send(Call::get(&server.url("/")).unwrap()).await.unwrap_err()
}

/// Sends a call, waits until the server has said all that it will say, and lets time fly.
async fn late(server: &Server, url: &str) -> CallError {
    let call = Call::get(url).unwrap();
    let sent = spawn("call", async move { client().send(call).await });
    server.has_answered().await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let error = sent.await.unwrap().unwrap().unwrap_err();
    assert!(began.elapsed() <= Duration::from_millis(10_001), "{:?}", began.elapsed());
    error
}

#[tokio::test]
async fn an_answer_whose_header_does_not_come_is_given_up() {
    for said in ["", "HTTP/1.1 200 OK\r\nX-Slow:"] {
        let server = Server::start(move |_| Reply::Hang(said.into())).await;
        let error = late(&server, &server.url("/")).await;
        assert_eq!(error.fault(), &Fault::Deadline { of: Stage::Answer, limit: Duration::from_secs(10) });
        assert_eq!(error.to_string(), format!("{} did not answer within 10 s", server.address));
        tokio::time::resume();
    }
}

#[tokio::test]
async fn an_answer_whose_body_does_not_end_is_given_up() {
    let server =
        Server::start(|_| Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".into())).await;
    let error = late(&server, &server.url("/")).await;
    assert_eq!(error.fault(), &Fault::Deadline { of: Stage::Body, limit: Duration::from_secs(10) });
    assert_eq!(error.to_string(), format!("The answer of {} did not end within 10 s", server.address));
}

struct Silent;

impl Resolve for Silent {
    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_come_is_given_up_by_its_own_deadline() {
    let client = builder().resolver(Silent).connect_deadline(Duration::from_millis(1500)).build();
    let error = client.send(Call::get("http://a.example/").unwrap()).await.unwrap_err();
    assert_eq!(error.fault(), &Fault::Deadline { of: Stage::Connect, limit: Duration::from_millis(1500) });
    assert_eq!(error.to_string(), "There was no connection to a.example:80 within 1.5 s");
    // Or by the call's, if that is shorter.
    let call = Call::get("http://a.example/").unwrap().deadline(Duration::from_secs(1));
    let error = client.send(call).await.unwrap_err();
    assert_eq!(error.fault(), &Fault::Deadline { of: Stage::Connect, limit: Duration::from_secs(1) });
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_given_up_as_a_connection() {
    let server = Server::listen(
        [127, 0, 0, 1].into(),
        |_| ok(""),
        async |stream| {
            pending::<()>().await;
            Some(stream)
        },
    );
    let server = server.await;
    let client = Authority::new().client().connect_deadline(Duration::from_millis(100)).build();
    let url = server.url_as("https", "idp.example", "/");
    let error = client.send(Call::get(&url).unwrap()).await.unwrap_err();
    assert_eq!(error.fault(), &Fault::Deadline { of: Stage::Connect, limit: Duration::from_millis(100) });
}

#[tokio::test]
async fn nobody_there_is_told_as_the_system_says_it() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = client().send(Call::get(&format!("http://{free}/")).unwrap()).await.unwrap_err();
    let begin = format!("Cannot connect to {free}: Connection refused");
    assert!(matches!(error.fault(), Fault::Connect(_)) && error.to_string().starts_with(&begin), "{error}");
}

#[tokio::test]
async fn a_body_beyond_the_bound_is_an_error_announced_or_not() {
    let announced =
        Server::start(|_| Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n".into())).await;
    let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
    let endless = Server::start(move |_| {
        Reply::Forever(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), chunk.clone())
    });
    let until_end = Server::start(|_| Reply::Forever(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 1000]));
    for server in [announced, endless.await, until_end.await] {
        let error = get(&server).await;
        assert_eq!(error.fault(), &Fault::TooLarge { what: Part::Body, limit: 1024 * 1024 });
        assert_eq!(error.to_string(), format!("The answer of {} is longer than 1 MiB", server.address));
    }
}

#[tokio::test]
async fn a_body_of_just_the_bound_is_taken() {
    let server = Server::start(|seen| match seen.line() {
        "GET /three HTTP/1.1" => ok("abc"),
        "GET /none HTTP/1.1" => ok(""),
        _ => ok("abcd"),
    });
    let server = server.await;
    let get = |path: &str, most| client_send(server.url(path), most);
    assert_eq!(get("/three", 3).await.unwrap(), "abc");
    assert_eq!(get("/none", 0).await.unwrap(), "");
    let error = get("/four", 3).await.unwrap_err();
    assert_eq!(error.fault(), &Fault::TooLarge { what: Part::Body, limit: 3 });
}

#[tokio::test]
async fn a_call_for_its_status_is_answered_whatever_becomes_of_the_body() {
    let begun = "HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nab";
    let late = Server::start(move |_| Reply::Hang(begun.into())).await;
    let long = Server::start(|_| ok("abcd")).await;
    for (server, expected) in [(late, (201, "ab")), (long, (200, ""))] {
        let call = Call::get(&server.url("/")).unwrap().at_most(3).deadline(Duration::from_millis(300));
        let answer = client().send(call.for_status()).await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (expected.0, expected.1.as_bytes()));
    }
}

async fn client_send(url: String, most: usize) -> Result<bytes::Bytes, CallError> {
    let answer = client().send(Call::get(&url).unwrap().at_most(most)).await?;
    Ok(answer.into_body())
}

#[tokio::test]
async fn a_header_beyond_the_bounds_is_an_error() {
    let long = format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(17 * 1024));
    let many = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n", "X: y\r\n".repeat(100));
    let endless = Server::start(|_| Reply::Forever("HTTP/1.1 200 OK\r\n".into(), "X: y\r\n".into()));
    for server in
        [Server::start(move |_| keep(&long)).await, Server::start(move |_| keep(&many)).await, endless.await]
    {
        let error = get(&server).await;
        assert_eq!(error.fault(), &Fault::TooLarge { what: Part::Header, limit: 16 * 1024 });
        let text =
            format!("The header of the answer of {} has more than 16 KiB or 100 fields", server.address);
        assert_eq!(error.to_string(), text);
    }
    let fits = format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(15 * 1024));
    let server = Server::start(move |_| keep(&fits)).await;
    client().send(Call::get(&server.url("/")).unwrap()).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error() {
    for said in [
        "",
        "HTTP/1.1 200 OK\r\nContent-",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let server = Server::start(move |_| Reply::Close(said.into())).await;
        assert_eq!(get(&server).await.fault(), &Fault::ClosedEarly, "{said:?}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_told_as_that() {
    for said in
        ["SSH-2.0-OpenSSH_9.6\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"]
    {
        let server = Server::start(move |_| Reply::Close(said.into())).await;
        let error = get(&server).await;
        assert!(matches!(error.fault(), Fault::Protocol(_)), "{error:?}");
        let begin = format!("What {} answers is not HTTP/1.1: ", server.address);
        assert!(error.to_string().starts_with(&begin), "{error}");
    }
}

#[tokio::test]
async fn a_host_that_hangs_holds_up_its_own_calls_only() {
    let (hangs, lives) = (Server::start(|_| Reply::Hang(vec![])).await, Server::start(|_| ok("")).await);
    let client = client();
    let mut calls = vec![];
    for _ in 0..64 {
        let (client, call) = (client.clone(), Call::get(&hangs.url("/")).unwrap());
        calls.push(spawn("call", async move { client.send(call).await }));
        hangs.seen().await;
    }
    client.send(Call::get(&lives.url("/")).unwrap()).await.unwrap();

    tokio::time::pause();
    let url = hangs.url("/");
    let call = move || Call::get(&url).unwrap().deadline(Duration::from_secs(1));
    let error = client.send(call()).await.unwrap_err();
    assert_eq!(error.fault(), &Fault::Deadline { of: Stage::Turn, limit: Duration::from_secs(1) });
    let told = format!("64 calls to {} were under way, and none ended within 1 s", error.target());
    assert_eq!(error.to_string(), told);
    assert_eq!(hangs.connections(), 64);
    tokio::time::resume();

    // The end of one is the turn of the next.
    calls.pop().unwrap().abort();
    let next = spawn("call", async move { client.send(call()).await });
    hangs.seen().await;
    next.abort();
}
