//! What is recorded of Node, answered by Node behind a gateway that has started it.
//!
//! Left out is what a gateway does in its own way, each with a test of its own: how it stops (`drain`).

use std::path::Path;

use greenroom_conformance::{
    compare::Difference,
    replay::{Report, run},
    scenarios::{SCENARIOS, Scenario, Stage, Step},
    version::{Kind, Version},
};
use greenroom_gateway_tests::Setup;

/// Scenarios that are not replayed, each with the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("rate_limit", "its limit allows nobody, and the gateway looks after Node in the same seconds"),
    (
        "startup_pause_timeout",
        "Node does not listen within the second that it gives, and what is said meanwhile is ours",
    ),
];

/// Recordings of which a part of the answer changes, each with the reason.
const CHANGED: &[(&str, &str)] = &[
    ("plugin-trailing", "`ips` lists the client, which Node has from its one proxy"),
    ("trustproxy-default-ip", "`ips` lists the client, which Node has from its one proxy"),
    ("fail-state-readiness", "readiness is ours until it is noticed that Node listens"),
    (
        "ws-upgrade-other-http-route",
        "what asks for HTTP/2 is a plain request here, also where WebSockets are routed",
    ),
    ("ws-throws", "where Node closes without a word, somebody has to say so"),
    ("trustproxy-true-ip", "`ips` ends with the client: what stands to the right of it is not sent"),
];

/// The same, only where all passes.
const CHANGED_WHERE_ALL_PASSES: &str = "health-starting-liveness"; // Before Node listens there is nobody to ask, and nothing is ours.

/// What could differ between versions of Node without differing in the gateway is told by one of them.
const OF_EACH_VERSION: &[&str] = &["http_production", "router_and_bodies"];

fn applies(scenario: &Scenario, version: Version) -> bool {
    let recorded = version.recordings(Kind::Exchange);
    let stops = scenario.steps.iter().any(|step| matches!(step, Step::Terminate));
    let is_asked = version == Version::newest() || OF_EACH_VERSION.contains(&scenario.name);
    scenario.stage == Stage::One
        && !stops
        && is_asked
        && LEFT_OUT.iter().all(|(name, _)| *name != scenario.name)
        && scenario.transcripts().all(|name| recorded.contains_key(name))
}

/// The recordings that differ, but for those that are meant to.
fn differing(report: &Report) -> Vec<&str> {
    // Node refuses an upgrade on the bare socket; what goes through a server has a date.
    let is_of_server =
        |it: &Difference| it.recorded.is_none() && matches!(&*it.what, "header date" | "header keep-alive");
    let differs = report.cases.iter().filter(|case| !case.differences.iter().all(is_of_server));
    differs.map(|case| &*case.transcript).filter(|name| CHANGED.iter().all(|(it, _)| it != name)).collect()
}

#[tokio::test]
async fn gateway_7_what_is_recorded_of_node_is_answered_through_the_gateway() {
    let conformance = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/peer/backend.js");
    let leash = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer/leash.js");
    let options = format!("--require={}", leash.display());
    let (mut wrong, mut replayed) = (Vec::new(), 0);
    for version in Version::held() {
        for scenario in SCENARIOS.iter().filter(|scenario| applies(scenario, version)) {
            replayed += 1;
            let launch = Setup::wrapping(version, &conformance).with_env("NODE_OPTIONS", &options);
            let report = Box::pin(run(&launch, scenario, version)).await;
            if report.broken.is_some() || !differing(&report).is_empty() {
                wrong.push(format!("{version}: {:?}: {report}", differing(&report)));
            }
        }
    }
    assert!(replayed > 9, "only {replayed} scenarios apply");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Whether Node itself is asked for all that it needs: nobody else has a part in it.
fn is_recorded(scenario: &Scenario) -> bool {
    let recorded = Version::newest().recordings(Kind::Exchange);
    scenario.stage == Stage::One && scenario.transcripts().all(|name| recorded.contains_key(name))
}

#[tokio::test]
async fn gateway_123_with_the_switch_off_all_that_is_recorded_of_node_is_answered_without_a_difference() {
    let conformance = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/peer/backend.js");
    let (mut wrong, mut replayed) = (Vec::new(), 0);
    for scenario in SCENARIOS.iter().filter(|scenario| is_recorded(scenario)) {
        replayed += 1;
        let launch = Setup::wrapping(Version::newest(), &conformance).with_env("GREENROOM", "off");
        let report = Box::pin(run(&launch, scenario, Version::newest())).await;
        if !report.is_ok() {
            wrong.push(report.to_string());
        }
    }
    assert!(replayed > 9, "only {replayed} scenarios apply");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn gateway_123_where_all_passes_what_is_recorded_of_node_is_answered_as_through_the_gateway() {
    let conformance = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/peer/backend.js");
    let leash = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer/leash.js");
    let (mut wrong, mut replayed) = (Vec::new(), 0);
    for scenario in SCENARIOS.iter().filter(|scenario| applies(scenario, Version::newest())) {
        replayed += 1;
        let launch = Setup::wrapping(Version::newest(), &conformance)
            .with_env("NODE_OPTIONS", format!("--require={}", leash.display()))
            .with_env("GREENROOM", "pass");
        let report = Box::pin(run(&launch, scenario, Version::newest())).await;
        let differing: Vec<_> =
            differing(&report).into_iter().filter(|name| *name != CHANGED_WHERE_ALL_PASSES).collect();
        if report.broken.is_some() || !differing.is_empty() {
            wrong.push(format!("{differing:?}: {report}"));
        }
    }
    assert!(replayed > 9, "only {replayed} scenarios apply");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
