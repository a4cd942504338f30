//! Whether the page tells browsers to load by https what is served by http.

use crate::{finding::Finding, policy::Policy, seen::Seen};

const ID: &str = "upgrade-insecure-requests";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    if seen.page.is_none() {
        return vec![];
    }
    let upgrades = seen.policies().iter().any(|text| Policy::parse(text).has("upgrade-insecure-requests"));
    vec![match (upgrades, seen.is_https(), seen.is_loopback()) {
        (true, false, false) => Finding::fail(
            ID,
            "The portal is served by http, and its policy tells browsers to load the scripts by https",
        )
        .why("Browsers show a blank page: nothing answers there")
        .change("Serve it by https, or until then:\nbackend:\n  csp:\n    upgrade-insecure-requests: false")
        .source("https://github.com/backstage/backstage/issues/23388"),
        (true, false, true) => Finding::ok(
            ID,
            "The policy upgrades requests to https, which browsers leave out for this machine; by http under another name the page would be blank",
        ),
        _ => Finding::ok(ID, "The page's policy fits the scheme by which it is served"),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{healthy, only_ok, only_problem, policy};

    #[test]
    fn a_page_that_will_be_blank_is_told() {
        let mut seen = healthy();
        policy(&mut seen, "default-src 'self';upgrade-insecure-requests");
        only_ok(check(&seen), ID);
        seen.target = Some("http://portal.corp".parse().unwrap());
        only_problem(check(&seen), ID);
        seen.target = Some("http://localhost:7007".parse().unwrap());
        only_ok(check(&seen), ID);
    }
}
