//! What is heard of the drivers' library, whose part the tests play.

use std::{any::Any, any::TypeId, sync::Arc};

use greenroom_config::RootConfig;
use greenroom_database::{
    BoxFuture, Client, DatabaseError, DatabaseMetrics, DatabaseSettings, Migrations, OpenDatabase, PoolState,
    StatementListener,
};
use greenroom_errors::BoxError;
use greenroom_logging::{BridgeOptions, CaptureSink, Logger, RootLogger};
use greenroom_metrics::MetricsRegistry;
use greenroom_traces::Tracer;

/// A database whose two pools have all of their connections in use.
struct Full;

impl OpenDatabase for Full {
    fn pool(&self, _: TypeId) -> Option<&(dyn Any + Send + Sync)> {
        None
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), DatabaseError>> {
        Box::pin(async { Ok(()) })
    }

    fn connects(&self) -> BoxFuture<'_, Result<(), DatabaseError>> {
        self.ping()
    }

    fn migrate(&self, _: Migrations) -> BoxFuture<'_, Result<Vec<&'static str>, DatabaseError>> {
        Box::pin(async { Ok(vec![]) })
    }

    fn explain(&self, error: BoxError) -> BoxFuture<'_, DatabaseError> {
        Box::pin(async move {
            let settings = DatabaseSettings::from_config(&RootConfig::from_yaml("{}").unwrap()).unwrap();
            settings.for_plugin("notes").unwrap().statement(error)
        })
    }

    fn pools(&self) -> Vec<PoolState> {
        [1, 4].map(|max| PoolState { max, open: max, ..PoolState::default() }).into()
    }

    fn failure(&self, error: &BoxError) -> Option<String> {
        error.to_string().strip_prefix("code ").map(str::to_owned)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

fn measured() -> (Client, MetricsRegistry, CaptureSink) {
    let lines = CaptureSink::new();
    let root = RootLogger::builder().sink(lines.clone()).build();
    assert!(root.install_tracing(BridgeOptions::new().listener(StatementListener)));
    let registry = MetricsRegistry::new(&root);
    let settings = DatabaseSettings::from_config(&RootConfig::from_yaml("{}").unwrap()).unwrap();
    let metrics = DatabaseMetrics::new(&registry, Tracer::noop());
    let database = settings.for_plugin("notes").unwrap();
    (Client::measured(Arc::new(Full), database, Logger::clone(&root), &metrics), registry, lines)
}

/// What the library says of a statement that has ended.
fn ended(summary: &str) {
    tracing::debug!(target: "sqlx::query", summary, elapsed_secs = 0.002, rows_returned = 1_u64);
}

fn told(registry: &MetricsRegistry, name: &str) -> Vec<String> {
    let text = registry.text();
    let short = |line: &str| {
        let common = [
            "backstage_plugin_id=\"notes\",",
            "db_system_name=\"sqlite\",",
            "db_namespace=\"memory\",",
            ",otel_scope_name=\"greenroom\"",
        ];
        common.iter().fold(line[name.len()..].to_owned(), |line, common| line.replace(common, ""))
    };
    text.lines().filter(|line| line.starts_with(name)).map(short).collect()
}

#[tokio::test]
async fn of_a_call_that_fails_the_last_statement_is_told_as_failed_if_it_was_that() {
    let (client, registry, lines) = measured();
    let run = async |statements: &[&str], fails: Option<&str>| {
        let asked = async {
            statements.iter().for_each(|statement| ended(statement));
            fails.map_or(Ok(()), |why| Err(std::io::Error::other(why.to_owned())))
        };
        let _ = client.run(asked).await;
    };
    run(&["select 1", "insert into notes"], Some("code 23505")).await;
    run(&["update notes"], Some("the row is not what it should be")).await;
    run(&["set role x", "select 1"], None).await;
    let mut found = told(&registry, "db_client_operation_duration_count");
    found.sort();
    assert_eq!(
        found,
        [
            r#"{db_operation_name="INSERT",error_type="23505"} 1"#,
            r#"{db_operation_name="SELECT"} 2"#,
            r#"{db_operation_name="UPDATE"} 1"#,
        ]
    );
    assert_eq!(lines.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn a_long_wait_is_a_line_with_the_pool_and_a_short_one_is_only_counted() {
    let (client, registry, lines) = measured();
    let waits = async |seconds: f64| {
        let asked = async {
            tracing::debug!(target: "sqlx::pool::acquire", acquired_after_secs = 0.01);
            tracing::trace!(target: "sqlx::pool::acquire", acquired_after_secs = seconds);
            Ok::<_, std::io::Error>(())
        };
        client.run(asked).await.unwrap();
    };
    waits(0.5).await;
    assert_eq!(lines.lines(), Vec::<String>::new());
    waits(2.5).await;
    let [line] = &lines.json()[..] else { panic!("{:?}", lines.lines()) };
    assert_eq!(line["message"], "A connection to the database was waited for 2.5 s: 4 of 4 are in use");
    assert_eq!((&line["level"], &line["pool"]), (&"warn".into(), &"notes.readers".into()));
    let mut counted = told(&registry, "db_client_connection_wait_time_count");
    counted.sort();
    let of = |pool: &str| format!("{{db_client_connection_pool_name=\"{pool}\"}} 2");
    assert_eq!(counted, [of("notes"), of("notes.readers")]);
}
