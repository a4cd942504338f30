//! `greenroom conform` between two real Node backends: a provider of sign-ins that it is told of.

use std::process::Stdio;

use greenroom_conformance::{backend::Backend, version::Version};
use greenroom_gateway_tests::{Setup, in_time, setup};
use serde_json::Value;
use tokio::process::Command;

/// Runs it on what `auth` says: its exit code, and its report.
async fn compared(a: &Backend, b: &Backend) -> (Option<i32>, Value) {
    let mut command = Command::new(setup::greenroom());
    command.args(["conform", "--area", "auth", "--provider", "acme", "--rate", "1000", "--json"]);
    for (side, backend) in [("--a", a), ("--b", b)] {
        command.arg(side).arg(format!("http://localhost:{}", backend.port()));
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    let ended = in_time("its end", command.output()).await.expect("it starts");
    let report = serde_json::from_slice(&ended.stdout);
    (ended.status.code(), report.unwrap_or_else(|error| panic!("{error}: {ended:?}")))
}

/// What it says of each request to the provider, by its name.
fn of_provider(report: &Value) -> Vec<(&str, &str)> {
    let checked = report["checked"].as_array().expect("a list").iter();
    let told = checked.map(|it| (it["name"].as_str().expect("a name"), it["verdict"].as_str().expect("one")));
    let mut all: Vec<_> =
        told.filter_map(|(name, verdict)| Some((name.strip_prefix("acme, ")?, verdict))).collect();
    all.sort_unstable();
    all
}

#[tokio::test]
async fn gateway_124_what_a_provider_says_is_compared_between_two_node_backends() {
    // As both would have it in an upgrade.
    const APP: &str = "app: {baseUrl: 'http://portal.example'}";
    const ASKED: [&str; 5] = [
        "of an environment that is none",
        "of no environment",
        "the page of a popup that nobody has opened",
        "to a link",
        "to a stranger",
    ];
    let node = |version, environments: &str| {
        let setup = Setup::new(version).features("healthcheck,signs").config(APP);
        setup.env("SIGNS", environments).node_alone()
    };
    let mut held = Vec::new();
    for version in Version::held() {
        held.push(node(version, "development").await);
    }
    let (_, report) = compared(&held[0], &held[1]).await;
    assert_eq!(of_provider(&report), ASKED.map(|name| (name, "same")), "{report:#}");
    // Nobody else was asked.
    assert!(!report.to_string().contains("github"), "{report:#}");

    // The one is not configured for the environment of the other.
    let other = node(Version::newest(), "production").await;
    let (code, report) = compared(&held[1], &other).await;
    let told: Vec<_> = of_provider(&report);
    let same: Vec<_> = told.iter().filter(|(_, verdict)| *verdict == "same").map(|(name, _)| *name).collect();
    assert_eq!((code, same), (Some(1), vec![ASKED[0], ASKED[1]]), "{report:#}");
    assert_eq!(told.len(), ASKED.len(), "{report:#}");
    assert!(report.to_string().contains("No configuration available"), "{report:#}");
}
