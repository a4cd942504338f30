//! `config check` beside the start, over generated configs: one never refuses what the other lets pass.

use greenroom::config::{ConfigOptions, RootConfig};
use greenroom_plugin_tasks::tasks;
use serde_json::{Map, Value, json};

use super::find;
use crate::{catalogue::Catalogue, prepare};

const CONFIGS: usize = 200;

/// Keys, and what may be written there: right, odd and wrong.
fn choices() -> Vec<(&'static str, Vec<Value>)> {
    let token = |token: Value| json!([{"type": "static", "options": {"token": token, "subject": "tests"}}]);
    vec![
        ("app.title", vec![json!("Tests"), json!(7)]),
        ("backend.baseUrl", vec![json!("http://localhost:7007"), json!("https://a b"), json!("x"), json!(7)]),
        (
            "backend.listen",
            vec![json!({"host": "127.0.0.1", "port": 0}), json!("nowhere"), json!({"port": "x"})],
        ),
        (
            "backend.https",
            vec![json!(true), json!(false), json!("yes"), json!({"certificate": {"cert": "x"}})],
        ),
        (
            "backend.trustProxy",
            vec![json!(true), json!(1), json!("2"), json!("loopback"), json!("x"), json!(-1)],
        ),
        (
            "backend.cors",
            vec![json!({"origin": "*"}), json!({"origin": "http://x"}), json!(5), json!({"maxAge": "x"})],
        ),
        ("backend.csp", vec![json!({"img-src": ["'self'"]}), json!({"img-src": 5}), json!("none")]),
        ("backend.referrer.policy", vec![json!("no-referrer"), json!(["x y"]), json!(5)]),
        (
            "backend.rateLimit",
            vec![json!(true), json!({"store": {"type": "redis"}}), json!({"limit": "x"}), json!(7)],
        ),
        ("backend.logger.level", vec![json!("error"), json!("loud"), json!(7)]),
        ("backend.logger.meta", vec![json!({"region": 1}), json!("region-1")]),
        (
            "backend.logger.overrides",
            vec![json!([]), json!("x"), json!([{"matchers": {"plugin": "x"}, "level": "y"}])],
        ),
        ("backend.logger.redactAllowlist", vec![json!(["x"]), json!("x"), json!([1])]),
        ("backend.health.headers", vec![json!({"x-a": "b"}), json!({"x-a": ""}), json!(5)]),
        ("backend.lifecycle.serverShutdownDelay", vec![json!({"seconds": 0}), json!("0s"), json!("often")]),
        (
            "backend.server.keepAliveTimeout",
            vec![json!(5000), json!("5000"), json!("65s"), json!("x"), json!(-1)],
        ),
        ("backend.server.maxHeadersCount", vec![json!(50), json!("50"), json!(1.5)]),
        (
            "backend.auth.externalAccess",
            vec![
                token(json!("long-enough")),
                token(json!("short")),
                json!([{"type": "legacy"}]),
                json!([{"type": "x"}]),
            ],
        ),
        ("backend.startup.default.onPluginBootFailure", vec![json!("continue"), json!("abort"), json!(7)]),
        ("backend.startup.plugins.tasks", vec![json!({"onPluginBootFailure": "continue"}), json!(7)]),
        ("greenroom.startup.onFailure", vec![json!("exit"), json!("retry")]),
        ("greenroom.deadlines.tasks", vec![json!("1s"), json!("soon")]),
        ("greenroom.health.readiness", vec![json!(["tasks.queue"]), json!(5)]),
        (
            "greenroom.plugins.tasks",
            vec![json!(true), json!(true), json!(true), json!(false), json!("maybe")],
        ),
        ("greenroom.demo", vec![json!(true), json!(false), json!("maybe")]),
        ("greenroom.dataDir", vec![json!("data"), json!(7)]),
        ("greenroom.compatibility", vec![json!("1.55"), json!("2")]),
        (
            "greenroom.logger",
            vec![json!({"flush": "line"}), json!({"flush": "often"}), json!({"format": "x"})],
        ),
        ("greenroom.server.maxConnections", vec![json!(100), json!("100"), json!(0)]),
        ("tasks.workers", vec![json!(2), json!("2"), json!(0), json!("many")]),
        ("tasks.timeout", vec![json!("1s"), json!("0s"), json!(true)]),
    ]
}

fn set(config: &mut Value, key: &str, value: Value) {
    let place = key.split('.').fold(config, |at, name| {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at.as_object_mut().map(|object| object.entry(name).or_insert(Value::Null)).expect("an object")
    });
    *place = value;
}

fn config(random: &mut fastrand::Rng, choices: &[(&str, Vec<Value>)]) -> Value {
    let mut config = json!({"backend": {"listen": "127.0.0.1:0"}});
    for _ in 0..random.usize(0..6) {
        let (key, values) = &choices[random.usize(..choices.len())];
        set(&mut config, key, values[random.usize(..values.len())].clone());
    }
    config
}

/// What the start says, once it is stopped again: why it refuses.
async fn refusal(catalogue: &Catalogue, config: &RootConfig, options: &ConfigOptions) -> Option<String> {
    let prepared = match prepare::prepare(catalogue, config, options) {
        Ok(prepared) => prepared,
        Err(refused) => return Some(refused.errors[0].to_string()),
    };
    match prepare::backend(catalogue, config, options, &prepared.choice).start().await {
        Ok(running) => {
            running.stop().await;
            None
        }
        Err(error) => Some(error.to_string()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_and_start_agree_on_what_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let env = [("NODE_ENV".to_owned(), "test".to_owned())];
    let options = ConfigOptions {
        cwd: directory.path().to_owned(),
        env: env.into_iter().collect(),
        ..ConfigOptions::default()
    };
    let mut catalogue = Catalogue::default();
    catalogue.offer(false, tasks);
    let (choices, mut random) = (choices(), fastrand::Rng::with_seed(8));
    let mut refused = 0;
    let mut differences = vec![];
    for _ in 0..CONFIGS {
        let yaml = config(&mut random, &choices).to_string();
        let config = RootConfig::from_yaml(&yaml).unwrap();
        let found = find(&catalogue, &config, &options);
        let start = refusal(&catalogue, &config, &options).await;
        refused += usize::from(start.is_some());
        if (found.wrong() > 0) != start.is_some() {
            differences.push(format!("{yaml}\n  check: {found:?}\n  start: {start:?}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!((CONFIGS / 4..CONFIGS * 3 / 4).contains(&refused), "{refused} of {CONFIGS} are refused");
}
