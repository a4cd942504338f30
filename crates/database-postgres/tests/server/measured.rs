//! What metrics and traces tell of statements, beside a real server.

use greenroom_context::{Context, Request};
use greenroom_database::{Client, DatabaseError, DatabaseMetrics, Driver, StatementListener};
use greenroom_database_postgres::{PgPool, PostgresDriver, sqlx};
use greenroom_logging::{BridgeOptions, CaptureSink, Logger, RootLogger};
use greenroom_metrics::MetricsRegistry;
use greenroom_traces::{Sampler, Status, TracerProvider};

use crate::{cluster::cluster, config, settings};

/// What is told of a metric, without the attributes that all have.
fn told(registry: &MetricsRegistry, name: &str) -> Vec<String> {
    let text = registry.text();
    let plain = |line: &str| {
        let common = [
            "backstage_plugin_id=\"measured\",",
            "db_namespace=\"backstage_plugin_measured\",",
            "db_system_name=\"postgresql\"",
            ",otel_scope_name=\"greenroom\"",
        ];
        common
            .iter()
            .fold(line[name.len()..].to_owned(), |line, common| line.replace(common, ""))
            .replace(",}", "}")
    };
    let mut all: Vec<_> = text.lines().filter(|line| line.starts_with(name)).map(plain).collect();
    all.sort();
    all
}

#[tokio::test]
async fn statements_are_told_with_the_servers_codes_and_spans_are_those_of_who_asked() {
    let lines = CaptureSink::new();
    let root = RootLogger::builder().sink(lines.clone()).build();
    assert!(root.install_tracing(BridgeOptions::new().listener(StatementListener)));
    let (registry, provider) = (MetricsRegistry::new(&root), TracerProvider::default());
    let spans = provider.open(Sampler::default(), 64, 64).unwrap();
    let yaml = config(cluster(), "knexConfig: {pool: {max: 3, acquireTimeoutMillis: 300}}");
    let database = settings(&yaml).for_plugin("measured").unwrap();
    let open = PostgresDriver::default().open(database.clone()).await.unwrap();
    let metrics = DatabaseMetrics::new(&registry, provider.own());
    let client = Client::measured(open, database, Logger::clone(&root), &metrics);
    let pool: PgPool = client.pool().unwrap();
    client
        .run(async {
            sqlx::query("create table notes (id int primary key, body text)").execute(&pool).await?;
            let mut transaction = pool.begin().await?;
            let insert = sqlx::query("insert into notes values ($1, $2)").bind(1).bind("secret");
            insert.execute(&mut *transaction).await?;
            transaction.commit().await
        })
        .await
        .unwrap();
    let request = Request::new(None, None).sampled(|_| true);
    let within = *request.trace();
    let again = client.run(sqlx::query("insert into notes values (1, 'secret')").execute(&pool));
    Context::current().with_request(request).scope(again).await.unwrap_err();
    let slow = client
        .run_within(std::time::Duration::from_millis(200), sqlx::query("select pg_sleep(60)").execute(&pool));
    slow.await.unwrap_err();

    let expected = [
        r#"{db_operation_name="COMMIT"} 1"#,
        r#"{db_operation_name="CREATE"} 1"#,
        r#"{db_operation_name="INSERT"} 1"#,
        r#"{db_operation_name="INSERT",error_type="23505"} 1"#,
        r#"{db_operation_name="SELECT",error_type="timeout"} 1"#,
    ];
    let counted = told(&registry, "db_client_operation_duration_count")
        .into_iter()
        .map(|line| line.replace("{,", "{").replace(",,", ","));
    let mut counted: Vec<_> = counted.collect();
    counted.sort();
    let mut expected = expected.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(counted, expected);
    let [span] = &spans.take()[..] else { panic!("one span") };
    assert_eq!(
        (&*span.name, span.trace.parent_span_id()),
        ("INSERT backstage_plugin_measured", Some(within.span_id()))
    );
    assert_eq!(span.status, Status::Error(String::new()));
    assert!(!format!("{span:?} {}", registry.text()).contains("secret"));

    // The third connection sleeps.
    let held = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let none = client.run(sqlx::query("select 1").execute(&pool)).await.unwrap_err();
    assert!(matches!(DatabaseError::of(&none), Some(DatabaseError::Exhausted { .. })), "{none}");
    drop(held);
    let timeouts = told(&registry, "db_client_connection_timeouts_total");
    assert!(matches!(&timeouts[..], [one] if one.ends_with(" 1")), "{timeouts:?}");
    assert_eq!(lines.lines(), Vec::<String>::new(), "no line is added");
}
