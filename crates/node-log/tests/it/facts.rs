//! What lines tell of the start and of requests.

use greenroom_node_log::{
    Record, Stream,
    facts::{Boot, IncomingRequest, StartupFailure},
};

use crate::{recorded::recorded, support::records};

fn boots<'a>(records: &'a [Record<'static>]) -> Vec<Boot<'a>> {
    records.iter().filter_map(Boot::of).collect()
}

#[test]
fn both_versions_tell_of_a_failed_start_the_same() {
    for name in ["failed-start-0.18.log", "failed-start-0.19.log"] {
        let records = records(Stream::Stdout, recorded(name));
        let thrower = StartupFailure {
            plugin: "thrower",
            module: None,
            permitted: false,
            late: false,
            waiting_for: 2,
            error: "init boom",
        };
        let boots = boots(&records);
        assert!(
            matches!(boots[0], Boot::LoadingConfig { source } if source.starts_with("MergedConfigSource{"))
        );
        assert_eq!(
            boots[1..],
            [
                Boot::Listening { host: "", port: 17041 },
                Boot::Started { plugins: vec!["slow", "tasks", "thrower"] },
                Boot::Failed(thrower),
                Boot::InProgress { initialized: vec!["thrower", "tasks"], initializing: vec!["slow"] },
                Boot::InProgress { initialized: vec![], initializing: vec!["slow"] },
                Boot::Complete { initialized: vec!["slow"], initializing: vec![] },
                Boot::StartupFailed {
                    errors: vec!["Plugin 'thrower' startup failed; caused by Error: init boom"]
                },
            ]
        );
    }
}

#[test]
fn a_module_that_may_fail_is_told_with_its_plugin() {
    for name in ["permitted-0.18.log", "permitted-0.19.log"] {
        let records = records(Stream::Stdout, recorded(name));
        let failure = StartupFailure {
            plugin: "tasks",
            module: Some("badmod"),
            permitted: true,
            late: false,
            waiting_for: 0,
            error: "module boom",
        };
        assert!(boots(&records).contains(&Boot::Failed(failure)));
    }
}

#[test]
fn development_lines_and_an_uncaught_start_error_tell_the_same() {
    let records_of = records(Stream::Stdout, recorded("development-0.19.log"));
    assert!(
        boots(&records_of)
            .iter()
            .any(|boot| matches!(boot, Boot::Started { plugins } if plugins.contains(&"tasks")))
    );
    assert!(boots(&records_of).iter().any(|boot| matches!(boot, Boot::Complete { .. })));
    let awaited = records(Stream::Stderr, recorded("awaited.stderr"));
    let errors = vec!["Plugin 'catalog' startup failed; caused by Error: no database"];
    assert_eq!(boots(&awaited), [Boot::StartupFailed { errors }]);
}

#[test]
fn a_plugin_that_says_the_same_words_is_not_the_framework() {
    let line = br#"{"level":"info","message":"Listening on :80","plugin":"chat","service":"backstage"}"#;
    assert_eq!(boots(&records(Stream::Stdout, line)), []);
}

#[test]
fn both_versions_tell_of_a_request_the_same_also_where_its_fields_are_lost() {
    for name in ["requests-0.18.log", "requests-0.19.log"] {
        let records = records(Stream::Stdout, recorded(name));
        let requests: Vec<_> = records.iter().filter_map(IncomingRequest::of).collect();
        let shown: Vec<_> =
            requests.iter().map(|request| (request.url, request.status, request.user_agent)).collect();
        let curl = Some("curl/7.88.1");
        assert_eq!(
            shown[shown.len() - 4..],
            [
                ("/.backstage/health/v1/readiness", 200, Some("poll")),
                ("/api/errs/param/%25s", 200, curl),
                ("/x%dy", 404, curl),
                ("/xy", 404, curl)
            ]
        );
        assert!(requests.iter().all(|request| request.method == "GET" && request.referrer.is_none()));
    }
    let records = records(Stream::Stdout, recorded("development-0.18.log"));
    assert!(records.iter().filter_map(IncomingRequest::of).count() > 3);
}

#[test]
fn a_line_that_only_looks_like_a_request_is_none() {
    for message in [
        "",
        "GET /",
        "\\\"GET /x HTTP/1.1\\\" 99999 0 \\\"-\\\" \\\"-\\\"",
        "[a] b",
        "\\\"GET /x HTTP/1.1\\\" 200",
    ] {
        let line = format!("{{\"level\":\"info\",\"message\":\"{message}\",\"service\":\"rootHttpRouter\"}}");
        assert_eq!(records(Stream::Stdout, line.as_bytes()).iter().find_map(IncomingRequest::of), None);
    }
}
