//! A database of a test's own, on a server that the tests of this process share.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use greenroom::{
    config::RootConfig,
    database::{Client, DatabaseSettings, Driver},
    logging::{CaptureSink, RootLogger},
};
use greenroom_database_postgres::PostgresDriver;

use crate::cluster::cluster;

/// Gone with the server.
pub(crate) struct Engine {
    pub(crate) client: Client,
}

impl Engine {
    pub(crate) async fn start() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (port, prefix) = (cluster().port, NEXT.fetch_add(1, Relaxed));
        let yaml = format!(
            "backend: {{database: {{client: pg, prefix: test_{prefix}_, \
             connection: {{host: localhost, port: {port}, user: admin, password: secret}}}}}}"
        );
        let settings = DatabaseSettings::from_config(&RootConfig::from_yaml(&yaml).unwrap()).unwrap();
        let database = settings.for_plugin("rum").unwrap();
        let logger = RootLogger::builder().sink(CaptureSink::new()).build();
        let open = PostgresDriver::default().open(database.clone()).await.unwrap();
        Self { client: Client::new(open, database, logger.plugin("rum")) }
    }
}
