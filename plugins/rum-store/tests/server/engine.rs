//! A database of a test's own.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use greenroom::{
    config::RootConfig,
    database::{Client, DatabaseSettings, Driver},
    logging::{CaptureSink, RootLogger},
};
use greenroom_database_postgres::PostgresDriver;

use crate::cluster::{Cluster, cluster};

/// Gone with the server.
pub(crate) struct Engine {
    pub(crate) client: Client,
}

impl Engine {
    /// On a server that the tests of this process share.
    pub(crate) async fn start() -> Self {
        Self::named(cluster(), &name()).await
    }

    /// On a server of its own.
    pub(crate) async fn on(cluster: &Cluster) -> Self {
        Self::named(cluster, &name()).await
    }

    /// Two clients of one database, as two replicas have them.
    pub(crate) async fn two() -> (Self, Self) {
        let name = name();
        let first = Self::named(cluster(), &name).await;
        (first, Self::named(cluster(), &name).await)
    }

    async fn named(cluster: &Cluster, name: &str) -> Self {
        let port = cluster.port;
        let yaml = format!(
            "backend: {{database: {{client: pg, prefix: {name}_, \
             connection: {{host: localhost, port: {port}, user: admin, password: secret}}}}}}"
        );
        let settings = DatabaseSettings::from_config(&RootConfig::from_yaml(&yaml).unwrap()).unwrap();
        let database = settings.for_plugin("rum").unwrap();
        let logger = RootLogger::builder().sink(CaptureSink::new()).build();
        let open = PostgresDriver::default().open(database.clone()).await.unwrap();
        Self { client: Client::new(open, database, logger.plugin("rum")) }
    }
}

fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test_{}", NEXT.fetch_add(1, Relaxed))
}
