//! What the surface itself tells as JSON.

use greenroom_core::plugin;
use greenroom_health::{Check, HealthChecks};
use greenroom_test::{RunningTestBackend, TestBackend, mock::OPS_TOKEN};
use serde_json::{Value, json};

use crate::kit;

async fn get(backend: &RunningTestBackend, path: &str) -> Value {
    let answer = backend.get(path).with_token(OPS_TOKEN).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn ops_17_info_tells_what_runs_here() {
    let backend = kit::start().await;
    let info = get(&backend, "/.greenroom/v1/info").await;
    assert_eq!(
        keys(&info),
        [
            "version",
            "instanceId",
            "pid",
            "state",
            "startedAt",
            "uptimeMs",
            "nodeEnv",
            "listen",
            "opsListen",
            "dataDir",
            "plugins"
        ]
    );
    assert_eq!((&info["state"], &info["pid"]), (&json!("started"), &json!(std::process::id())));
    assert_eq!(info["nodeEnv"], "test");
    assert_eq!(format!("http://{}", info["listen"].as_str().unwrap()), backend.url());
    let queue = &info["plugins"][0];
    assert_eq!(
        (&queue["id"], &queue["state"], &queue["error"]),
        (&json!("queue"), &json!("started"), &Value::Null)
    );
}

#[tokio::test]
async fn ops_17_info_never_tells_the_password_of_a_database() {
    let connection = json!({"host": "db.internal", "port": 5433, "user": "me", "password": "hunter2hunter2"});
    let config = json!({"backend": {"database": {"client": "pg", "connection": connection}}});
    let backend = kit::start_with(config).await;
    let info = get(&backend, "/.greenroom/v1/info").await;
    let database = &info["plugins"][0]["database"];
    assert_eq!(database["client"], "pg");
    assert!(database["target"].as_str().unwrap().contains("db.internal:5433"), "{database}");
    assert!(!info.to_string().contains("hunter2"));
}

#[tokio::test]
async fn ops_18_boot_tells_each_step_and_what_held_the_start() {
    let backend = kit::start().await;
    let boot = get(&backend, "/.greenroom/v1/boot").await;
    assert_eq!(boot["outcome"], "success");
    let steps = boot["steps"]["items"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["kind"] == "plugin" && step["name"] == "queue"));
    let held: f64 =
        boot["criticalPath"].as_array().unwrap().iter().map(|link| link["heldMs"].as_f64().unwrap()).sum();
    let took = steps[0]["endedMs"].as_f64().unwrap();
    assert!((held - took).abs() < 1.0, "the links add up to the start: {held} {took}");
    let piece = get(&backend, "/.greenroom/v1/boot?limit=1&cursor=1").await;
    assert_eq!(piece["steps"]["items"][0]["step"], 1);
    assert_eq!(piece["steps"]["nextCursor"], "2");
}

#[tokio::test]
async fn ops_19_health_tells_the_reasons_that_probes_withhold() {
    let checked = plugin("checked", |env| {
        env.register_init(async |health: HealthChecks| {
            health.check("disk", async || Check::fail("token=hunter2hunter2 was refused")).readiness();
            health.check("mail", async || Check::pass());
            Ok(())
        });
    });
    let config = kit::config(json!({"mail": {"password": "hunter2hunter2"}}));
    let backend = TestBackend::new().config(config).add(checked).start().await.unwrap();
    backend.await_log(|line| line["message"] == "Health check failed").await;
    let health = get(&backend, "/.greenroom/v1/health").await;
    assert_eq!(
        (&health["ready"], &health["message"]),
        (&json!(false), &json!("Check 'checked.disk' failed"))
    );
    let [disk, _] = health["checks"]["items"].as_array().unwrap().as_slice() else { panic!("{health}") };
    assert_eq!(
        (&disk["name"], &disk["kind"], &disk["outcome"]),
        (&json!("checked.disk"), &json!("readiness"), &json!("fail"))
    );
    assert_eq!(disk["message"], "token=*** was refused");
    assert!(disk["since"].as_str().unwrap().ends_with('Z') && disk["tookMs"].is_number());
}

#[tokio::test]
async fn ops_20_config_tells_each_value_with_its_place_and_no_secret() {
    let backend =
        kit::start_with(json!({"mail": {"password": "hunter2hunter2", "from": "a@example.com"}})).await;
    let config = get(&backend, "/.greenroom/v1/config?limit=1000").await;
    let items = config["items"].as_array().unwrap();
    let of = |key: &str| items.iter().find(|item| item["key"] == key).unwrap();
    assert_eq!(
        (&of("mail.password")["value"], &of("mail.password")["masked"]),
        (&json!("<secret>"), &json!(true))
    );
    assert_eq!(
        (&of("mail.from")["value"], &of("mail.from")["masked"]),
        (&json!("a@example.com"), &json!(false))
    );
    assert_eq!(of("mail.from")["file"], "mock-config");
    assert_eq!(config["nextCursor"], Value::Null);
    assert!(!config.to_string().contains("hunter2"));
}

#[tokio::test]
async fn ops_16_a_cursor_or_limit_that_cannot_be_is_named() {
    let backend = kit::start().await;
    for (query, name) in [("limit=0", "limit"), ("limit=1001", "limit"), ("cursor=%3Cx%3E", "cursor")] {
        for path in ["boot", "health", "config"] {
            let answer = backend.get(&format!("/.greenroom/v1/{path}?{query}")).with_token(OPS_TOKEN).await;
            assert_eq!(answer.status, 400, "{path} {query}");
            let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
            assert!(message.contains(&format!("'{name}'")), "{message}");
        }
    }
}
