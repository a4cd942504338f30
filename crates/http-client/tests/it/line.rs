//! What the log says of a call.

use greenroom_context::Context;
use greenroom_http_client::Call;
use greenroom_logging::{CaptureSink, Format, Level, RootLogger};

use crate::kit::{Names, Server, builder, ok};

fn logger(level: Level) -> (RootLogger, CaptureSink) {
    let lines = CaptureSink::in_format(Format::Backstage);
    (RootLogger::builder().level(level).sink(lines.clone()).build(), lines)
}

#[tokio::test]
async fn each_call_is_one_line_at_debug_without_what_may_be_secret() {
    let server = Server::start(|_| ok("{}")).await;
    let (log, lines) = logger(Level::Debug);
    let names = Names::of(&[("hooks.example", &["127.0.0.1"]), ("metadata.example", &["169.254.169.254"])]);
    let client = builder().logger(log.plugin("deploys")).resolver(names).build();
    let url = server.url_as("http", "hooks.example", "/T1/secret-path?token=secret-query");
    client.send(Call::post(&url, "secret-body").unwrap()).await.unwrap();
    client.send(Call::get("http://metadata.example/secret-path").unwrap()).await.unwrap_err();

    let [answered, refused] = &lines.json()[..] else { panic!("{:?}", lines.lines()) };
    let host = format!("hooks.example:{}", server.address.port());
    assert_eq!(answered["message"], format!("POST {host} 200"));
    assert_eq!((&answered["level"], &answered["type"]), (&"debug".into(), &"outgoingRequest".into()));
    assert_eq!((&answered["method"], &answered["host"]), (&"POST".into(), &host.into()));
    assert_eq!((&answered["status"], &answered["contentLength"]), (&200.into(), &2.into()));
    assert!(answered["durationMs"].as_f64().unwrap() > 0.0);

    assert_eq!(refused["message"], "GET metadata.example:80 failed");
    assert_eq!((&refused["type"], &refused["errorType"]), (&"outgoingRequest".into(), &"address".into()));
    assert!(refused["reason"].as_str().unwrap().contains("169.254.169.254 is link-local"), "{refused}");
    assert_eq!(refused.get("status"), None);
    assert!(!lines.lines().concat().contains("secret"), "{:?}", lines.lines());
}

#[tokio::test]
async fn a_line_belongs_to_the_plugin_that_calls() {
    let server = Server::start(|_| ok("")).await;
    let (log, lines) = logger(Level::Debug);
    let client = builder().logger((*log).clone()).build();
    let sent = client.send(Call::get(&server.url("/")).unwrap());
    Context::current().with_plugin("catalog").scope(sent).await.unwrap();
    assert_eq!(lines.json()[0]["plugin"], "catalog");
}

#[tokio::test]
async fn at_info_there_is_no_line() {
    let server = Server::start(|_| ok("")).await;
    let (log, lines) = logger(Level::Info);
    builder().logger((*log).clone()).build().send(Call::get(&server.url("/")).unwrap()).await.unwrap();
    assert_eq!(lines.lines(), Vec::<String>::new());
}
