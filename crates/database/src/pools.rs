//! How many connections the plugins of this process may have to a server together, against how many it lets in.

use std::{collections::BTreeMap, sync::Arc};

use greenroom_health::Check;
use parking_lot::Mutex;

use crate::{settings::PluginDatabase, target::Target};

/// The pools to each server, by its place. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Pools(Arc<Mutex<BTreeMap<String, Server>>>);

#[derive(Default)]
struct Server {
    /// How many connections each plugin may have.
    plugins: BTreeMap<Arc<str>, u32>,
    /// How many it lets in, of all its clients together.
    most: Option<u32>,
}

impl Pools {
    /// Whether it has said how many it lets in. A file lets in anybody.
    pub(crate) fn knows(&self, database: &PluginDatabase) -> bool {
        let Target::Postgres(server) = &database.target else { return true };
        self.0.lock().get(&server.to_string()).is_some_and(|server| server.most.is_some())
    }

    /// One was opened; the server has said that it lets in so many.
    pub(crate) fn opened(&self, database: &PluginDatabase, most: Option<u32>) {
        let Target::Postgres(server) = &database.target else { return };
        let mut servers = self.0.lock();
        let server = servers.entry(server.to_string()).or_default();
        server.plugins.insert(database.plugin.clone(), database.pool.max);
        server.most = most.or(server.most);
    }

    /// What is wrong with them, if they may be more than it lets in.
    pub(crate) fn warning(&self, database: &PluginDatabase) -> Option<Check> {
        let Target::Postgres(server) = &database.target else { return None };
        let place = server.to_string();
        let servers = self.0.lock();
        let server = servers.get(&place)?;
        let (sum, most) = (server.plugins.values().map(|max| u64::from(*max)).sum::<u64>(), server.most?);
        if sum <= u64::from(most) {
            return None;
        }
        let plugins = match server.plugins.len() {
            1 => "the pool of one plugin".to_owned(),
            more => format!("the pools of {more} plugins"),
        };
        let told = format!(
            "{plugins} here may have {sum} connections at once, and PostgreSQL at {place} lets in {most} of all its clients: who comes \
             last is refused"
        );
        let next = format!(
            "lower `{}`, or raise max_connections of the server; each replica has as many",
            database.pool_key
        );
        Some(Check::warn(told).next_step(next))
    }
}

#[cfg(test)]
mod tests {
    use greenroom_config::RootConfig;

    use super::*;
    use crate::settings::DatabaseSettings;

    #[test]
    fn pools_that_are_more_than_the_server_lets_in_are_told_with_their_sum() {
        let yaml = "backend: {database: {client: pg, connection: {host: db}, plugin: {notes: {client: better-sqlite3, connection: ':memory:'}}}}";
        let settings = DatabaseSettings::from_config(&RootConfig::from_yaml(yaml).unwrap()).unwrap();
        let of = |plugin: &str| settings.for_plugin(plugin).unwrap();
        let pools = Pools::default();
        assert!(!pools.knows(&of("catalog")) && pools.knows(&of("notes")));
        pools.opened(&of("catalog"), Some(15));
        pools.opened(&of("catalog"), None);
        assert!(pools.knows(&of("search")) && pools.warning(&of("catalog")).is_none(), "10 of 15");
        pools.opened(&of("search"), None);
        let said = pools.warning(&of("catalog")).unwrap();
        let told = "the pools of 2 plugins here may have 20 connections at once, and PostgreSQL at db:5432 lets in 15 of all its clients: \
                    who comes last is refused";
        assert_eq!(said.message.as_deref(), Some(told));
        assert!(said.next_step.unwrap().starts_with("lower `backend.database.knexConfig.pool.max`, "));
        assert!(pools.warning(&of("notes")).is_none());
    }
}
