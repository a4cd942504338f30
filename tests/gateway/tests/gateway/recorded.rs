//! What is recorded of Node, answered by Node behind a gateway that has started it.
//!
//! Left out is what a gateway does in its own way, each with a test of its own: how it stops (`drain`).

use std::path::Path;

use greenroom_conformance::{
    replay::run,
    scenarios::{SCENARIOS, Scenario, Stage, Step},
    version::{Kind, Version},
};
use greenroom_gateway_tests::Setup;

/// Scenarios that are not replayed, each with the reason.
const LEFT_OUT: &[(&str, &str)] =
    &[("rate_limit", "its limit allows nobody, and the gateway looks after Node in the same seconds")];

fn applies(scenario: &Scenario, version: Version) -> bool {
    let recorded = version.recordings(Kind::Exchange);
    let stops = scenario.steps.iter().any(|step| matches!(step, Step::Terminate));
    scenario.stage == Stage::One
        && !stops
        && LEFT_OUT.iter().all(|(name, _)| *name != scenario.name)
        && scenario.transcripts().all(|name| recorded.contains_key(name))
}

#[tokio::test]
async fn gateway_7_what_is_recorded_of_node_is_answered_through_the_gateway() {
    let conformance = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/peer/backend.js");
    let leash = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer/leash.js");
    let options = format!("--require={}", leash.display());
    let mut wrong = Vec::new();
    for version in Version::held() {
        let scenarios: Vec<_> = SCENARIOS.iter().filter(|scenario| applies(scenario, version)).collect();
        assert!(scenarios.len() > 6, "only {} scenarios apply", scenarios.len());
        for scenario in scenarios {
            let launch = Setup::wrapping(version, &conformance).with_env("NODE_OPTIONS", &options);
            let report = Box::pin(run(&launch, scenario, version)).await;
            if !report.is_ok() {
                wrong.push(format!("{version}: {report}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
