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

/// Each kind of event of the visit is there, once all requests of the page have come: they do so in any order.
pub(crate) async fn the_visit_arrives(scene: &Scene, portal: &str) -> Events {
    let (first, last) = (format!("{portal}/?"), format!("{portal}/settings/general"));
    let parts = [
        ("view", "/view/url", &*first),
        ("view", "/view/url", &*last),
        ("view", "/service", "backstage"),
        ("action", "/action/type", "click"),
        ("error", "/error/message", "No answer for"),
        ("resource", "/resource/url", "/static/main."),
        ("resource", "/resource/url", "/api/auth/guest/refresh"),
        ("resource", "/resource/url", "/api/tasks/task/1/queue"),
    ];
    let is_whole = |events: &Events| parts.iter().all(|(kind, field, text)| events.has(kind, field, text));
    scene.intake.until_events("a part of the visit", is_whole).await
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
