//! `greenroom.httpClient` in a backend: what it takes from the surroundings, and what a start says of it.

use std::io::{Read, Write};

use greenroom_config::RootConfig;
use greenroom_context::spawn_blocking;
use greenroom_core::{Backend, plugin, service};
use greenroom_data_dir::DataDirEnvironment;
use greenroom_defaults::{ConfigFrom, Surroundings, create_backend_in};
use greenroom_http_client::{Call, ClientEnvironment, HttpClient};
use greenroom_logging::{CaptureSink, Format, Level, LogEnvironment, RootLogger};
use greenroom_ops::OpsEnvironment;

fn backend(config: &str, calls: ClientEnvironment) -> (Backend, CaptureSink) {
    let lines = CaptureSink::new();
    let sink = lines.clone();
    let logger = service(async move || {
        Ok(RootLogger::builder().format(Format::Backstage).level(Level::Debug).sink(sink.clone()).build())
    });
    let surroundings = Surroundings {
        found: vec![],
        config: ConfigFrom::Loaded(RootConfig::from_yaml(config).unwrap()),
        log: LogEnvironment::default(),
        state: DataDirEnvironment::default(),
        calls,
        telemetry: Default::default(),
        ops: OpsEnvironment::of(Some("the-token-of-these-tests".to_owned())),
        is_process: false,
    };
    (create_backend_in(surroundings).add(logger), lines)
}

const LISTEN: &str = "backend: {listen: '127.0.0.1:0'}\n";

#[tokio::test]
async fn a_plugin_calls_and_its_line_says_so() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let serving = spawn_blocking("server", move || {
        let (mut stream, _) = server.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup").unwrap();
    });
    let status = plugin("status", move |env| {
        env.register_init(async move |client: HttpClient| {
            let answer = client.send(Call::get(&format!("http://{address}/"))?).await?;
            assert_eq!(answer.body(), "up");
            Ok(())
        });
    });
    let (backend, lines) = backend(LISTEN, ClientEnvironment::default());
    let running = backend.add(status).start().await.unwrap();
    running.stop().await;
    serving.await.unwrap();
    let all = lines.json();
    let told: Vec<_> = all.iter().filter(|line| line["type"] == "outgoingRequest").collect();
    let [line] = told[..] else { panic!("{all:#?}") };
    assert_eq!((&line["plugin"], &line["status"]), (&"status".into(), &200.into()));
}

#[tokio::test]
async fn what_is_wrong_with_the_environment_is_warned_of_where_calls_are_made() {
    let of_proxy = || {
        ClientEnvironment::from_variables(|name| {
            (name == "HTTPS_PROXY").then(|| "socks5://me:hunter2@proxy".into())
        })
    };
    let warned =
        |lines: &CaptureSink| lines.lines().iter().filter(|line| line.contains("HTTPS_PROXY")).count();
    let (quiet, lines) = backend(LISTEN, of_proxy());
    quiet.start().await.unwrap().stop().await;
    assert_eq!(warned(&lines), 0);

    let caller = plugin("caller", |env| env.register_init(async |_: HttpClient| Ok(())));
    let (calling, lines) = backend(LISTEN, of_proxy());
    calling.add(caller).start().await.unwrap().stop().await;
    assert_eq!(warned(&lines), 1);
    assert!(!lines.lines().concat().contains("hunter2"));
}

#[tokio::test]
async fn an_allowed_address_that_is_none_fails_the_start_whoever_calls() {
    let config = format!("{LISTEN}greenroom: {{httpClient: {{allowedAddresses: [metadata]}}}}");
    let (backend, _) = backend(&config, ClientEnvironment::default());
    let error = backend.start().await.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("'metadata' in greenroom.httpClient.allowedAddresses is no address"), "{error}");
}
