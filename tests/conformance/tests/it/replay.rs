//! Every scenario against a running backend: this package's own, or the command in `BACKEND_CMD`.
//!
//! A test is one scenario, one process; its output names each recording with all that differs. The ones that are not yet
//! replayed are ignored tests: `--run-ignored all` (nextest) or `--include-ignored` (cargo) runs them too.

use std::collections::BTreeSet;

use greenroom_conformance::backend::Launch;
use greenroom_conformance::replay::run;
use greenroom_conformance::scenarios::{SCENARIOS, Scenario, Stage};
use greenroom_conformance::score;
use greenroom_conformance::version::Version;

async fn replay(version: Version, name: &str) {
    let scenario = Scenario::named(name).expect("a scenario of this name");
    let launch =
        Launch::from_env_or(env!("CARGO_BIN_EXE_conformance-backend")).with_config(&version.config());
    let report = Box::pin(run(&launch, scenario, version)).await;
    score::leave(version, "recorded exchanges", name, report.count()).expect("a file of counts");
    assert!(report.is_ok(), "\n{version}: {report}");
}

macro_rules! scenarios {
    (now: $($now:ident)*, new: $($new:ident)*, later: $($later:ident = $why:literal)*) => {
        mod newest {
            use super::*;

            $(#[tokio::test] async fn $now() { replay(Version::newest(), stringify!($now)).await; })*
            $(#[tokio::test] async fn $new() { replay(Version::newest(), stringify!($new)).await; })*
            $(#[tokio::test] #[ignore = $why] async fn $later() { replay(Version::newest(), stringify!($later)).await; })*
        }

        mod before {
            use super::*;

            $(#[tokio::test] async fn $now() { replay(Version::before(), stringify!($now)).await; })*
        }

        #[test]
        fn every_scenario_is_a_test_of_its_stage() {
            let tests = BTreeSet::from([
                $((stringify!($now), Stage::One),)*
                $((stringify!($new), Stage::One),)*
                $((stringify!($later), Stage::Later($why)),)*
            ]);
            assert_eq!(tests, SCENARIOS.iter().map(|s| (s.name, s.stage)).collect());
        }
    };
}

scenarios! {
    now:
        http_production
        http_unset
        starting
        startup_pause_timeout
        shutdown_delay
        failed_start
        percent_in_url
        raw_requests
        router_and_bodies
        configured
        rate_limit
        http_development,
    // What the version before does not have.
    new:
        web_sockets
        web_sockets_without_routes
        web_sockets_while_starting
        web_sockets_at_stop
        web_sockets_during_the_delay
        web_sockets_while_hooks_run,
    later:
        external_access = "static tokens and the protected plugins"
}
