//! Which origins' pages may call the backend.

use crate::{
    finding::Finding,
    known::{DEVELOPMENT, FOREIGN},
    seen::{Asked, Seen},
};

const ID: &str = "cors";
const DOCS: &str = "https://backstage.io/docs/backend-system/core-services/root-http-router";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    let Some(foreign) = allowed(&seen.foreign_catalog) else {
        return vec![Finding::unknown(ID, "Which origins may call the backend was not found out")];
    };
    let set = "Name the origins whose pages may call, or remove `cors` where the app and the backend share one:\n\
               backend:\n  cors: {origin: https://portal.example.com}";
    if [FOREIGN, "*"].contains(&&*foreign.0) {
        let (credentials, as_whom) = match foreign.1 {
            true => (", with credentials", ", as the user whose cookie is there"),
            false => ("", ", from inside the user's network"),
        };
        let observed = format!("Pages of any origin may call the backend{credentials}: it allowed {FOREIGN}");
        let finding = if foreign.1 { Finding::fail(ID, observed) } else { Finding::warn(ID, observed) };
        return vec![
            finding
                .why(format!("A page that a user visits can call the portal in the user's browser{as_whom}"))
                .change(set)
                .source(DOCS),
        ];
    }
    let development = allowed(&seen.localhost_catalog).is_some_and(|(origin, _)| origin == DEVELOPMENT);
    if development && !seen.is_loopback() {
        return vec![
            Finding::warn(ID, format!("Pages of {DEVELOPMENT} may call the backend: the line of create-app for development holds here, too"))
                .why("What runs there on a user's machine, be it another project or an attacker's, can call the portal in the user's browser")
                .change("Name the portal itself in app-config.production.yaml:\nbackend:\n  cors: {origin: https://portal.example.com}")
                .source(DOCS),
        ];
    }
    vec![Finding::ok(ID, "Pages of a foreign origin may not call the backend")]
}

/// The origin that an answer allows, and whether with credentials; empty where none.
fn allowed(asked: &Asked) -> Option<(String, bool)> {
    let reply = asked.reply()?;
    let origin = reply.header("access-control-allow-origin").unwrap_or_default().to_owned();
    Some((origin, reply.header("access-control-allow-credentials") == Some("true")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::tests::{healthy, only_ok, only_problem, reply},
        finding::Severity,
    };

    #[test]
    fn a_backend_that_every_page_may_call_is_told() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        for (headers, severity) in [
            (
                &[("access-control-allow-origin", FOREIGN), ("access-control-allow-credentials", "true")][..],
                Severity::Fail,
            ),
            (&[("access-control-allow-origin", FOREIGN)][..], Severity::Warn),
            (&[("access-control-allow-origin", "*")][..], Severity::Warn),
        ] {
            seen.foreign_catalog = reply(401, headers, "");
            assert_eq!(only_problem(check(&seen), ID).severity, Some(severity), "{headers:?}");
        }
    }

    #[test]
    fn the_line_for_development_is_told_in_a_public_portal_only() {
        let mut seen = healthy();
        seen.localhost_catalog = reply(401, &[("access-control-allow-origin", DEVELOPMENT)], "");
        assert!(only_problem(check(&seen), ID).observed.contains("create-app"));
        seen.target = Some("http://localhost:7007".parse().unwrap());
        only_ok(check(&seen), ID);
    }
}
