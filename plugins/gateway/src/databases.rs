//! The servers of databases that the config names, asked while the Node backend is not ready: it may not say that it waits for one.

use std::{collections::BTreeMap, time::Duration};

use greenroom::{
    database::{DatabaseSettings, Postgres, Target},
    health::{CheckHandle, Dependency, Severity},
    prelude::*,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use crate::Gateway;

/// By which plugin that is found which is said for all: none is called so.
const ANY: &str = "greenroom";
const PLUGINS: &str = "backend.database.plugin";
/// The question whether a connection may be encrypted, which PostgreSQL, and what stands in front of it, answers before anybody has logged in.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// Below the time that a check has, so that the place is told.
const LIMIT: Duration = Duration::from_millis(900);

/// Registers a check for each server: `database` for the one that is said for all plugins, else `database-<plugin>`. Who of them is a
/// file has nobody to ask.
pub(crate) fn declare(gateway: &Gateway, config: &RootConfig, health: &HealthChecks) -> Vec<CheckHandle> {
    let declared = servers(config).into_iter().map(|(name, server)| {
        let gateway = gateway.clone();
        let place = server.to_string();
        health
            .declare(&name)
            .severity(Severity::Degrade)
            .dependency(Dependency::new("postgresql", place.clone()))
            .run(async move || match gateway.node().is_some_and(|node| node.is_ready()) {
                true => Check {
                    message: Some("not asked: the Node backend is ready".to_owned()),
                    ..Check::pass()
                },
                false => ask(&server, &place).await,
            })
    });
    declared.collect()
}

fn servers(config: &RootConfig) -> Vec<(String, Postgres)> {
    let Ok(settings) = DatabaseSettings::from_config(config) else { return vec![] };
    let plugins =
        config.optional_config(PLUGINS).ok().flatten().map(|plugins| plugins.keys()).unwrap_or_default();
    let named = [("database".to_owned(), ANY.to_owned())]
        .into_iter()
        .chain(plugins.into_iter().map(|id| (format!("database-{id}"), id)));
    let mut found = BTreeMap::new();
    for (name, id) in named {
        if let Ok(database) = settings.for_plugin(&id)
            && let Target::Postgres(server) = database.target
        {
            found.entry(server.to_string()).or_insert((name, *server));
        }
    }
    found.into_values().collect()
}

async fn ask(server: &Postgres, place: &str) -> Check {
    match tokio::time::timeout(LIMIT, answers(server)).await {
        Ok(Ok(())) => Check::pass(),
        Ok(Err(error)) => Check::fail(format!("PostgreSQL at {place} takes no connections: {error}"))
            .next_step(
                "see whether it runs and can be reached from here, and whether `backend.database` is right",
            ),
        Err(_) => {
            Check::fail(format!("PostgreSQL at {place} gives no answer within {} s", LIMIT.as_secs_f64()))
                .next_step("see whether its server stands still, or a firewall drops what is sent there")
        }
    }
}

async fn answers(server: &Postgres) -> std::io::Result<()> {
    if server.host.starts_with('/') {
        let socket = format!("{}/.s.PGSQL.{}", server.host, server.port);
        return exchange(tokio::net::UnixStream::connect(socket).await?).await;
    }
    exchange(TcpStream::connect((&*server.host, server.port)).await?).await
}

/// Any answer shows that somebody is there.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    stream.write_all(&SSL_REQUEST).await?;
    stream.read_u8().await.map(drop)
}

#[cfg(test)]
mod tests {
    use greenroom::health::Outcome;
    use tokio::net::TcpListener;

    use super::*;

    fn of(port: u16) -> Postgres {
        let yaml =
            format!("backend: {{database: {{client: pg, connection: {{host: 127.0.0.1, port: {port}}}}}}}");
        servers(&RootConfig::from_yaml(&yaml).unwrap()).remove(0).1
    }

    #[test]
    fn each_server_that_the_config_names_is_one_and_files_are_none() {
        let yaml = "
backend:
  database:
    client: pg
    connection: {host: db, password: hunter2hunter2}
    plugin:
      search: {connection: {host: other, port: 5433}}
      catalog: {connection: {host: db, database: portal}}
      notes: {client: better-sqlite3, connection: ':memory:'}
";
        let servers = servers(&RootConfig::from_yaml(yaml).unwrap());
        let named: Vec<_> = servers.iter().map(|(name, server)| (&**name, server.to_string())).collect();
        assert_eq!(named, [("database", "db:5432".to_owned()), ("database-search", "other:5433".to_owned())]);
        assert!(super::servers(&RootConfig::from_yaml("app: {}").unwrap()).is_empty());
    }

    #[tokio::test]
    async fn gateway_129_a_server_that_answers_passes_and_one_that_refuses_or_is_silent_fails_with_its_place()
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asks = async |server: Postgres| ask(&server, &server.to_string()).await;
        // Nobody takes what the system has taken for it.
        let silent = asks(of(port)).await;
        assert_eq!(silent.outcome, Outcome::Fail);
        assert!(silent.message.unwrap().ends_with(&format!("127.0.0.1:{port} gives no answer within 0.9 s")));
        let answer = async {
            // The one before has gone.
            let (gone, _) = listener.accept().await.unwrap();
            drop(gone);
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 8];
            stream.read_exact(&mut asked).await.unwrap();
            stream.write_all(b"N").await.unwrap();
            asked
        };
        let (asked, said) = tokio::join!(answer, asks(of(port)));
        assert_eq!((asked, said), (SSL_REQUEST, Check::pass()));
        drop(listener);
        let refused = asks(of(port)).await.message.unwrap();
        assert!(
            refused.starts_with(&format!("PostgreSQL at 127.0.0.1:{port} takes no connections: ")),
            "{refused}"
        );
    }
}
