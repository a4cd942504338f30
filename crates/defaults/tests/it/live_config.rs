use std::{fs, path::PathBuf, sync::mpsc, time::Duration};

use greenroom_config::{DeclareConfig, RootConfig};
use greenroom_core::{Running, plugin};
use greenroom_defaults::create_backend_in;
use greenroom_logging::{Emitted, RootLogger, Sink, info};
use serde_json::Value;

use crate::support::{logger_to, production, surroundings, written};

/// Sends each line to who waits for it.
#[derive(Clone)]
struct Told(mpsc::Sender<Value>);

impl Sink for Told {
    fn emit(&self, emitted: &Emitted<'_>) {
        let _ = self.0.send(serde_json::from_slice(emitted.line()).unwrap());
    }
}

/// A backend that follows its config, with a plugin that reads `mail.workers`.
pub(crate) struct Following {
    _dir: tempfile::TempDir,
    file: PathBuf,
    pub(crate) running: Running,
    config: RootConfig,
    pub(crate) logger: RootLogger,
    lines: mpsc::Receiver<Value>,
}

impl Following {
    pub(crate) async fn start(format: &str, text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("app-config.yaml");
        let config = written(dir.path(), text, &[]);
        let (tell, lines) = mpsc::channel();
        let log = production(format);
        let mail = plugin("mail", |env| env.register_init(async || Ok(())));
        let running = create_backend_in(surroundings(config, log.clone()))
            .add(mail.reads(|config: &RootConfig| config.optional_number("mail.workers")))
            .add(logger_to(Told(tell), log))
            .start()
            .await
            .unwrap();
        let logger = running.service::<RootLogger>().await.unwrap();
        let config = running.service::<RootConfig>().await.unwrap();
        Self { _dir: dir, file, running, config, logger, lines }
    }

    pub(crate) fn write(&self, text: &str) {
        fs::write(&self.file, text).unwrap();
    }

    /// Writes it, and waits until it is in force and all that follows it has done so.
    pub(crate) fn change(&self, text: &str) {
        let (tell, told) = mpsc::channel();
        let _subscription = self.config.subscribe(move || tell.send(()).unwrap());
        self.write(text);
        told.recv_timeout(Duration::from_secs(30)).unwrap();
    }

    pub(crate) fn next(&self) -> Value {
        self.lines.recv_timeout(Duration::from_secs(30)).unwrap()
    }

    pub(crate) fn until(&self, wanted: &str) -> Value {
        loop {
            let line = self.next();
            if line["message"].as_str().unwrap().contains(wanted) {
                return line;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn config_31_the_log_follows_the_config_and_tells_of_a_broken_edit_with_its_place() {
    let text = |token: &str| format!("backend:\n  listen: 127.0.0.1:0\n  cache: {{connection: '{token}'}}\n");
    let backend = Following::start("node", &text("first-secret")).await;

    backend.write("backend: [1\n");
    let broken = backend.until("Failed to reload config");
    assert_eq!(broken["level"], "error");
    assert!(broken["message"].as_str().unwrap().contains("(app-config.yaml:2:1)"), "{broken}");

    backend.write(&text("second-secret"));
    // Masked before it is said, which is before anybody can read it.
    assert_eq!(
        backend.until("in config that")["message"],
        "Found 1 new secrets in config that will be redacted"
    );
    info!(backend.logger, "is it second-secret or first-secret");
    assert_eq!(backend.until("is it")["message"], "is it *** or ***");
    backend.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_the_next_config_are_masked_before_anybody_reads_it() {
    let text = |token: &str| format!("backend:\n  listen: 127.0.0.1:0\n  cache: {{connection: '{token}'}}\n");
    let backend = Following::start("node", &text("first-secret")).await;
    // Asked after the log is: what is new is masked, and not yet in force.
    let (logger, now) = (backend.logger.clone(), backend.config.clone());
    let subscription = backend.config.before_change(move |next| {
        let of = |config: &RootConfig| config.string("backend.cache.connection").unwrap();
        assert_eq!(of(&now), "first-secret");
        info!(logger, "it will be {}", of(next));
        vec![]
    });
    backend.write(&text("second-secret"));
    assert_eq!(backend.until("it will be")["message"], "it will be ***");
    drop(subscription);
    backend.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_level_takes_effect_and_says_no_word_of_secrets_that_are_not_new() {
    let text = |level: &str| {
        format!(
            "backend:\n  listen: 127.0.0.1:0\n  cache: {{connection: first-secret}}\n  logger: {{level: {level}}}\n"
        )
    };
    let backend = Following::start("node", &text("info")).await;
    while backend.lines.try_recv().is_ok() {}
    backend.change(&text("debug"));
    backend.logger.debug("kept");
    assert_eq!(backend.next()["message"], "kept");
    backend.change(&text("error"));
    backend.logger.warn("dropped");
    backend.logger.error("kept");
    assert_eq!(backend.next()["message"], "kept");
    backend.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_the_next_start_would_refuse_is_told_once_with_its_place_and_nothing_of_it_is_in_force()
{
    let text = |rest: &str| format!("backend: {{baseUrl: 'http://x', listen: '127.0.0.1:0'}}\n{rest}");
    let backend = Following::start("backstage", &text("app: {title: first}\n")).await;
    let title = || backend.config.string("app.title").unwrap();

    let wrong = text("app: {title: second}\nmail:\n  workers: many\n");
    backend.write(&wrong);
    let refused = backend.until("would fail the next start");
    assert_eq!(refused["level"], "error");
    assert_eq!(refused["place"], "app-config.yaml:4:12");
    assert!(refused["message"].as_str().unwrap().contains("'mail.workers'"), "{refused}");
    assert_eq!(title(), "first");

    // What is wrong is known; what is probably not meant is told besides.
    backend.write(&format!("{wrong}greenrom: {{}}\n<<: {{a: 1}}\n"));
    let warned = backend.until("is a key like any other");
    assert_eq!(warned["level"], "warn");

    // A short secret of what is refused masks nothing, least of all the warning of it.
    backend.write(&format!("{wrong}greenroom: {{ops: {{token: short}}}}\n"));
    backend.until("'greenroom.ops.token' is shorter than 8 characters");

    backend.write(&text("app: {title: third}\nmail: {workers: 2}\nbackend2: {}\n"));
    let (tell, told) = mpsc::channel();
    let _subscription = backend.config.subscribe(move || tell.send(()).unwrap());
    if title() == "first" {
        told.recv_timeout(Duration::from_secs(30)).unwrap();
    }
    assert_eq!(title(), "third");
    let more: Vec<_> = backend.lines.try_iter().filter(|line| line["level"] == "error").collect();
    assert!(more.is_empty(), "{more:?}");
    backend.running.stop().await;
}
