//! Where and how the program listens: TLS, and sockets in the file system.

use std::{fs, net::Ipv4Addr, os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use greenroom_conformance::tls;
use greenroom_page::{Answer, Program, Request};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::{sleep, timeout},
};

const READINESS: &str = "/.backstage/health/v1/readiness";
const READY: (u16, &str) = (200, r#"{"status":"ok"}"#);

/// What readiness says over such connections once the program has started.
async fn readiness<S: AsyncRead + AsyncWrite + Unpin>(connect: impl AsyncFn() -> S) -> Answer {
    let started = async {
        loop {
            let answer =
                Request::new("GET", READINESS).send_over(connect().await, "localhost").await.unwrap();
            if !answer.body.contains("has not started yet") {
                return answer;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), started).await.expect("it starts")
}

#[tokio::test]
async fn https_is_served_with_a_certificate_that_is_kept_in_the_data_directory() {
    let config = "backend: {baseUrl: 'https://localhost:7007', https: true}\ngreenroom: {dataDir: kept}\n";
    let server = Program::greenroom().config(config).env("NODE_ENV", "production").listen().await;
    let making = server.json_line("Generating new self-signed certificate").await;
    assert_eq!((&making["level"], &making["service"]), (&"info".into(), &"rootHttpRouter".into()));
    let file = server.directory().join("kept/dev-cert.pem");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let trusting = Arc::new(tls::trusting(&fs::read_to_string(file).unwrap()).unwrap());
    let connect = async || {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port())).await.unwrap();
        tls::encrypt(stream, Some(&trusting)).await.unwrap()
    };
    assert_eq!(readiness(connect).await.seen(), READY);
    assert_eq!(server.json_line("incomingRequest").await["url"], READINESS);
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stdout.contains("PRIVATE KEY"), "{ended:?}");
}

#[tokio::test]
async fn a_unix_socket_answers_and_is_gone_after_the_stop() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("b.sock");
    let config = format!("backend:\n  listen: unix:{}\n", path.display());
    let server = Program::greenroom().config(&config).env("NODE_ENV", "production").spawn();
    server.line(&format!("Listening on unix:{}", path.display())).await;
    assert_eq!(readiness(async || UnixStream::connect(&path).await.unwrap()).await.seen(), READY);
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!path.exists());
}
