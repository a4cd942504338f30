//! Whether a WebSocket gets through to the plugin signals.

use crate::{
    finding::Finding,
    seen::{Asked, Reply, Seen, said},
};

const ID: &str = "websocket";

fn has_signals(seen: &Seen) -> bool {
    let is_healthy = seen.signals_health.with(200).is_some_and(|reply| !reply.is_html());
    is_healthy || seen.installed().any(|id| id == "signals")
}

/// Whether this is the error of an ordinary request.
fn is_route(reply: &Reply) -> bool {
    reply.header("content-type").is_some_and(|kind| kind.starts_with("application/json"))
}

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    if !has_signals(seen) {
        let observed = "The plugin signals is not installed, so no WebSocket was tried";
        return vec![Finding::ok(ID, observed)];
    }
    let blocked = |observed: String| {
        Finding::fail(ID, observed)
            .why("Notifications come only after a reload, and each open tab tries again every 5 s")
            .change(
                "Let the ingress pass upgrades on; for nginx:\nproxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\n\
                 proxy_set_header Connection $connection_upgrade;",
            )
            .source("https://backstage.io/docs/notifications/")
    };
    let reply = match &seen.signals_socket {
        Asked::Not(why) => {
            return vec![Finding::unknown(
                ID,
                format!("Whether a WebSocket gets through was not tried: {}", said(why)),
            )];
        }
        Asked::Failed(why) => {
            let observed =
                format!("The handshake of a WebSocket at /api/signals got no answer: {}", said(why));
            return vec![
                Finding::warn(ID, observed)
                    .why("signals-backend up to 0.3.19 answers nothing to the first one after a start, and something on the way may drop it")
                    .change("Look again; if it stays so, upgrade @backstage/plugin-signals-backend, then look at the ingress")
                    .source("https://github.com/backstage/backstage/issues/34898"),
            ];
        }
        Asked::Answered(reply) => reply,
    };
    let status = reply.status;
    vec![match status {
        101 => Finding::ok(ID, "A WebSocket gets through to /api/signals"),
        401 | 403 if reply.header("upgrade").is_some() => Finding::warn(
            ID,
            format!("A WebSocket gets through to /api/signals, whose {status} carries the header Upgrade"),
        )
        .why("Some load balancers make a 502 of it and take the backend for broken")
        .change("Upgrade @backstage/plugin-signals-backend")
        .source("https://github.com/backstage/backstage/issues/34761"),
        // An ordinary route has a body for whoever is refused; who refuses an upgrade has none.
        401 | 403 if is_route(reply) => blocked(format!(
            "A WebSocket does not get through: its handshake reaches /api/signals as an ordinary request, which is refused with {status}"
        )),
        401 | 403 => Finding::ok(
            ID,
            format!("A WebSocket gets through to /api/signals, which wants a token for it ({status})"),
        ),
        502..=504 => blocked(format!(
            "The handshake of a WebSocket at /api/signals comes back with {status}, though the plugin signals answers"
        )),
        _ => {
            let kind = if reply.is_html() { " and a page" } else { "" };
            blocked(format!(
                "A WebSocket does not get through: its handshake at /api/signals comes back with {status}{kind}, though the plugin signals answers"
            ))
        }
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{healthy, json, only_ok, only_problem, only_unknown, reply};

    #[test]
    fn an_ingress_that_drops_the_upgrade_is_told() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        for status in [200, 400, 404, 426, 502] {
            seen.signals_socket = reply(status, &[("content-type", "text/html")], "");
            let told = only_problem(check(&seen), ID);
            assert!(told.observed.contains(&status.to_string()), "{told:?}");
        }
    }

    #[test]
    fn an_upgrade_that_arrives_as_an_ordinary_request_is_told() {
        let mut seen = healthy();
        seen.signals_socket = json(401, "");
        assert!(only_problem(check(&seen), ID).observed.contains("as an ordinary request"));
    }

    #[test]
    fn a_refusal_that_looks_like_an_upgrade_is_told() {
        let mut seen = healthy();
        seen.signals_socket = reply(401, &[("upgrade", "websocket")], "");
        only_problem(check(&seen), ID);
        seen.signals_socket = Asked::Failed("no answer within 5 s".to_owned());
        only_problem(check(&seen), ID);
        seen.signals_socket = Asked::Not("the requests were used up".to_owned());
        only_unknown(check(&seen), ID);
    }

    #[test]
    fn without_the_plugin_nothing_is_missed() {
        let mut seen = healthy();
        seen.plugins.retain(|(id, _)| *id != "signals");
        (seen.signals_health, seen.signals_socket) = (json(404, ""), json(404, ""));
        only_ok(check(&seen), ID);
    }
}
