//! What an operator says of checks.

use std::time::Duration;

use greenroom_config::RootConfig;
use greenroom_core::{
    boot::{Boot, BootPolicy, OnFailure},
    plugin,
};
use greenroom_errors::Error;
use greenroom_health::{Check, HealthChecks, HealthResponse};
use tokio::time::sleep;

use crate::{Up, backend, db, failed};

fn config(yaml: &str) -> RootConfig {
    RootConfig::from_yaml(yaml).unwrap()
}

async fn up(yaml: &str, register: impl Fn(&HealthChecks) + Clone + Send + Sync + 'static) -> Up {
    let (backend, lines) = backend(config(yaml));
    Up::started(backend, lines, register).await
}

async fn refused(yaml: &str) -> String {
    let (backend, _) = backend(config(yaml));
    let registers = db(|checks| {
        checks.check("pool", async || Check::pass());
        checks.expect("later");
    });
    let failed = backend.add(registers).start().await.expect_err("it does not start");
    failed.faults().iter().map(|fault| fault.error.to_string()).collect::<Vec<_>>().join("\n")
}

#[tokio::test(start_paused = true)]
async fn a_check_is_opted_in_and_out_by_config() {
    let both = |checks: &HealthChecks| {
        checks.check("a", async || Check::fail("x"));
        checks.declare("b").readiness().run(async || Check::fail("y"));
    };
    let list = up("greenroom: {health: {readiness: [db.a]}}", both).await;
    assert_eq!(list.ready().await, failed("db.a"));
    let yaml = "greenroom: {health: {checks: {db: {a: {readiness: true, severity: degrade}, b: {readiness: false}}}}}";
    let each = up(yaml, both).await;
    assert_eq!(each.ready().await, HealthResponse::ok());
    assert_eq!(each.last("a"), Some(Check::warn("x")));
}

#[tokio::test(start_paused = true)]
async fn how_often_and_how_long_a_check_runs_is_the_operators_to_say() {
    let yaml = "greenroom: {health: {checks: {db: {slow: {timeout: 3s, interval: {minutes: 5}}}}}}";
    let up = up(yaml, |checks| {
        checks.check("slow", async || {
            sleep(Duration::from_secs(2)).await;
            Check::pass()
        });
    })
    .await;
    sleep(Duration::from_secs(200)).await;
    let state = up.registry.states().remove(0);
    assert_eq!((state.history.last_success, state.overdue), (state.last.map(|last| last.at), None));
    assert_eq!((up.last("slow"), state.history.flips), (Some(Check::pass()), 0));
}

#[tokio::test]
async fn health_14_a_name_that_no_check_has_fails_the_start_with_its_place() {
    let listed = refused("greenroom:\n  health:\n    readiness:\n      - db.pool\n      - db.pol\n").await;
    assert!(
        listed.contains("No plugin has registered the health check 'db.pol': did you mean 'db.pool'?"),
        "{listed}"
    );
    assert!(listed.contains(":5"), "its line: {listed}");
    let named =
        refused("greenroom:\n  health:\n    checks:\n      mail:\n        server: {timeout: 2s}\n").await;
    assert!(named.contains("health check 'mail.server'") && named.contains(":5"), "{named}");
    let both = refused("greenroom: {health: {readiness: [x.y], checks: {mail: {server: {}}}}}").await;
    assert_eq!(both.lines().filter(|line| line.contains("No plugin has registered")).count(), 2, "{both}");
}

#[tokio::test(start_paused = true)]
async fn health_14_a_check_that_comes_later_may_be_named_and_so_may_that_of_a_plugin_that_may_fail() {
    let later = up("greenroom: {health: {readiness: [db.later]}}", |checks| checks.expect("later")).await;
    assert_eq!(later.ready().await, HealthResponse::ok(), "it is not there yet");

    let (backend, lines) = backend(config("greenroom: {health: {readiness: [mail.server]}}"));
    let policy = BootPolicy { plugin_default: OnFailure::Continue, ..BootPolicy::default() };
    let fails = plugin("mail", |env| {
        env.register_init(async || Err::<(), _>(Error::new("no key").into()));
    });
    let backend =
        backend.boot(async move || Ok(Boot { policy: policy.clone(), ..Boot::default() })).add(fails);
    let up = Up::started(backend, lines, |_| {}).await;
    let warned = "The health check 'mail.server', which the config names, is not there: plugin 'mail' has failed to start";
    assert!(up.told().iter().any(|line| line.contains(warned)), "{:?}", up.told());
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    for (yaml, why) in [
        ("db: {pool: {severity: bad}}", "The severity 'bad' is neither 'fail' nor 'degrade'"),
        ("db: {pool: {interval: 10ms}}", "The time is 0.01 s; it can be from 1 s to 86400 s"),
        ("db: {pool: {timeout: 1h}}", "The time is 3600 s; it can be from 0.01 s to 300 s"),
        ("db: {pool: {readiness: maybe}}", "greenroom.health.checks.db.pool.readiness"),
    ] {
        let said = refused(&format!("greenroom: {{health: {{checks: {{{yaml}}}}}}}")).await;
        assert!(said.contains(why), "{said}");
    }
    let yaml = "greenroom: {health: {readiness: [db.pool], checks: {db: {pool: {readiness: false}}}}}";
    let said = refused(yaml).await;
    assert!(
        said.contains("Readiness fails with 'db.pool' by greenroom.health.readiness, and does not by"),
        "{said}"
    );
}
