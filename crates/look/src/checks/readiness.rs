//! Whether the backend says that it is ready, where Kubernetes asks it.

use crate::{
    finding::Finding,
    known::READINESS,
    seen::{Asked, Seen, said},
};

const ID: &str = "readiness";
const DOCS: &str = "https://backstage.io/docs/backend-system/core-services/root-health";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let reply = match &seen.readiness {
        Asked::Answered(reply) => reply,
        other => {
            let observed =
                format!("Whether the backend is ready cannot be known: {}", said(&other.outcome()));
            return vec![Finding::unknown(ID, observed)];
        }
    };
    let told = reply.json();
    let text = |name: &str| told.as_ref().and_then(|told| told.get(name)).and_then(|text| text.as_str());
    vec![match (reply.status, text("status")) {
        (200, Some("ok")) => Finding::ok(ID, format!("The backend says at {READINESS} that it is ready")),
        (503, _) => {
            let message = text("message").map(|message| format!(": '{}'", said(message))).unwrap_or_default();
            Finding::fail(ID, format!("The backend answers {READINESS} with 503{message}"))
                .why("A load balancer sends it no requests, or should not")
                .change("Look in its log for the plugin that failed to start; backend.startup says which plugins may fail")
                .source(DOCS)
        }
        _ => {
            let kind = if reply.is_html() { "a page" } else { "no status" };
            Finding::warn(ID, format!("There is no readiness endpoint: {READINESS} answers {} with {kind}", reply.status))
                .why("Probes have nothing to ask but a port, which is open before the backend can serve; or something in front keeps the endpoint from being seen")
                .change("If it is kept from outside on purpose, nothing is to do; else upgrade to the new backend system, which has it")
                .source(DOCS)
        }
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{healthy, json, only_ok, only_problem, reply};

    #[test]
    fn a_ready_backend_is_fine_and_one_that_is_not_says_why() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        seen.readiness = json(503, r#"{"message":"Backend has not started yet","status":"error"}"#);
        let told = only_problem(check(&seen), ID);
        assert!(told.observed.contains("503: 'Backend has not started yet'"), "{told:?}");
    }

    #[test]
    fn a_page_in_its_place_is_no_endpoint() {
        let mut seen = healthy();
        seen.readiness = reply(200, &[("content-type", "text/html")], "<h1>hi</h1>");
        let told = only_problem(check(&seen), ID);
        assert!(told.observed.ends_with("answers 200 with a page"), "{told:?}");
    }
}
