//! What metrics tell of statements and pools.

use std::time::Duration;

use greenroom_context::{Context, Request};
use greenroom_database::{Client, DatabaseMetrics, Driver, StatementListener};
use greenroom_database_sqlite::{
    Readers, SqliteDriver, SqlitePool,
    sqlx::{self, Row},
};
use greenroom_logging::{BridgeOptions, CaptureSink, Logger, RootLogger};
use greenroom_metrics::MetricsRegistry;
use greenroom_traces::{Sampler, SpanKind, Spans, Status, TracerProvider};
use tokio::sync::oneshot;

use crate::{in_files, settings};

/// A client that is measured, by a bridge of this process: each of these tests has one of its own.
async fn measured(yaml: &str) -> (Client, MetricsRegistry, CaptureSink) {
    let (client, registry, lines, _) = traced(yaml).await;
    (client, registry, lines)
}

/// The same, and its spans.
async fn traced(yaml: &str) -> (Client, MetricsRegistry, CaptureSink, Spans) {
    let lines = CaptureSink::new();
    let root = RootLogger::builder().sink(lines.clone()).build();
    assert!(root.install_tracing(BridgeOptions::new().listener(StatementListener)));
    let registry = MetricsRegistry::new(&root);
    let database = settings(yaml).for_plugin("notes").unwrap();
    let open = SqliteDriver.open(database.clone()).await.unwrap();
    let provider = TracerProvider::default();
    let spans = provider.open(Sampler::default(), 64, 64).unwrap();
    let metrics = DatabaseMetrics::new(&registry, provider.own());
    (Client::measured(open, database, Logger::clone(&root), &metrics), registry, lines, spans)
}

/// What is told of a metric, without the attributes that all have.
fn told(registry: &MetricsRegistry, name: &str) -> Vec<String> {
    let text = registry.text();
    let of = text.lines().filter(|line| line.starts_with(name));
    let plain = |line: &str| {
        ["backstage_plugin_id=\"notes\",", "db_system_name=\"sqlite\",", ",otel_scope_name=\"greenroom\""]
            .iter()
            .fold(line[name.len()..].to_owned(), |line, common| line.replace(common, ""))
    };
    let mut all: Vec<_> = of.map(plain).collect();
    all.sort();
    all
}

/// Waits for a thread of the driver's that tells of a statement when its answer is there already.
async fn once(registry: &MetricsRegistry, name: &str, expected: &[&str]) {
    let told_at_last = async {
        while told(registry, name) != expected {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), told_at_last).await;
    assert!(in_time.is_ok(), "{:#?}, expected {expected:#?}", told(registry, name));
}

#[tokio::test]
async fn database_24_a_statement_is_told_by_its_operation_and_never_by_its_text() {
    let directory = tempfile::tempdir().unwrap();
    let (client, registry, lines) = measured(&in_files(directory.path())).await;
    let (writer, Readers(readers)): (SqlitePool, Readers) = (client.pool().unwrap(), client.pool().unwrap());
    client
        .run(async {
            sqlx::query("create table notes (id integer primary key, body text)").execute(&writer).await?;
            let mut transaction = writer.begin().await?;
            for body in ["secret", "other"] {
                let insert = sqlx::query("insert into notes (body) values (?)").bind(body);
                insert.execute(&mut *transaction).await?;
            }
            transaction.commit().await
        })
        .await
        .unwrap();
    client
        .run(sqlx::query("select body from notes where body = 'secret'").fetch_one(&readers))
        .await
        .unwrap();
    let twice = client.run(sqlx::query("insert into notes (id) values (1)").execute(&writer)).await;
    twice.unwrap_err();

    let count = "db_client_operation_duration_count";
    let of = |operation: &str, count: u32| {
        format!("{{db_namespace=\"notes.sqlite\",db_operation_name=\"{operation}\"}} {count}")
    };
    let failed = r#"{db_namespace="notes.sqlite",db_operation_name="INSERT",error_type="1555"} 1"#.to_owned();
    let expected = [of("CREATE", 1), failed, of("INSERT", 2), of("SELECT", 1)];
    let mut expected = expected.iter().map(String::as_str).collect::<Vec<_>>();
    expected.sort_unstable();
    once(&registry, count, &expected).await;
    assert!(!registry.text().contains("secret"));
    assert_eq!(lines.lines(), Vec::<String>::new(), "no line is added");
}

#[tokio::test]
async fn an_answer_without_a_row_is_no_failure_of_a_statement() {
    let (client, registry, _) = measured("app: {}").await;
    let pool: SqlitePool = client.pool().unwrap();
    let none = client.run(sqlx::query("select 1 where 1 = 0").fetch_one(&pool)).await;
    none.unwrap_err();
    let expected = r#"{db_namespace="memory",db_operation_name="SELECT"} 1"#;
    once(&registry, "db_client_operation_duration_count", &[expected]).await;
}

#[tokio::test]
async fn what_is_asked_past_the_client_is_of_nobody() {
    let (client, registry, _) = measured("app: {}").await;
    let pool: SqlitePool = client.pool().unwrap();
    let one: i64 = sqlx::query("select 1").fetch_one(&pool).await.unwrap().get(0);
    assert_eq!((one, told(&registry, "db_client_operation_duration_count").len()), (1, 0));
}

#[tokio::test]
async fn database_23_pools_tell_their_connections_who_waits_and_who_waited_in_vain() {
    let directory = tempfile::tempdir().unwrap();
    let impatient = in_files(directory.path()).replace("{max: 2}", "{max: 2, acquireTimeoutMillis: 200}");
    let (client, registry, _) = measured(&impatient).await;
    let (writer, Readers(readers)): (SqlitePool, Readers) = (client.pool().unwrap(), client.pool().unwrap());
    let named = |pool: &str| format!("{{db_client_connection_pool_name=\"{pool}\"}}");
    let counted = |pool: &str, state: &str, count: u32| {
        format!(
            "{{db_client_connection_pool_name=\"{pool}\",db_client_connection_state=\"{state}\"}} {count}"
        )
    };
    client.run(sqlx::query("select 1").execute(&readers)).await.unwrap();
    let held = client.run(writer.acquire()).await.unwrap();
    // Who gives a connection back does so beside its answer.
    let expected = [
        counted("notes", "idle", 0),
        counted("notes", "used", 1),
        counted("notes.readers", "idle", 1),
        counted("notes.readers", "used", 0),
    ];
    once(&registry, "db_client_connection_count", &expected.each_ref().map(String::as_str)).await;
    let max = [format!("{} 1", named("notes")), format!("{} 2", named("notes.readers"))];
    assert_eq!(told(&registry, "db_client_connection_max"), max);
    assert_eq!(
        told(&registry, "db_client_connection_wait_time_count"),
        [format!("{} 1", named("notes")), format!("{} 1", named("notes.readers"))]
    );

    drop(held);
    let (is_done, done) = oneshot::channel::<()>();
    let holds = client.run(async {
        let held = writer.acquire().await?;
        let _ = done.await;
        drop(held);
        Ok::<_, sqlx::Error>(())
    });
    let looks = async {
        let pending = async |count: u32| {
            let of_readers = format!("{} 0", named("notes.readers"));
            let expected = [format!("{} {count}", named("notes")), of_readers];
            let expected = expected.each_ref().map(String::as_str);
            once(&registry, "db_client_connection_pending_requests", &expected).await;
        };
        pending(0).await;
        let waits = async || client.run(writer.acquire()).await.map(drop).unwrap_err();
        let (_, _, ()) = tokio::join!(waits(), waits(), pending(2));
        pending(0).await;
        is_done.send(()).unwrap();
    };
    let (held, ()) = tokio::join!(holds, looks);
    held.unwrap();
    let timeouts = "db_client_connection_timeouts_total";
    let expected = [format!("{} 2", named("notes")), format!("{} 0", named("notes.readers"))];
    assert_eq!(told(&registry, timeouts), expected);
}

#[tokio::test]
async fn a_client_that_is_gone_is_told_no_more() {
    let (client, registry, _) = measured("app: {}").await;
    assert_eq!(told(&registry, "db_client_connection_max").len(), 1);
    drop(client);
    assert_eq!(told(&registry, "db_client_connection_max").len(), 0);
}

#[tokio::test]
async fn traces_23_a_statement_of_recorded_work_is_a_span_of_it_on_whichever_thread_it_ran() {
    let directory = tempfile::tempdir().unwrap();
    let (client, _, _, spans) = traced(&in_files(directory.path())).await;
    let (writer, Readers(readers)): (SqlitePool, Readers) = (client.pool().unwrap(), client.pool().unwrap());
    let request = |is_sampled: bool| Request::new(None, None).sampled(|_| is_sampled);
    let at_work = request(true);
    let within = *at_work.trace();
    let create = client.run(sqlx::query("create table notes (id integer primary key)").execute(&writer));
    create.await.unwrap();
    let unsampled = Context::current().with_request(request(false));
    unsampled.scope(client.run(sqlx::query("select 7").execute(&readers))).await.unwrap();
    let all = Context::current().with_request(at_work).scope(async {
        client.run(sqlx::query("select 'secret' union select 'other'").fetch_all(&readers)).await.unwrap();
        let fails = client.run(sqlx::query("insert into notes values (1), (1)").execute(&writer));
        fails.await.unwrap_err();
    });
    all.await;
    let mut found = vec![];
    let both = async {
        while found.len() < 2 {
            found.extend(spans.take());
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), both).await.expect("two spans");
    assert_eq!(found.len(), 2, "what is part of no recorded work is no span: {found:#?}");
    found.sort_by(|one, other| one.name.cmp(&other.name));
    let [insert, select] = &found[..] else { panic!("{found:#?}") };
    assert_eq!((&*insert.name, &*select.name), ("INSERT notes.sqlite", "SELECT notes.sqlite"));
    for span in &found {
        assert_eq!(span.kind, SpanKind::Client);
        assert_eq!(span.trace.trace_id(), within.trace_id());
        assert_eq!(span.trace.parent_span_id(), Some(within.span_id()));
        assert!(!format!("{span:?}").contains("secret"));
    }
    let says = |key: &str, value: &str| {
        select.attributes.iter().any(|one| one.key.as_str() == key && one.value.to_string() == value)
    };
    for (key, value) in [
        ("db.system.name", "sqlite"),
        ("db.namespace", "notes.sqlite"),
        ("db.operation.name", "SELECT"),
        ("db.response.returned_rows", "2"),
        ("backstage.plugin.id", "notes"),
    ] {
        assert!(says(key, value), "{key}: {select:#?}");
    }
    assert_eq!((&select.status, &insert.status), (&Status::Unset, &Status::Error(String::new())));
    assert!(insert.attributes.iter().any(|one| one.key.as_str() == "error.type"), "{insert:#?}");
}
