//! What the page's policy keeps from scripts, and what not.

use crate::{finding::Finding, policy::Policy, seen::Seen};

const ID: &str = "csp";
const DOCS: &str = "https://backstage.io/docs/backend-system/core-services/root-http-router";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    if seen.page.is_none() {
        return vec![Finding::unknown(ID, "Which policy the page has cannot be known: there is no page")];
    }
    let policies: Vec<_> = seen.policies().iter().map(|text| Policy::parse(text)).collect();
    if policies.is_empty() {
        return vec![
            Finding::warn(ID, "The page has no Content-Security-Policy, though Backstage sets one: something on the way drops it, or backend.csp is false")
                .why("A script that gets into a page, by a plugin's flaw or by documentation, runs and sends the user's token anywhere")
                .change("curl -sI at the backend itself shows whether it is set there; then mend the proxy, or remove `backend: {csp: false}`")
                .source(DOCS),
        ];
    }
    // All of them hold.
    let is = |allowed: &dyn Fn(&Policy) -> bool| policies.iter().all(allowed);
    if is(&|policy| policy.runs_inline_scripts()) {
        return vec![
            Finding::warn(ID, "The page's policy lets scripts run that stand in the page ('unsafe-inline')")
                .why("It keeps nothing from a script that gets into a page, such as by an entity's description that a plugin shows")
                .change("Serve the script from the portal's own origin, or allow it by its hash:\nbackend:\n  csp:\n    script-src: [\"'self'\", \"'unsafe-eval'\", \"'sha256-…'\"]")
                .source(DOCS),
        ];
    }
    let own = is(&|policy| policy.allows("script-src", "'self'") && policy.allows("connect-src", "'self'"));
    let anywhere = is(&|policy| policy.allows("connect-src", "https:"));
    let measuring = match own {
        true => {
            "scripts and events of browser measuring that come from and go to the portal's own origin pass"
        }
        false => "scripts of browser measuring would not pass, even from the portal's own origin",
    };
    let calls = match anywhere {
        true => "; connect-src lets a script call any host, as create-app has set it",
        false => "",
    };
    vec![Finding::ok(
        ID,
        format!("The page's policy runs no script that stands in the page; {measuring}{calls}"),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{healthy, only_ok, only_problem, only_unknown, policy};

    #[test]
    fn a_policy_that_is_missing_or_keeps_nothing_is_told() {
        let mut seen = healthy();
        assert!(only_ok(check(&seen), ID).observed.ends_with("own origin pass"));
        policy(&mut seen, "script-src 'self' 'unsafe-inline'");
        assert!(only_problem(check(&seen), ID).observed.contains("'unsafe-inline'"));
        policy(&mut seen, "");
        assert!(only_problem(check(&seen), ID).observed.contains("has no Content-Security-Policy"));
        seen.page = None;
        only_unknown(check(&seen), ID);
    }

    #[test]
    fn what_a_policy_lets_through_is_told() {
        let mut seen = healthy();
        policy(&mut seen, "default-src 'self'; connect-src 'self' http: https:");
        assert!(only_ok(check(&seen), ID).observed.ends_with("as create-app has set it"));
        policy(&mut seen, "script-src 'nonce-x' 'strict-dynamic'");
        assert!(only_ok(check(&seen), ID).observed.contains("would not pass"));
    }
}
