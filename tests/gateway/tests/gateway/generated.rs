//! Generated requests: to Node itself, and through the gateway to the same process. `DIFFERENTIAL_SEED` (a number, or `random`)
//! and `GATEWAY_REQUESTS` say which ones and how many, else they are always the same.

#![expect(clippy::print_stdout, reason = "a run that fails is repeated by its seed")]

use std::collections::BTreeMap;

use greenroom_conformance::{
    compare::Difference,
    differential::{Case, Random, number, request, seed, shrink},
    reply,
    version::Version,
};
use greenroom_gateway_tests::{Pair, Setup, alike, line, named, printed};

/// How many kinds of differences are told.
const KINDS: usize = 40;

#[tokio::test]
async fn gateway_6_generated_requests_are_answered_as_node_itself_does() {
    // Half of them before each version.
    let (seed, count) = (seed(), number("GATEWAY_REQUESTS", 5000) / 2);
    for (version, seed) in Version::held().into_iter().zip([seed, seed.wrapping_add(1)]) {
        println!("{version}: DIFFERENTIAL_SEED={seed} GATEWAY_REQUESTS={}", count * 2);
        let setup = Setup::new(version).features("healthcheck,tasks,errs");
        let pair = setup.on_gateway("backend: {trustProxy: 1}").sidecar().await;
        compare(&pair, seed, count).await;
    }
}

async fn compare(pair: &Pair, seed: u64, count: usize) {
    let mut random = Random::new(seed);
    let cases: Vec<Case> = (0..count).map(|_| request(&mut random)).collect();
    let mut kinds = BTreeMap::<String, (usize, String)>::new();
    let mut meant = BTreeMap::<&str, usize>::new();
    let mut logged = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let agent = format!("case-{index}");
        let (found, status) = differences(pair, case, &agent).await;
        if !matches!(status, 0 | 400 | 417 | 431) {
            logged.push((agent, case, status));
        }
        for difference in &found {
            if let Some(reason) = named::reason(case, difference, &found) {
                *meant.entry(reason).or_default() += 1;
            }
        }
        let Some(kind) = unnamed(case, &found) else { continue };
        if let Some((times, _)) = kinds.get_mut(&kind) {
            *times += 1;
        } else if kinds.len() < KINDS {
            let is_same = async |case: &Case| {
                let (found, _) = differences(pair, case, "smaller").await;
                unnamed(case, &found).as_deref() == Some(&kind)
            };
            let small = shrink(case, is_same).await;
            let (found, _) = differences(pair, &small, "smallest").await;
            let told: Vec<_> = found.iter().take(4).map(ToString::to_string).collect();
            kinds.insert(kind, (1, format!("{small}\n{}", told.join("\n"))));
        }
    }
    println!("meant: {meant:#?}");
    let told: Vec<_> = kinds.values().map(|(times, told)| format!("{times} times: {told}")).collect();
    assert!(told.is_empty(), "{} kinds of differences:\n{}", told.len(), told.join("\n"));

    // Each that came to be answered has its line, with what the client got.
    let last = &logged[logged.len() - 1].0;
    let lines = printed(&pair.gateway, "the last access line", |output| {
        let lines = line::all(output);
        lines.iter().any(|line| line["userAgent"] == **last).then_some(lines)
    });
    let lines: BTreeMap<_, _> =
        lines.await.into_iter().map(|line| (line["userAgent"].to_string(), line)).collect();
    let wrong: Vec<_> = logged
        .iter()
        .filter(|(agent, _, status)| {
            lines.get(&format!("\"{agent}\"")).is_none_or(|line| line["status"] != *status)
        })
        .map(|(agent, case, status)| format!("{status} {case}: {:?}", lines.get(&format!("\"{agent}\""))))
        .collect();
    assert!(wrong.is_empty(), "{} lines of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What differs, and the status that the gateway answers; 0 for none.
async fn differences(pair: &Pair, case: &Case, agent: &str) -> (Vec<Difference>, u16) {
    let request = case.request(agent);
    let (direct, through) = (pair.node.client(), pair.gateway.client());
    let (direct, through) = (direct.exchange(&request).await, through.exchange(&request).await);
    (alike::differences(&direct, &through), reply::status(&through))
}

/// The kind of what differs without being meant to: where, and in which statuses.
fn unnamed(case: &Case, found: &[Difference]) -> Option<String> {
    let mut unnamed = found.iter().filter(|difference| named::reason(case, difference, found).is_none());
    let first = unnamed.next()?;
    Some(match &*first.what {
        "status" => format!("status {:?} {:?}", first.recorded, first.received),
        "exchange" => format!(
            "exchange {:?}",
            first.received.as_deref().map(|text| text.chars().take(3).collect::<String>())
        ),
        what => what.to_owned(),
    })
}
