//! What is wrong, each thing once.

use std::time::Duration;

use greenroom_health::{Check, Dependency, HealthChecks, Outcome};
use tokio::time::sleep;

use crate::Up;

fn server(part: &str) -> Dependency {
    Dependency::new("postgresql", "db.internal:5432").part(part)
}

fn uses(checks: &HealthChecks, name: &str, of: Dependency, said: Check) {
    let declared = checks.declare(name).dependency(of).affects([format!("/api/{name}")]);
    declared.run(async move || said);
}

#[tokio::test(start_paused = true)]
async fn checks_that_name_one_dependency_are_one_cause_and_the_worst_comes_first() {
    let up = Up::with(|checks| {
        uses(checks, "a", server("one"), Check::warn("slow"));
        uses(checks, "b", server("two"), Check::fail("connection refused"));
        uses(checks, "c", server("two"), Check::pass());
        uses(checks, "d", Dependency::new("postgresql", "other:5432"), Check::warn("full"));
        checks.declare("e").readiness().run(async || Check::fail("no runner"));
    })
    .await;
    sleep(Duration::from_secs(1)).await;
    let causes = up.registry.causes();
    let told = |at: usize| {
        let cause = &causes[at];
        let dependency = cause.dependency.as_ref().map(ToString::to_string);
        (dependency, cause.checks.join(" "), cause.reason.clone().unwrap_or_default())
    };
    assert_eq!(causes.len(), 3);
    assert_eq!(told(0), (None, "db.e".to_owned(), "no runner".to_owned()));
    let server = Some("postgresql db.internal:5432".to_owned());
    assert_eq!(told(1), (server, "db.a db.b".to_owned(), "connection refused".to_owned()));
    assert_eq!(told(2), (Some("postgresql other:5432".to_owned()), "db.d".to_owned(), "full".to_owned()));
    let one = &causes[1];
    assert_eq!((one.outcome, one.fails_readiness, causes[0].fails_readiness), (Outcome::Fail, false, true));
    assert_eq!((one.plugins.join(" "), one.affects.join(" ")), ("db".to_owned(), "/api/a /api/b".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_cause_in_one_part_names_the_part_and_what_passes_is_no_cause() {
    let up = Up::with(|checks| {
        uses(checks, "a", server("one"), Check::fail("no such database"));
        uses(checks, "b", server("one"), Check::fail("no such database"));
        uses(checks, "c", server("two"), Check::pass());
    })
    .await;
    sleep(Duration::from_secs(1)).await;
    let causes: Vec<_> = up.registry.causes().into_iter().map(|cause| cause.dependency).collect();
    assert_eq!(causes, [Some(server("one"))]);
}
