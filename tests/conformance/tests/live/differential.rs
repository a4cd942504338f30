//! Generated requests and log calls: always the same ones, unless `DIFFERENTIAL_SEED` (a number, or `random`),
//! `DIFFERENTIAL_REQUESTS` or `DIFFERENTIAL_CALLS` say otherwise.

#![expect(clippy::print_stdout, reason = "a run that fails is repeated by its seed")]

use greenroom_conformance::{
    both::{Both, Story},
    differential::{log_calls, number, run_requests, seed},
    peer,
    scenarios::READINESS,
    score,
    version::Version,
};

use crate::lifecycle::ours;

async fn start(version: Version, features: &'static str) -> Both {
    let node = peer::launch(version).unwrap_or_else(|error| panic!("{error}"));
    let story = Story {
        name: "differential",
        features,
        config: "",
        ours: "",
        env: &[("NODE_ENV", "production")],
        listens: true,
        acts: &[],
    };
    let both = Both::start(&node, &ours(version), &story).await.expect("both start");
    both.node.await_status(READINESS, 200).await.expect("Node is ready");
    both.ours.await_status(READINESS, 200).await.expect("we are ready");
    both
}

beside_each! {
    async fn generated_requests_are_answered_alike(version: Version) {
        let (seed, count) = (seed(), number("DIFFERENTIAL_REQUESTS", 20_000));
        println!("{version}: DIFFERENTIAL_SEED={seed} DIFFERENTIAL_REQUESTS={count}");
        let both = start(version, "healthcheck,tasks,errs").await;
        let findings = run_requests(&both, seed, count).await.expect("both answer");
        println!("{findings}");
        score::leave(version, "generated requests", "run", findings.main.count).expect("a file of counts");
        score::leave(version, "access lines of generated requests", "run", findings.access.count)
            .expect("a file of counts");
        assert!(findings.is_ok(), "see above; repeat it with DIFFERENTIAL_SEED={seed}");
    }

    async fn generated_log_calls_are_written_alike(version: Version) {
        let (seed, count) = (seed(), number("DIFFERENTIAL_CALLS", 5000));
        println!("{version}: DIFFERENTIAL_SEED={seed} DIFFERENTIAL_CALLS={count}");
        let both = start(version, "logs").await;
        let findings = log_calls(&both, seed, count).await.expect("both log");
        println!("{findings}");
        score::leave(version, "generated log calls", "run", findings.main.count).expect("a file of counts");
        assert!(findings.is_ok(), "see above; repeat it with DIFFERENTIAL_SEED={seed}");
    }
}
