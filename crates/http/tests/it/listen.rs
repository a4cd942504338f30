//! Where the server listens.

use std::time::Duration;

use greenroom_config::RootConfig;
use greenroom_http::{HttpSettings, Listen, Timeouts};
use serde_json::{Value, json};

use crate::kit::Kit;

fn settings(backend: Value) -> Result<HttpSettings, String> {
    let config = RootConfig::from_json(json!({"backend": backend})).unwrap();
    HttpSettings::from_config(&config, None).map_err(|error| error.to_string())
}

#[test]
fn every_form_of_listen_is_read() {
    for (listen, host, port) in [
        (json!(7000), "", 7000),
        (json!("7000"), "", 7000),
        (json!(":7000"), "", 7000),
        (json!("localhost:7000"), "localhost", 7000),
        (json!("0.0.0.0:7000"), "0.0.0.0", 7000),
        (json!("[::1]:7000"), "::1", 7000),
        (json!({"port": 7000}), "", 7000),
        (json!({"port": "7000"}), "", 7000),
        (json!({"host": "127.0.0.1"}), "127.0.0.1", 7007),
        (json!({"host": "[::1]", "port": 0}), "::1", 0),
        (json!({"host": "", "port": 0}), "", 0),
    ] {
        let read = settings(json!({"listen": listen})).unwrap().listen;
        assert_eq!(read, Listen::Tcp { host: host.to_owned(), port }, "{listen}");
    }
    let default = settings(json!({})).unwrap().listen;
    assert_eq!(default, Listen::Tcp { host: String::new(), port: 7007 });
    let unix = settings(json!({"listen": "unix:/run/greenroom.sock"})).unwrap().listen;
    assert_eq!(unix, Listen::Unix("/run/greenroom.sock".into()));
}

#[test]
fn http_1_a_bad_listen_is_refused_in_nodes_words_and_with_its_place() {
    for bad in ["a:b", "a", "", "a:1:2", "::1", "[::1", "[x]:1", "1.5", "70000", "-1", "a:"] {
        let said = settings(json!({"listen": bad})).unwrap_err();
        let text = format!("Unable to parse listen address {bad}, expected <port> or <host>:<port>");
        assert!(said.contains(&text), "{said}");
    }
    for bad in [json!(70000), json!(-1), json!(1.5)] {
        assert!(settings(json!({"listen": {"port": bad}})).is_err(), "{bad}");
        assert!(settings(json!({"listen": bad})).is_err(), "{bad}");
    }
    let long = format!("unix:/{}", "x".repeat(200));
    for bad in ["'a:b'", "unix:run/x.sock", "'unix:'", &long, "{host: 'unix:/run/x.sock'}"] {
        let config = RootConfig::from_yaml(&format!("backend:\n  listen: {bad}\n")).unwrap();
        let error = HttpSettings::from_config(&config, None).unwrap_err();
        assert!(error.to_string().contains("mock-config:2"), "{error:?}");
    }
}

#[test]
fn timeouts_are_milliseconds_or_durations() {
    assert_eq!(settings(json!({})).unwrap().server.timeouts, Timeouts::default());
    let server = json!({
        "headersTimeout": 1500, "keepAliveTimeout": "20s", "requestTimeout": {"minutes": 1}, "timeout": "PT2S",
    });
    let read = settings(json!({"server": server})).unwrap().server.timeouts;
    assert_eq!((read.headers, read.keep_alive), (Duration::from_millis(1500), Duration::from_secs(20)));
    assert_eq!((read.request, read.socket), (Duration::from_secs(60), Duration::from_secs(2)));
    for key in ["headersTimeout", "requestTimeout", "keepAliveTimeout", "timeout"] {
        for bad in [json!(-1), json!("soon"), json!(true)] {
            assert!(settings(json!({"server": {key: bad}})).is_err(), "{key} {bad}");
        }
    }
    for key in ["maxRequestsPerSocket", "maxHeadersCount"] {
        for bad in [json!(-1), json!(1.5), json!("many")] {
            assert!(settings(json!({"server": {key: bad}})).is_err(), "{key} {bad}");
        }
    }
}

#[test]
fn a_number_that_a_variable_holds_as_text_is_a_number() {
    let server = json!({
        "headersTimeout": "1500", "keepAliveTimeout": " 65000 ", "requestTimeout": "0", "timeout": "2.5",
        "maxRequestsPerSocket": "7", "maxHeadersCount": "50",
    });
    let read = settings(json!({"server": server, "listen": {"port": "8080"}, "trustProxy": "2"})).unwrap();
    let timeouts = read.server.timeouts;
    assert_eq!(
        (timeouts.headers, timeouts.keep_alive),
        (Duration::from_millis(1500), Duration::from_secs(65))
    );
    assert_eq!((timeouts.request, timeouts.socket), (Duration::ZERO, Duration::from_micros(2500)));
    assert_eq!((read.server.limits.requests, read.server.limits.headers), (7, 50));
    assert_eq!(read.listen, Listen::Tcp { host: String::new(), port: 8080 });
    let limits = |limit: &str| settings(json!({"rateLimit": {"incomingRequestLimit": limit}}));
    assert!(limits("100").is_ok() && limits("1.5").is_err());
}

#[tokio::test]
async fn a_port_in_use_is_told_in_nodes_words() {
    let up = Kit::new().start().await;
    let port = up.client.port();
    let refused =
        Kit::new().config("backend.listen", json!({"host": "127.0.0.1", "port": port})).refused().await;
    let text = format!("listen EADDRINUSE: address already in use 127.0.0.1:{port}");
    assert!(refused.to_string().contains(&text), "{refused}");
}

#[tokio::test]
async fn an_unknown_host_is_told_in_nodes_words_with_its_key() {
    for (listen, key) in [
        (json!({"host": "nosuch.invalid", "port": 0}), "backend.listen.host"),
        (json!("nosuch.invalid:0"), "backend.listen"),
    ] {
        let refused = Kit::new().config("backend.listen", listen).refused().await;
        let error = &refused.faults()[0].error;
        assert_eq!(error.properties()["code"], "ENOTFOUND");
        let pointed = error.downcast_ref::<greenroom_config::ConfigError>().unwrap();
        assert_eq!(pointed.message(), "getaddrinfo ENOTFOUND nosuch.invalid");
        assert_eq!(pointed.key(), Some(key));
        assert!(pointed.place().is_some());
    }
}

#[tokio::test]
async fn no_host_is_every_address() {
    let up = Kit::new().config("backend.listen", json!(":0")).start().await;
    assert_eq!(up.get("/nope").await.status, 404, "by IPv4");
    assert!(
        up.lines.lines().iter().any(|line| line.contains(&format!("Listening on :{}", up.client.port())))
    );
    if let Ok(stream) = tokio::net::TcpStream::connect(("::1", up.client.port())).await {
        assert!(stream.peer_addr().unwrap().is_ipv6());
    }
}
