//! What to do about a fault of a database, for operators.

use crate::{error::DatabaseError, target::Engine};

/// The next step; none where the fault's own words say it.
pub(crate) fn next_step(error: &DatabaseError) -> Option<String> {
    let whose = error.whose();
    let is_server = whose.engine() == Engine::Postgres;
    Some(match error {
        DatabaseError::Unreachable { .. } | DatabaseError::NotEnsured { is_away: true, .. } => {
            format!("see whether it runs and can be reached from here, and whether `{}` is right", whose.key())
        }
        DatabaseError::Exhausted { key, .. } if is_server => {
            format!("see which statements run long (pg_stat_activity), or raise `{key}`")
        }
        DatabaseError::Exhausted { .. } | DatabaseError::Locked { .. } => {
            "see who writes for so long, and whether another process has the file open".to_owned()
        }
        DatabaseError::TimedOut { .. } if is_server => {
            "see which statements run long or wait for a lock (pg_stat_activity), and whether the server stands still".to_owned()
        }
        DatabaseError::TimedOut { .. } => "see whether the disk of the file is slow, or stands still".to_owned(),
        DatabaseError::Full { .. } => "make room where it keeps its data".to_owned(),
        DatabaseError::Refused { .. } => format!("check role, password and database by `{}`", whose.key()),
        DatabaseError::NotEnsured { .. } => {
            format!("make it, or give the role of `{}` the right to", whose.key())
        }
        DatabaseError::Migration { .. } | DatabaseError::Statement { .. } | DatabaseError::Closed { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use greenroom_config::RootConfig;

    use super::*;
    use crate::settings::DatabaseSettings;

    #[test]
    fn what_is_to_be_done_names_the_key_that_decides() {
        let yaml = "backend: {database: {client: pg, connection: {host: db}}}";
        let settings = DatabaseSettings::from_config(&RootConfig::from_yaml(yaml).unwrap()).unwrap();
        let database = settings.for_plugin("notes").unwrap();
        let next = |error: DatabaseError| next_step(&error).unwrap_or_default();
        assert_eq!(
            next(database.unreachable("refused")),
            "see whether it runs and can be reached from here, and whether `backend.database.connection` is right"
        );
        assert!(next(database.exhausted(10)).ends_with("or raise `backend.database.knexConfig.pool.max`"));
        assert!(next(database.refused("no such role")).contains("`backend.database.connection`"));
        assert_eq!(next(database.migration("another one")), "");
    }
}
