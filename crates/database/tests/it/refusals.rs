//! What is refused, with its place.

use greenroom_config::{ConfigError, ConfigReader, ReadContext, Remark, RootConfig};
use greenroom_core::Backend;
use greenroom_database::{Database, DatabaseSettings};

fn read(yaml: &str) -> Result<DatabaseSettings, ConfigError> {
    DatabaseSettings::from_config(&RootConfig::from_yaml(yaml).unwrap())
}

/// The messages, each with the line that it points to.
fn refused(yaml: &str) -> Vec<(String, usize)> {
    let error = read(yaml).unwrap_err();
    error
        .each()
        .map(|one| (one.message().to_owned(), one.place().map_or(0, |place| place.line as usize)))
        .collect()
}

#[test]
fn database_6_a_file_for_all_plugins_is_refused() {
    for connection in ["./db.sqlite", "{filename: db.sqlite}"] {
        let yaml =
            format!("backend:\n  database:\n    client: better-sqlite3\n    connection: {connection}\n");
        let expected = "`connection.filename` is not supported for the base sqlite connection. Prefer `connection.directory` or \
                        provide a filename for the plugin connection instead.";
        assert_eq!(refused(&yaml), [(expected.to_owned(), 4)]);
    }
}

#[test]
fn database_8_names_of_schemas_have_letters_and_at_most_63_bytes() {
    let yaml = |prefix: &str| {
        format!(
            "backend:\n  database:\n    client: pg\n    pluginDivisionMode: schema\n    connection: {{host: db}}\n    schemaPrefix: {prefix}\n"
        )
    };
    for prefix in ["1x", "a-b", "a.b"] {
        let expected = format!(
            "Invalid schemaPrefix \"{prefix}\". Schema prefix must start with a letter or underscore and contain only letters, \
             numbers, and underscores."
        );
        assert_eq!(refused(&yaml(&format!("'{prefix}'"))), [(expected, 6)]);
    }
    let prefix = "p".repeat(60);
    let settings = read(&yaml(&prefix)).unwrap();
    assert!(settings.for_plugin("app").is_ok(), "63 bytes");
    let expected = format!(
        "PostgreSQL schema name \"{prefix}apps\" exceeds the 63-byte limit. Consider using a shorter schemaPrefix (current: \
         \"{prefix}\") or plugin ID (current: \"apps\")."
    );
    assert_eq!(settings.for_plugin("apps").unwrap_err().message(), expected);
}

#[test]
fn database_9_a_client_that_is_not_here_fails_the_plugin_that_asks_for_it() {
    let yaml = "backend:\n  database:\n    client: mysql2\n    connection: {}\n    plugin:\n      notes: {client: sqlite3, connection: ':memory:'}\n";
    let settings = read(yaml).unwrap();
    let error = settings.for_plugin("catalog").unwrap_err();
    assert_eq!(error.message(), "Unsupported database client type 'mysql2' specified for plugin 'catalog'");
    assert_eq!((error.key(), error.place().unwrap().line), (Some("backend.database.client"), 3));
    assert!(settings.for_plugin("notes").is_ok());
}

#[test]
fn a_client_that_nobody_has_is_refused_with_those_that_are_here() {
    for client in ["postgress", "postgres", "PG", "sqlite"] {
        let yaml = format!("backend:\n  database:\n    client: {client}\n    connection: {{host: db}}\n");
        let expected =
            format!("backend.database.client is '{client}', expected 'better-sqlite3', 'sqlite3' or 'pg'");
        assert_eq!(refused(&yaml), [(expected, 3)], "told once, with its line");
    }
    let own = "backend:\n  database:\n    client: pg\n    connection: {host: db}\n    plugin:\n      notes: {client: sqllite3}\n";
    let expected =
        "backend.database.plugin.notes.client is 'sqllite3', expected 'better-sqlite3', 'sqlite3' or 'pg'";
    assert_eq!(refused(own), [(expected.to_owned(), 6)]);
}

#[test]
fn what_greenroom_has_not_is_warned_of_where_all_plugins_would_use_it() {
    let declared = Backend::new([]).add(Database::factory(None)).declarations().of::<ConfigReader>();
    let remarks = |yaml: &str| {
        declared[0].1.read(&RootConfig::from_yaml(yaml).unwrap(), &ReadContext::default()).unwrap()
    };
    for (yaml, expected) in [
        (
            "backend:\n  database:\n    client: mysql2\n    connection: {}\n",
            "backend.database.client is 'mysql2', and Greenroom has 'better-sqlite3', 'sqlite3' and 'pg' \
             (mock-config:3:13)",
        ),
        (
            "backend:\n  database:\n    client: pg\n    connection:\n      type: azure\n      host: db\n",
            "backend.database.connection.type is 'azure': Greenroom has no sign-in of clouds, it connects \
             with a password (mock-config:5:13)",
        ),
    ] {
        let who = "A plugin that asks for a database does not start, unless it has a client of its own";
        assert_eq!(remarks(yaml), [Remark::Warning(format!("{who}: {expected}"))]);
    }
    assert!(remarks("backend: {database: {client: pg, connection: {host: db}}}").is_empty());
    assert!(remarks("{}").is_empty());
}

#[test]
fn a_sign_in_of_clouds_fails_the_plugin_that_asks_for_it() {
    for kind in ["azure", "rds", "cloudsql"] {
        let yaml = format!(
            "backend:\n  database:\n    client: pg\n    connection:\n      type: {kind}\n      host: db\n"
        );
        let error = read(&yaml).unwrap().for_plugin("catalog").unwrap_err();
        let expected = format!(
            "backend.database.connection.type is '{kind}': Greenroom has no sign-in of clouds, it connects with a password"
        );
        assert_eq!((error.message(), error.place().unwrap().line), (expected.as_str(), 5));
    }
}

#[test]
fn database_12_sqlite_knows_no_schemas() {
    let yaml = "backend:\n  database:\n    client: sqlite3\n    pluginDivisionMode: schema\n    connection: ':memory:'\n";
    let expected = "The SQLite driver does not support plugin division mode 'schema'";
    assert_eq!(refused(yaml), [(expected.to_owned(), 4)]);
}

#[test]
fn a_division_that_is_none_is_refused() {
    let yaml = "backend:\n  database:\n    client: pg\n    connection: {host: db}\n    pluginDivisionMode: schemas\n";
    let expected = "backend.database.pluginDivisionMode is 'schemas', expected 'database' or 'schema'";
    assert_eq!(refused(yaml), [(expected.to_owned(), 5)]);
}

#[test]
fn database_19_a_connection_of_no_known_type_is_refused() {
    let yaml = "backend:\n  database:\n    client: pg\n    connection: {type: magic}\n";
    assert_eq!(refused(yaml), [("Unknown connection type: magic".to_owned(), 4)]);
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_the_base_once() {
    let yaml = "
backend:
  database:
    client: pg
    connection: {host: db}
    plugin:
      a: {connection: {port: many}}
      b: {knexConfig: {pool: {min: 4, max: 2}}}
      c: {role: 5, ensureExists: maybe}
";
    let keys: Vec<_> = read(yaml).unwrap_err().each().map(|error| error.key().unwrap().to_owned()).collect();
    let expected = [
        "backend.database.plugin.a.connection.port",
        "backend.database.plugin.b.knexConfig.pool.max",
        "backend.database.plugin.c.role",
        "backend.database.plugin.c.ensureExists",
    ];
    assert_eq!(keys, expected);
    let base = "backend: {database: {client: pg, keepalive: 7, prefix: 1, plugin: {a: {}, b: {}}}}";
    let keys: Vec<_> = read(base).unwrap_err().each().map(|error| error.key().unwrap().to_owned()).collect();
    let expected = ["backend.database.keepalive", "backend.database.prefix", "backend.database.connection"];
    assert_eq!(keys, expected);
    let missing = refused("backend: {database: {client: pg, plugin: {a: {}, b: {}}}}");
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].0.starts_with("Missing required config value at 'backend.database.connection'"));
}

#[test]
fn no_fault_tells_a_password() {
    for connection in [
        "'postgres://me:s3cretpw@db:port'",
        "'s3cretpw'",
        "{password: {x: s3cretpw}}",
        "{ssl: {key: s3cretpw}}",
        "{connectionString: 'mysql://me:s3cretpw@db'}",
    ] {
        let yaml = format!("backend: {{database: {{client: pg, connection: {connection}}}}}");
        let error = read(&yaml).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cretpw"), "{error}");
    }
}

#[test]
fn a_path_in_place_of_a_certificate_is_told() {
    let yaml =
        "backend:\n  database:\n    client: pg\n    connection:\n      ssl:\n        ca: /etc/ca.pem\n";
    assert_eq!(refused(yaml), [("backend.database.connection.ssl.ca is no PEM text".to_owned(), 6)]);
    let half = "backend: {database: {client: pg, connection: {ssl: {cert: '-----BEGIN CERTIFICATE-----'}}}}";
    let expected = "Missing required config value at 'backend.database.connection.ssl.key'";
    assert!(refused(half)[0].0.starts_with(expected));
}

#[test]
fn a_wait_of_no_time_and_a_port_of_no_number_are_refused() {
    let keys = |database: &str| -> Vec<_> {
        let yaml = format!("backend: {{database: {{client: pg, {database}}}}}");
        read(&yaml).unwrap_err().each().map(|error| error.key().unwrap().to_owned()).collect()
    };
    let pool =
        "connection: {host: db}, knexConfig: {acquireConnectionTimeout: 0, pool: {acquireTimeoutMillis: 0}}";
    let expected = [
        "backend.database.knexConfig.pool.acquireTimeoutMillis",
        "backend.database.knexConfig.acquireConnectionTimeout",
    ];
    assert_eq!(keys(pool), expected);
    assert_eq!(keys("connection: {host: db, port: 0}"), ["backend.database.connection.port"]);
    assert_eq!(keys("connection: 'postgres://db:0'"), ["backend.database.connection"]);
}

#[test]
fn a_certificate_is_checked_for_the_host_and_no_other_name() {
    let yaml = "backend:\n  database:\n    client: pg\n    connection:\n      host: 10.0.0.7\n      ssl: {servername: db.example}\n";
    let expected = "backend.database.connection.ssl.servername is set, but a server's certificate is checked for \
                    backend.database.connection.host";
    assert_eq!(refused(yaml), [(expected.to_owned(), 6)]);
}

#[test]
fn a_plugin_called_plugin_is_one_as_any_other() {
    let yaml = "
backend:
  database:
    client: pg
    connection: {host: db}
    plugin:
      plugin: {client: better-sqlite3, connection: ':memory:'}
    prefix: {}
    knexConfig: {pool: {max: 0}}
";
    let keys: Vec<_> = read(yaml).unwrap_err().each().map(|error| error.key().unwrap().to_owned()).collect();
    assert_eq!(keys, ["backend.database.prefix", "backend.database.knexConfig.pool.max"]);
    let port = yaml
        .replace("{host: db}", "{port: many}")
        .replace("prefix: {}", "prefix: p")
        .replace("max: 0", "max: 1");
    let keys: Vec<_> = read(&port).unwrap_err().each().map(|error| error.key().unwrap().to_owned()).collect();
    assert_eq!(
        keys,
        ["backend.database.connection.port"],
        "the base is read, whatever a plugin of that name has"
    );
}
