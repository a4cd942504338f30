//! What holds of every visit.

use greenroom_portal::{Events, Portal, Seen};

use crate::scene::{CANARY, Scene};

/// What the stock front end asks of plugins that are not here.
const NOT_HERE: [&str; 5] =
    ["/api/catalog/", "/api/notifications/", "/api/permission/", "/api/signals", "/api/user-settings/"];

/// A developer who looks at the console sees nothing but plugins that are not here, and the error of the visit.
pub(crate) fn nothing_is_wrong_in_the_page(seen: &Seen) {
    let is_known = |line: &&String| NOT_HERE.iter().any(|path| line.contains(path));
    let other_errors: Vec<_> =
        seen.errors.iter().filter(|line| !(is_known(line) && line.contains("404"))).collect();
    assert!(other_errors.is_empty(), "{other_errors:#?}");
    let other_failures: Vec<_> = seen.failures.iter().filter(|line| !is_known(line)).collect();
    assert!(other_failures.is_empty(), "{other_failures:#?}");
    assert_eq!(seen.violations, Vec::<String>::new());
    assert_eq!(seen.exceptions, [format!("No answer for {CANARY}@example.com")]);
}

/// Each kind of event of the visit is there.
pub(crate) fn the_visit_is_told(events: &Events, portal: &str) {
    assert!(events.has("view", "/view/url", &format!("{portal}/?")), "{:#?}", events.told());
    assert!(events.has("view", "/view/url", &format!("{portal}/settings")), "{:#?}", events.told());
    assert!(events.has("action", "/action/type", "click"), "{:#?}", events.told());
    assert!(events.has("error", "/error/message", "No answer for"), "{:#?}", events.told());
    assert!(events.has("resource", "/resource/url", "/static/main."), "{:#?}", events.told());
    assert!(events.has("view", "/service", "backstage"));
}

/// What the browser knows a request by, the backend's lines know it by, too.
pub(crate) fn a_call_of_the_page_is_one_trace(events: &Events, portal: &Portal) {
    for (url, plugin) in [("/api/tasks/task/1/queue", "tasks"), ("/api/auth/guest/refresh", "auth")] {
        let trace = events.trace_of(url).unwrap_or_else(|| panic!("no trace of {url}: {:#?}", events.told()));
        let access: Vec<_> =
            portal.accesses(url).into_iter().filter(|line| line["trace_id"] == *trace).collect();
        assert_eq!(access.len(), 1, "{url}: {trace}");
        assert!(!portal.lines_of(plugin, &trace).is_empty(), "{plugin}: {trace}");
    }
}

/// Nothing that the intake got has a canary in it.
pub(crate) fn no_canary_arrives(scene: &Scene) {
    for request in scene.intake.received() {
        let body = String::from_utf8_lossy(&request.body);
        assert!(!request.url.contains(CANARY), "{}", request.url);
        assert!(!format!("{:?}", request.headers).contains(CANARY), "{:?}", request.headers);
        let line = body.lines().find(|line| line.contains(CANARY));
        assert_eq!(line, None);
    }
}
