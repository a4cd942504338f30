//! Panics where they are logged: of a backend that is the process.

use greenroom_config::RootConfig;
use greenroom_core::{Lifecycle, plugin, service};
use greenroom_defaults::{ConfigFrom, Surroundings, create_backend_in};
use greenroom_logging::{CaptureSink, Format, LogEnvironment, RootLogger};

use crate::support::surroundings;

#[tokio::test]
async fn a_panic_in_a_worker_is_logged_once_with_plugin_name_and_place() {
    let config = ConfigFrom::Loaded(RootConfig::from_yaml("backend: {listen: '127.0.0.1:0'}").unwrap());
    let surroundings = Surroundings { is_process: true, ..surroundings(config, LogEnvironment::default()) };
    let lines = CaptureSink::new();
    let sink = lines.clone();
    let logger =
        service(async move || Ok(RootLogger::builder().format(Format::Backstage).sink(sink.clone()).build()));
    let mail = plugin("mail", |env| {
        env.register_init(async |lifecycle: Lifecycle| {
            let worker = lifecycle.spawn("deliver", async { panic!("no route") });
            assert!(worker.await.unwrap_err().is_panic());
            Ok(())
        });
    });
    let running = create_backend_in(surroundings).add(logger).add(mail).start().await.unwrap();
    running.stop().await;
    let all = lines.json();
    let told: Vec<_> = all.iter().filter(|line| line.to_string().contains("no route")).collect();
    let [line] = told[..] else { panic!("{all:#?}") };
    assert_eq!(line["message"], "Unhandled rejection no route");
    assert_eq!((&line["plugin"], &line["task"]), (&"mail".into(), &"deliver".into()));
    let stack = line["stack"].as_str().unwrap();
    assert!(stack.starts_with("Error: no route\n    at ") && stack.contains("panics.rs:"), "{stack}");
}
