//! Whether the rate limit lets a page load, and whether all users share one.

use std::collections::BTreeMap;

use crate::{
    finding::Finding,
    seen::{Seen, many},
};

const ID: &str = "rate-limit";
const DOCS: &str = "https://backstage.io/docs/backend-system/core-services/root-http-router";

/// How many calls a first page makes beside its scripts.
const CALLS: usize = 10;

/// So many of our own may be under way between two answers.
const SLACK: u64 = 4;

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let Some(first) = seen.limits.first() else {
        return vec![match seen.was_limited {
            true => Finding::warn(
                ID,
                format!("After {} in a few seconds the server answered 429", many(seen.sent, "request")),
            )
            .why(
                "What was not asked then is missing in this report, and a first page asks for more than that",
            )
            .change("Raise the limit of the ingress or of the proxy in front, or let this address through"),
            false => Finding::ok(
                ID,
                format!(
                    "No answer speaks of a rate limit, and {} met none: backend.rateLimit is off, or lets this address through",
                    many(seen.sent, "request")
                ),
            ),
        }];
    };
    let mut found = vec![];
    let needed = CALLS + seen.page.as_ref().map_or(0, |page| page.scripts.len() + page.styles.len());
    if usize::try_from(first.limit).is_ok_and(|limit| limit < needed) {
        found.push(
            Finding::fail(
                ID,
                format!(
                    "The rate limit is {} in its window, and a first page makes about {needed}",
                    many(first.limit, "request")
                ),
            )
            .why("The portal stays blank or half-loaded for whoever is counted")
            .change(format!("backend:\n  rateLimit: {{window: 1m, incomingRequestLimit: {}}}", needed * 10))
            .source(DOCS),
        );
    }
    if let Some(others) = others(seen) {
        found.push(
            Finding::fail(ID, format!("While this run looked, {others} requests that it did not make were counted to its address: users share one rate limit"))
                .why("Behind a proxy that Backstage does not trust, all users have the proxy's address, and one of them blocks all")
                .change("backend:\n  trustProxy: 1   # as many as there are proxies in front")
                .source(DOCS),
        );
    }
    if found.is_empty() {
        found.push(
            Finding::unknown(
                ID,
                format!(
                    "There is a rate limit of {}; whether all users share it shows only while others use the portal",
                    many(first.limit, "request")
                ),
            )
            .change("Look again at a busy hour, and see that backend.trustProxy is set behind a proxy"),
        );
    }
    found
}

/// How many more were counted than were ours.
fn others(seen: &Seen) -> Option<u64> {
    let mut windows = BTreeMap::<_, (u64, u64, u64)>::new();
    for limit in &seen.limits {
        let window = windows.entry((limit.limit, limit.reset)).or_insert((0, 0, u64::MAX));
        window.0 += 1;
        window.1 = window.1.max(limit.remaining);
        window.2 = window.2.min(limit.remaining);
    }
    let foreign = |(answers, most, least): &(u64, u64, u64)| {
        let others = (most - least).saturating_sub(answers - 1);
        (others > SLACK).then_some(others)
    };
    windows.values().filter_map(foreign).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::tests::{healthy, only_ok, only_problem, only_unknown},
        seen::RateLimit,
    };

    fn limits(limit: u64, remaining: &[u64]) -> Vec<RateLimit> {
        remaining.iter().map(|remaining| RateLimit { limit, remaining: *remaining, reset: 100 }).collect()
    }

    #[test]
    fn a_limit_that_others_use_up_is_shared() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        seen.limits = limits(1000, &[900, 880, 850]);
        let told = only_problem(check(&seen), ID);
        assert!(told.observed.contains("48 requests that it did not make"), "{told:?}");
        seen.limits = limits(1000, &[900, 898, 899]);
        only_unknown(check(&seen), ID);
    }

    #[test]
    fn a_limit_below_what_a_page_needs_is_told_with_both_numbers() {
        let mut seen = healthy();
        seen.limits = limits(5, &[4, 3]);
        let told = only_problem(check(&seen), ID);
        assert!(
            told.observed
                .starts_with("The rate limit is 5 requests in its window, and a first page makes about 13"),
            "{told:?}"
        );
    }

    #[test]
    fn a_429_without_headers_is_told() {
        let mut seen = healthy();
        (seen.was_limited, seen.sent) = (true, 12);
        assert!(only_problem(check(&seen), ID).observed.starts_with("After 12 requests"));
    }
}
