//! What the surface itself tells as JSON.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use greenroom_context::BoxFuture;
use greenroom_core::{plugin, service};
use greenroom_health::{
    Check, Dependency, HealthChecks, HealthRegistry, HealthResponse, Kind, Probe, RootHealth,
    RootHealthService,
};
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
            health.declare("disk").readiness().run(async || {
                Check::fail("token=hunter2hunter2 was refused").next_step("ask who has hunter2hunter2")
            });
            health.check("mail", async || Check::pass());
            Ok(())
        });
    });
    let config = kit::config(json!({"mail": {"password": "hunter2hunter2"}}));
    let backend = TestBackend::new().config(config).add(checked).start().await.unwrap();
    backend.await_log(|line| line["message"] == "Health check failed").await;
    let answer = backend.get("/.greenroom/v1/health").with_token(OPS_TOKEN).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (503, Some("application/health+json"))
    );
    let health = answer.json();
    assert_eq!(
        (&health["status"], &health["ready"], &health["output"]),
        (&json!("fail"), &json!(false), &json!("Check 'checked.disk' failed"))
    );
    let disk = &health["checks"]["checked.disk"][0];
    assert_eq!(
        (&disk["status"], &disk["kind"], &disk["readiness"], &disk["severity"]),
        (&json!("fail"), &json!("readiness"), &json!(true), &json!("fail"))
    );
    assert_eq!(disk["output"], "token=*** was refused");
    assert!(disk["since"].as_str().unwrap().ends_with('Z') && disk["observedValue"].is_number());
    assert_eq!((&disk["lastSuccess"], &disk["lastFailure"]), (&Value::Null, &disk["time"]));
    let told = &disk["history"][0];
    assert_eq!((&told["output"], &told["lastedMs"]), (&json!("token=*** was refused"), &Value::Null));
    let causes = health["causes"].as_array().unwrap();
    assert_eq!(
        (&causes[0]["nextStep"], &disk["nextStep"]),
        (&json!("ask who has ***"), &json!("ask who has ***"))
    );
    assert_eq!(
        (&causes[0]["checks"], &causes[0]["failsReadiness"]),
        (&json!(["checked.disk"]), &json!(true))
    );
    assert!(causes.iter().all(|cause| cause["checks"] != json!(["checked.mail"])), "what passes is no cause");
    assert!(!health.to_string().contains("hunter2"), "{health}");
}

#[tokio::test]
async fn health_22_a_cause_has_the_lines_around_its_beginning_and_what_to_do() {
    let mail = plugin("mail", |env| {
        env.register_init(async |health: HealthChecks, logger: greenroom_logging::Logger| {
            logger.info("Connecting to mail.internal:25 with hunter2hunter2");
            logger.info(format_args!("A long one: {}", "x".repeat(1000)));
            let server = Dependency::new("smtp", "mail.internal:25");
            health.declare("server").dependency(server).run(async || Check::fail("it is away"));
            health.declare("queue").run(async || Check::warn("700 wait"));
            Ok(())
        });
    });
    let other = plugin("other", |env| {
        env.register_init(async |logger: greenroom_logging::Logger| {
            logger.info("Of no interest");
            logger.error("The network is down");
            Ok(())
        });
    });
    let config = kit::config(json!({"mail": {"password": "hunter2hunter2"}}));
    let backend = TestBackend::new().config(config).add(mail).add(other).start().await.unwrap();
    for message in ["Health check failed", "Health check warns", "The network is down"] {
        backend.await_log(|line| line["message"] == message).await;
    }
    let health = get(&backend, "/.greenroom/v1/health").await;
    let of = |check: &str| {
        let causes = health["causes"].as_array().unwrap().iter();
        causes.clone().find(|cause| cause["checks"] == json!([check])).unwrap()
    };
    let (server, queue) = (of("mail.server"), of("mail.queue"));
    assert_eq!(server["nextStep"], "see whether mail.internal:25 runs, and can be reached from here");
    assert_eq!(queue["nextStep"], "mend what 'mail.queue' names; the lines around its change may say more");
    let lines = server["lines"].as_array().unwrap();
    let told = |text: &str| lines.iter().find(|line| line["message"].as_str().unwrap().contains(text));
    let connecting = told("Connecting to mail.internal:25 with ***").unwrap();
    assert_eq!(
        (&connecting["level"], &connecting["plugin"]),
        (&json!("info"), &json!("mail")),
        "{connecting}"
    );
    assert!(connecting["time"].as_str().unwrap().ends_with('Z') && connecting["sequence"].is_u64());
    assert_eq!(told("A long one").unwrap()["message"].as_str().unwrap().chars().count(), 301);
    assert_eq!(told("The network is down").unwrap()["plugin"], "other");
    assert!(told("Of no interest").is_none() && lines.len() <= 10, "{lines:?}");
    assert!(!health.to_string().contains("hunter2"), "{health}");
}

/// Says another thing each time that it is asked.
#[derive(Default)]
struct Changes(AtomicBool);

impl RootHealthService for Changes {
    fn readiness<'a>(&'a self, _: &'a Probe) -> BoxFuture<'a, HealthResponse> {
        let was_ready = self.0.fetch_not(Relaxed);
        let says = if was_ready { HealthResponse::unavailable("Not now") } else { HealthResponse::ok() };
        Box::pin(async { says })
    }
}

#[tokio::test]
async fn what_one_answer_says_of_readiness_in_several_places_is_of_one_moment() {
    let health = service(async || Ok(RootHealth::new(Changes::default())));
    let backend = TestBackend::new().config(kit::config(json!({}))).add(health).start().await.unwrap();
    for path in ["", "/readiness"] {
        let mut seen = BTreeSet::new();
        for _ in 0..4 {
            let answer = backend.get(&format!("/.greenroom/v1/health{path}")).with_token(OPS_TOKEN).await;
            let health = answer.json();
            let is_ready = health["ready"].as_bool().unwrap();
            let output = if is_ready { Value::Null } else { json!("Not now") };
            assert_eq!((answer.status == 200, &health["output"]), (is_ready, &output), "{path} {health}");
            assert_eq!(health["status"] != "fail", is_ready, "{path} {health}");
            seen.insert(is_ready);
        }
        assert_eq!(seen.len(), 2, "both were seen");
    }
}

/// A plugin with a check of each kind, of which all but the start's pass.
fn of_each_kind() -> greenroom_core::Plugin {
    plugin("kinds", |env| {
        env.register_init(async |health: HealthChecks| {
            health.declare("index").kind(Kind::Startup).run(async || Check::fail("not built yet"));
            health.declare("disk").readiness().run(async || Check::pass());
            health.declare("loop").kind(Kind::Liveness).run(async || Check::pass());
            health
                .declare("mail")
                .dependency(Dependency::new("smtp", "mail.internal:25"))
                .affects(["/api/kinds"])
                .run(async || Check::warn("slow"));
            Ok(())
        });
    })
}

#[tokio::test]
async fn health_15_each_group_and_each_check_has_a_path_of_its_own() {
    let backend =
        TestBackend::new().config(kit::config(json!({}))).add(of_each_kind()).start().await.unwrap();
    backend.service::<HealthRegistry>().await.unwrap().settled().await;
    let told = async |path: &str| {
        let answer = backend.get(&format!("/.greenroom/v1/health{path}")).with_token(OPS_TOKEN).await;
        assert_eq!(answer.header("content-type"), Some("application/health+json"), "{path}");
        (answer.status.as_u16(), answer.json())
    };
    for (path, status, said, checks) in [
        ("", 200, "warn", vec!["kinds.disk", "kinds.index", "kinds.loop", "kinds.mail"]),
        ("/readiness", 200, "pass", vec!["kinds.disk"]),
        ("/liveness", 200, "pass", vec!["kinds.loop"]),
        ("/startup", 503, "fail", vec!["kinds.index"]),
    ] {
        let (answered, health) = told(path).await;
        assert_eq!((answered, &health["status"]), (status, &json!(said)), "{path} {health}");
        let names = keys(&health["checks"]).into_iter().filter(|name| name.starts_with("kinds."));
        assert_eq!((names.collect::<Vec<_>>(), &health["ready"]), (checks, &json!(true)), "{path}");
    }
    let (status, mail) = told("/checks/kinds.mail").await;
    assert_eq!((status, &mail["status"], &mail["output"]), (200, &json!("warn"), &json!("slow")));
    assert_eq!(mail["dependency"], json!({"kind": "smtp", "target": "mail.internal:25"}));
    assert_eq!(mail["affectedEndpoints"], json!(["/api/kinds"]));
    assert_eq!(
        told(mail["links"]["self"].as_str().unwrap().strip_prefix("/.greenroom/v1/health").unwrap()).await.0,
        200
    );
    assert_eq!(told("/checks/kinds.index").await.0, 503);
    let unknown = backend.get("/.greenroom/v1/health/checks/kinds.mial").with_token(OPS_TOKEN).await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.text().contains("There is no health check 'kinds.mial'"), "{}", unknown.text());
    assert_eq!(backend.get("/.greenroom/v1/health/checks/kinds.mail").await.status, 401, "operators alone");
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
        for path in ["boot", "config"] {
            let answer = backend.get(&format!("/.greenroom/v1/{path}?{query}")).with_token(OPS_TOKEN).await;
            assert_eq!(answer.status, 400, "{path} {query}");
            let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
            assert!(message.contains(&format!("'{name}'")), "{message}");
        }
    }
}
