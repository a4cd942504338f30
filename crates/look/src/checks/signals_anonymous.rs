//! Whether a WebSocket to the plugin signals is open to whoever has no token.

use crate::{finding::Finding, seen::Seen};

const ID: &str = "signals-anonymous";

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    match seen.signals_socket.status() {
        Some(101) => vec![
            Finding::fail(ID, "/api/signals opens a WebSocket to whoever comes, without a token")
                .why("Whoever subscribes to a channel reads what is broadcast there, such as that notifications are there, and each socket costs memory")
                .change("yarn backstage-cli versions:bump, so that @backstage/plugin-signals-backend is 0.3.20 or newer")
                .source("https://github.com/backstage/backstage/issues/34898"),
        ],
        Some(401 | 403) => vec![Finding::ok(ID, "/api/signals opens no WebSocket without a token")],
        // Whether it gets through is another check's.
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::tests::{healthy, only_ok, only_problem, reply};

    #[test]
    fn a_socket_for_everybody_is_told() {
        let mut seen = healthy();
        only_ok(check(&seen), ID);
        seen.signals_socket = reply(101, &[], "");
        only_problem(check(&seen), ID);
        seen.signals_socket = reply(404, &[], "");
        assert_eq!(check(&seen), []);
    }
}
