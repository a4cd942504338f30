//! What is kept of what browsers send, and what they are told.

use std::path::Path;

use futures_util::{StreamExt, stream::FuturesUnordered};
use greenroom::{context::spawn, http_client::Fault};
use greenroom_database_sqlite::sqlx::{
    self, AssertSqlSafe, ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions,
};
use greenroom_plugin_rum::rum;
use greenroom_plugin_rum_store::detail;
use greenroom_test::{RunningTestBackend, TestBackend, mock, mock_credentials};
use http::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{FakeIntake, ID, Recorded, TEMPLATE, config, portal, rum_requests};

/// A backend that keeps events in files of this directory, and sends them to a fake.
async fn keeping(dir: &Path, more: Value) -> (RunningTestBackend, FakeIntake) {
    let intake = FakeIntake::default();
    let backend = TestBackend::new().config(keeping_config(dir, more)).add(rum()).add(intake.client());
    (backend.start().await.unwrap(), intake)
}

fn keeping_config(dir: &Path, mut more: Value) -> Value {
    if more.get("mode").is_none() {
        more["mode"] = json!("store");
    }
    let mut config = config(&more);
    config["backend"] = json!({"database": {"client": "better-sqlite3", "connection": {"directory": dir}}});
    config
}

async fn database(dir: &TempDir) -> SqliteConnection {
    SqliteConnectOptions::new().filename(dir.path().join("rum.sqlite")).connect().await.unwrap()
}

async fn count(connection: &mut SqliteConnection, table: &str) -> i64 {
    let sql = AssertSqlSafe(format!("select count(*) from {table}"));
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) {
    sqlx::query(sql).execute(connection).await.unwrap();
}

async fn status(backend: &RunningTestBackend) -> Value {
    backend.get("/api/rum/status").with_credentials(&mock_credentials::service()).await.json()
}

/// A view of which little is told.
fn view() -> Value {
    let id = "0b1c2d3e-4f50-4a6b-8c7d-8e9fa0b1c2d3";
    json!({
        "type": "view",
        "date": 1,
        "application": {"id": ID},
        "session": {"id": id},
        "view": {"id": id, "url": "/"},
        "_dd": {"document_version": 1},
    })
}

/// Events as a browser of the portal sends them.
fn batch(events: &[&Value]) -> Recorded {
    let lines: Vec<_> = events.iter().map(ToString::to_string).collect();
    Recorded::named("v7-string-proxy-003-rum").body(lines.join("\n"))
}

#[tokio::test]
async fn rum_80_what_browsers_send_is_in_the_database_once_they_are_told_202_and_goes_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let (backend, intake) = keeping(dir.path(), json!({})).await;
    let mut connection = database(&dir).await;
    let mut before = 0;
    for request in rum_requests() {
        let answer = request.send(&backend).await;
        assert_eq!(answer.status, 202, "{}: {}", request.name, answer.text());
        let now = count(&mut connection, "rum_event").await + count(&mut connection, "rum_view").await;
        assert!(now >= before && now > 0, "{}", request.name);
        before = now;
    }
    for request in rum_requests() {
        assert_eq!(request.send(&backend).await.status, 202);
    }
    let after = count(&mut connection, "rum_event").await + count(&mut connection, "rum_view").await;
    assert_eq!((after, intake.seen().len()), (before, 0), "what comes again changes nothing");
    let told = status(&backend).await;
    assert_eq!((&told["keeps"], &told["kept"], &told["taken"]), (&json!(true), &json!(26), &json!(0)));
    assert_eq!(told["recipient"], "this backend");
}

#[tokio::test]
async fn rum_88_nobody_is_in_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let (backend, _) = keeping(dir.path(), json!({})).await;
    let with_code = Recorded::named("v7-string-proxy-001-rum");
    let body = String::from_utf8(with_code.body.to_vec()).unwrap().replace("/?v=", "/?code=hunter2&v=");
    assert_eq!(with_code.body(body).send(&backend).await.status, 202);
    for request in rum_requests() {
        request.send(&backend).await;
    }
    let mut connection = database(&dir).await;
    let mut texts = vec![];
    let tables = ["rum_session", "rum_view", "rum_event", "rum_error_group"];
    for table in tables {
        let columns: Vec<(String, String)> =
            sqlx::query_as(AssertSqlSafe(format!("select name, type from pragma_table_info('{table}')")))
                .fetch_all(&mut connection)
                .await
                .unwrap();
        for (column, kind) in columns {
            let sql = AssertSqlSafe(format!("select {column} from {table} where {column} is not null"));
            match &*kind {
                "TEXT" | "text" => {
                    texts.extend(
                        sqlx::query_scalar::<_, String>(sql).fetch_all(&mut connection).await.unwrap(),
                    );
                }
                "BLOB" | "blob" => {
                    let packed =
                        sqlx::query_scalar::<_, Vec<u8>>(sql).fetch_all(&mut connection).await.unwrap();
                    texts.extend(packed.iter().map(|packed| detail::unpack(packed).unwrap()));
                }
                _ => {}
            }
        }
    }
    assert!(texts.len() > 500, "{}", texts.len());
    for canary in ["hunter2", "jane", "Jane", "example.test", "cfg=%7B", "pub00000"] {
        let found: Vec<_> = texts.iter().filter(|text| text.contains(canary)).collect();
        assert!(found.is_empty(), "{canary}: {:?}", found.first());
    }
}

#[tokio::test]
async fn rum_95_what_cannot_be_kept_is_a_503_and_nothing_is_lost_once_it_comes_again() {
    let dir = tempfile::tempdir().unwrap();
    let (backend, _) = keeping(dir.path(), json!({})).await;
    let mut connection = database(&dir).await;
    run(&mut connection, "alter table rum_event rename to away").await;
    let request = Recorded::named("v7-string-proxy-003-rum");
    let answer = request.send(&backend).await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(!answer.text().contains("rum_event"), "{}", answer.text());
    assert_eq!(count(&mut connection, "rum_view").await, 0);
    backend
        .await_log(|line| line["message"].as_str().is_some_and(|told| told.contains("could not be kept")))
        .await;

    run(&mut connection, "alter table away rename to rum_event").await;
    assert_eq!(request.send(&backend).await.status, 202);
    assert_eq!((count(&mut connection, "rum_event").await, count(&mut connection, "rum_view").await), (6, 1));
    assert_eq!(status(&backend).await["refused"], json!({"notKept": 1}));
}

#[tokio::test]
async fn rum_53_events_that_wait_for_the_database_take_a_bounded_part_of_the_memory() {
    let dir = tempfile::tempdir().unwrap();
    let (backend, _) = keeping(dir.path(), json!({})).await;
    // Each list is four bytes of the body, and weighs 656.
    let of = |lists: usize| {
        let mut view = view();
        view["context"] = json!({"lists": vec![[0]; lists]});
        batch(&[&view])
    };
    let mut connection = database(&dir).await;
    run(&mut connection, "begin immediate").await;
    let browsers = (0..3).map(|_| {
        let request = of(11_000).request(&backend);
        spawn("browser", async move { request.await })
    });
    let mut browsers: FuturesUnordered<_> = browsers.collect();
    let first = browsers.next().await.unwrap().unwrap().unwrap();
    let told = json!({"error": "there is no room for it now"});
    assert_eq!((first.status.as_u16(), first.json()), (503, told), "21 MiB of one client are more than 16");
    run(&mut connection, "rollback").await;
    while let Some(kept) = browsers.next().await {
        assert_eq!(kept.unwrap().unwrap().status, 202);
    }
    assert_eq!(status(&backend).await["refused"], json!({"noRoom": 1}));
    assert_eq!(of(11_000).send(&backend).await.status, 202, "what was held is given back");
    assert_eq!(of(26_000).send(&backend).await.status, 413, "there would never be room for it");
}

#[tokio::test]
async fn rum_91_what_the_store_leaves_out_is_counted_as_that_and_a_request_with_nothing_else_as_empty() {
    let of_no_version = json!({"_dd": {}});
    let of_no_type = json!({"type": "surprise"});
    let [odd, strange] = [of_no_version, of_no_type].map(|other| {
        let mut view = view();
        view.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        view
    });
    let telemetry = json!({"type": "telemetry"});
    let whole = view();
    // Where nothing leaves, nothing becomes of what is not kept.
    for (mode, is_rejected, empty) in [("store", 1, 2), ("both", 0, 0)] {
        let dir = tempfile::tempdir().unwrap();
        let (backend, _) = keeping(dir.path(), json!({"mode": mode})).await;
        for (events, unkept) in [(vec![&whole, &odd], 1), (vec![&odd, &strange], 2), (vec![&telemetry], 0)] {
            let answer = batch(&events).send(&backend).await;
            let rejected = unkept * is_rejected;
            let told = json!({"accepted": events.len() - rejected, "rejected": rejected});
            assert_eq!((answer.status.as_u16(), answer.json()), (202, told), "{mode}");
        }
        let told = status(&backend).await;
        let names = ["events", "unkept", "rejected", "kept", "empty", "unsent"];
        let counts = names.map(|name| told[name].clone());
        assert_eq!(counts, [5, 3, 0, 1, empty, 0].map(Value::from), "{mode}: {told}");
    }
}

#[tokio::test]
async fn rum_95_a_database_that_is_away_at_start_keeps_nobody_from_the_portal() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut config = config(&json!({"mode": "store"}));
    let connection = json!({"host": "127.0.0.1", "port": port, "user": "u", "password": "hunter2hunter2"});
    config["backend"] = json!({"database": {"client": "pg", "connection": connection}});
    let driver = greenroom_database_postgres::driver();
    let backend = TestBackend::new().config(config).add(rum()).add(driver).start().await.unwrap();
    let is_told = |line: &Value| line["message"].as_str().is_some_and(|told| told.contains("be kept yet"));
    let line = backend.await_log(is_told).await;
    assert_eq!((&line["level"], &line["plugin"]), (&json!("warn"), &json!("rum")), "{line}");
    assert!(line.to_string().contains(&format!("127.0.0.1:{port}")), "{line}");
    assert!(!line.to_string().contains("hunter2hunter2"));
    assert_eq!(Recorded::named("v7-string-proxy-003-rum").send(&backend).await.status, 503);
}

#[tokio::test]
async fn rum_98_with_both_it_is_kept_first_and_then_sent_whatever_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let (backend, intake) = keeping(dir.path(), json!({"mode": "both"})).await;
    let request = Recorded::named("v7-string-proxy-003-rum");
    intake.answers(Err(Fault::Connect("nobody is there".to_owned())));
    intake.answers(Ok(StatusCode::FORBIDDEN));
    let mut connection = database(&dir).await;
    for _ in 0..3 {
        assert_eq!(request.send(&backend).await.status, 202);
        assert_eq!(count(&mut connection, "rum_event").await, 6);
    }
    assert_eq!(Recorded::named("v7-string-proxy-004-replay").send(&backend).await.status, 202);

    run(&mut connection, "alter table rum_event rename to away").await;
    assert_eq!(Recorded::named("v7-string-proxy-009-rum").send(&backend).await.status, 503);
    backend.stop().await;
    assert_eq!(intake.seen().len(), 4, "what is not kept comes again and leaves then");
}

#[tokio::test]
async fn rum_97_what_is_of_no_track_that_is_kept_is_taken_counted_and_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (backend, intake) = keeping(dir.path(), json!({})).await;
    for name in ["v7-string-proxy-004-replay", "v7-logs-profile-012-logs"] {
        assert_eq!(Recorded::named(name).send(&backend).await.status, 202);
    }
    assert!(intake.seen().is_empty());
    let told = status(&backend).await;
    assert_eq!((&told["leftOut"], &told["kept"], &told["unsent"]), (&json!(2), &json!(0), &json!(0)));
}

#[tokio::test]
async fn rum_96_a_start_says_where_events_are_kept_and_for_how_long() {
    let dir = tempfile::tempdir().unwrap();
    let config = keeping_config(dir.path(), json!({"sdk": "cdn", "retention": {"days": 3}}));
    let backend = portal(dir.path(), TEMPLATE, config).await;
    let is_told =
        |line: &Value| line["message"].as_str().is_some_and(|told| told.starts_with("Browser events"));
    let line = backend.await_log(is_told).await;
    let told = line["message"].as_str().unwrap();
    assert!(
        told.starts_with("Browser events are kept here for 3 days, in ") && told.contains("rum.sqlite"),
        "{told}"
    );
}

#[tokio::test]
async fn rum_94_a_request_with_a_trace_of_a_browser_is_kept_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (backend, _) = keeping(dir.path(), json!({})).await;
    let trace = "00-000000000000000060c7ee4d32d71af6-00000000000000ab-01";
    let session = "0b7a4f4e-1111-4222-8333-444444444444";
    let of_page = backend.get("/api/rum/status?code=hunter2").header("traceparent", trace);
    let of_page =
        of_page.header("x-datadog-origin", "rum").header("baggage", &format!("session.id={session}"));
    assert_eq!(of_page.with_credentials(&mock_credentials::service()).await.status, 200);
    backend.get("/api/rum/status").header("traceparent", trace).await;
    backend.stop().await;

    let mut connection = database(&dir).await;
    let sql = "select trace_id, parent_span_id, session_id, plugin, method, path, status from rum_request";
    let rows: Vec<(String, String, String, String, String, String, i64)> =
        sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
    let text = str::to_owned;
    assert_eq!(
        rows,
        [(
            text("000000000000000060c7ee4d32d71af6"),
            text("00000000000000ab"),
            text(session),
            text("rum"),
            text("GET"),
            text("/api/rum/status"),
            200
        )]
    );
}

#[tokio::test]
async fn rum_99_what_is_kept_has_pages_and_before_that_they_say_why_there_is_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (backend, _) = keeping(dir.path(), json!({})).await;
    let page = async || backend.get("/.greenroom/browser").with_token(mock::OPS_TOKEN).await.text();
    assert_eq!(backend.get("/.greenroom/v1/rum/sessions").without_credentials().await.status, 401);
    let empty = page().await;
    assert!(
        empty.contains("because Datadog&#39;s SDK is not here")
            || empty.contains("because Datadog's SDK is not here"),
        "{empty}"
    );
    assert!(empty.contains("greenroom rum sdk"), "{empty}");

    for name in ["v7-string-proxy-001-rum", "v7-string-proxy-003-rum"] {
        assert_eq!(Recorded::named(name).send(&backend).await.status, 202);
    }
    let sessions = backend.get("/.greenroom/v1/rum/sessions").with_token(mock::OPS_TOKEN).await;
    assert!(sessions.text().contains("6bcc475f-393b-458d-8ed1-9e00e2a6c7fe"), "{}", sessions.text());
    assert!(!page().await.contains("rum sdk"));
}
