//! TLS with a given certificate: what is served, what a handshake may not do, what is refused at start.

use std::{
    fs,
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::get};
use greenroom_config::{ConfigOptions, RootConfig};
use greenroom_http::{ClientAddress, HttpSettings};
use rustls::crypto::aws_lc_rs::default_provider;
use serde_json::json;

use crate::{
    kit::{Kit, slow, told},
    tls::{DAY, certificate, connect, trusting},
};

const READINESS: &str = "/.backstage/health/v1/readiness";

fn kit(cert: &str, key: &str) -> Kit {
    let look = async |client: ClientAddress| Json(json!([client.protocol(), client.secure()]));
    with(cert, key, Router::new().route("/", get(look)))
}

fn with(cert: &str, key: &str, router: Router) -> Kit {
    Kit::new().config("backend.https", json!({"certificate": {"cert": cert, "key": key}})).open(router)
}

#[tokio::test]
async fn a_given_certificate_is_served_and_handlers_see_https() {
    let (cert, key) = certificate(DAY);
    let up = kit(&cert, &key).start().await;
    let mut kept = connect(up.client, trusting(&cert), "localhost").await.unwrap();
    let answer = kept.ask("GET", READINESS, &[], b"").await;
    assert_eq!(answer.seen(), (200, r#"{"status":"ok"}"#));
    assert_eq!(answer.header("keep-alive"), Some("timeout=5"));
    assert_eq!(kept.ask("GET", "/api/x/", &[], b"").await.json(), json!(["https", true]));
    let listening = format!("Listening on 127.0.0.1:{}", up.client.port());
    assert!(up.lines.json().iter().any(|line| line["message"] == *listening), "{:?}", up.lines.lines());
    assert_eq!(up.lines_of("incomingRequest", 2).await[1]["url"], "/api/x/");
    assert!(!up.lines.lines().concat().contains("PRIVATE KEY"));
}

#[tokio::test]
async fn what_is_spoken_is_http_1_1() {
    let (cert, key) = certificate(DAY);
    let up = kit(&cert, &key).start().await;
    let speaking = |protocols: &[&[u8]]| {
        let mut config = trusting(&cert);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        connect(up.client, config, "localhost")
    };
    let both = speaking(&[b"h2", b"http/1.1"]).await.unwrap();
    assert_eq!(both.stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(speaking(&[b"h2"]).await.is_err());
}

#[test]
fn every_suite_has_forward_secrecy_and_authenticates() {
    for suite in default_provider().cipher_suites {
        let name = format!("{:?}", suite.suite());
        let fresh = name.starts_with("TLS13_") || name.starts_with("TLS_ECDHE_");
        assert!(fresh && (name.contains("_GCM_") || name.contains("_CHACHA20_")), "{name}");
    }
}

#[tokio::test]
async fn a_drain_over_tls_answers_what_is_in_flight_and_closes_the_rest() {
    let (cert, key) = certificate(DAY);
    let (slow, begun) = slow();
    let up = with(&cert, &key, Router::new().route("/slow", slow)).start().await;
    let mut idle = connect(up.client, trusting(&cert), "localhost").await.unwrap();
    assert_eq!(idle.ask("GET", "/nope", &[], b"").await.status, 404);
    let mut busy = connect(up.client, trusting(&cert), "localhost").await.unwrap();
    busy.send("GET /api/x/slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    begun.notified().await;
    let mut silent = up.client.connect().await;
    let begun = Instant::now();
    let stopped = up.stop();
    let answer = busy.answer("GET").await;
    assert_eq!((answer.seen(), answer.header("connection")), ((200, "slept"), Some("close")));
    idle.ends().await;
    silent.ends().await;
    drop((idle, busy, silent));
    stopped.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_ended_and_told_at_debug() {
    let (cert, key) = certificate(DAY);
    let up = kit(&cert, &key).config("backend.server", json!({"headersTimeout": 200})).start().await;
    let mut silent = up.client.connect().await;
    silent.ends().await;
    let line = told(&up.lines, "A TLS handshake failed").await;
    assert_eq!((&line["level"], &line["reason"]), (&json!("debug"), &json!("it took too long")));
}

#[tokio::test]
async fn plain_http_on_an_encrypted_port_is_closed_and_others_are_served() {
    let (cert, key) = certificate(DAY);
    let up = kit(&cert, &key).start().await;
    let answer = up.client.raw("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(answer, "\x15\x03\x03\0\x02\x02\x32", "an alert: fatal, nothing that can be decoded");
    assert_eq!(told(&up.lines, "A TLS handshake failed").await["level"], "debug");
    let mut next = connect(up.client, trusting(&cert), "localhost").await.unwrap();
    assert_eq!(next.ask("GET", READINESS, &[], b"").await.status, 200);
}

#[test]
fn a_certificate_that_cannot_be_served_is_a_start_error_with_its_place_and_without_the_key() {
    let ((cert, key), (other, _)) = (certificate(DAY), certificate(DAY));
    let refused = |cert: &str, key: &str, expected: &str| {
        let certificate = json!({"cert": cert, "key": key});
        let text = format!("backend:\n  https:\n    certificate: {certificate}\n");
        let config = RootConfig::from_yaml(&text).unwrap();
        let error = HttpSettings::from_config(&config, None).unwrap_err();
        let told = format!("{error} {error:?} {}", miette(&error));
        assert!(told.contains(expected) && told.contains("mock-config:3"), "{expected}: {told}");
        let secret = key.lines().nth(1).unwrap_or("no key");
        assert!(!told.contains(secret), "{told}");
    };
    let cert_at = "Invalid value in backend.https.certificate.cert: ";
    let key_at = "Invalid value in backend.https.certificate.key: ";
    refused(
        "./server.pem",
        &key,
        &format!(
            "{cert_at}no certificate, expected -----BEGIN CERTIFICATE-----; a file is read by {{$file: <path>}}"
        ),
    );
    refused(&key, &key, &format!("{cert_at}no certificate, expected -----BEGIN CERTIFICATE-----"));
    refused(&cert.replace("-----END", "-----FIN"), &key, &format!("{cert_at}broken PEM"));
    refused(&cert, "./server.key", &format!("{key_at}no private key"));
    refused(&cert, &cert, &format!("{key_at}no private key"));
    refused(
        &cert,
        &key.replace("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE"),
        &format!("{key_at}the key has a passphrase"),
    );
    refused(&other, &key, &format!("{key_at}it is not the key of the first certificate"));
    let spoilt = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", "QUJD".repeat(16));
    refused(&cert, &spoilt, &format!("{key_at}no key that TLS can use"));
    let spoilt = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";
    refused(spoilt, &key, cert_at);

    let config =
        RootConfig::from_json(json!({"backend": {"https": {"certificate": {"cert": cert}}}})).unwrap();
    let error = HttpSettings::from_config(&config, None).unwrap_err();
    assert!(
        error.to_string().contains("Missing required config value at 'backend.https.certificate.key'"),
        "{error}"
    );
    let config =
        RootConfig::from_json(json!({"backend": {"https": {"certificate": {"cert": cert, "key": key}}}}))
            .unwrap();
    let shown = format!("{:?}", HttpSettings::from_config(&config, None).unwrap());
    assert!(!shown.contains(key.lines().nth(1).unwrap()), "{shown}");
}

/// What a person sees of it.
fn miette(error: &greenroom_config::ConfigError) -> String {
    let mut shown = String::new();
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor());
    handler.render_report(&mut shown, error).unwrap();
    shown
}

#[tokio::test]
async fn a_changed_certificate_is_shown_to_new_connections_and_a_broken_one_is_not() {
    let ((first, first_key), (second, second_key)) = (certificate(DAY), certificate(DAY));
    let dir = tempfile::tempdir().unwrap();
    let put = |cert: &str, key: &str| {
        fs::write(dir.path().join("cert.pem"), cert).unwrap();
        fs::write(dir.path().join("key.pem"), key).unwrap();
    };
    put(&first, &first_key);
    let text = "backend:\n  listen: {host: 127.0.0.1, port: 0}\n  https:\n    certificate:\n      \
                cert: {$file: cert.pem}\n      key: {$file: key.pem}\n";
    fs::write(dir.path().join("app-config.yaml"), text).unwrap();
    let options = ConfigOptions { cwd: dir.path().to_owned(), ..ConfigOptions::default() };
    let config = RootConfig::load(&options).unwrap();
    let up = Kit::new().loaded(config.clone()).start().await;
    let mut kept = connect(up.client, trusting(&first), "localhost").await.unwrap();

    put(&second, &second_key);
    assert!(config.reload().unwrap());
    told(&up.lines, "New connections get the changed TLS certificate").await;
    assert!(connect(up.client, trusting(&first), "localhost").await.is_err());
    let mut next = connect(up.client, trusting(&second), "localhost").await.unwrap();
    assert_eq!(next.ask("GET", READINESS, &[], b"").await.status, 200);
    assert_eq!(kept.ask("GET", READINESS, &[], b"").await.status, 200, "what is open stays open");

    put(&second, &first_key);
    assert!(config.reload().unwrap());
    let lines = up.lines.json();
    let line = lines.iter().find(|line| line["level"] == "error").unwrap();
    let message = line["message"].as_str().unwrap();
    assert!(message.starts_with("The changed TLS certificate is not used, "), "{message}");
    assert!(message.contains("app-config.yaml:6") || message.contains("key.pem"), "{message}");
    connect(up.client, trusting(&second), "localhost").await.unwrap();
}
