//! What `backend.database` means for one plugin.

use std::path::Path;

use greenroom_config::{ConfigOptions, RootConfig};
use greenroom_database::{DatabaseSettings, PluginDatabase, Postgres, Sqlite, Target, Tls};

fn plugin(yaml: &str, id: &str) -> PluginDatabase {
    let config = RootConfig::from_yaml(yaml).unwrap();
    DatabaseSettings::from_config(&config).and_then(|settings| settings.for_plugin(id)).unwrap()
}

fn server(yaml: &str, id: &str) -> Postgres {
    match plugin(yaml, id).target {
        Target::Postgres(postgres) => *postgres,
        Target::Sqlite(sqlite) => panic!("{sqlite:?}"),
    }
}

fn file(yaml: &str, id: &str) -> Sqlite {
    match plugin(yaml, id).target {
        Target::Sqlite(sqlite) => sqlite,
        Target::Postgres(postgres) => panic!("{postgres:?}"),
    }
}

/// As `create-app` makes them: the file for production has an object where the other one has a text.
#[test]
fn a_connection_is_one_value_whatever_a_lower_file_has_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, connection: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, format!("backend: {{database: {{client: pg, connection: {connection}}}}}"))
            .unwrap();
        format!("--config={}", path.display())
    };
    let (text, object) =
        (write("a.yaml", "':memory:'"), write("b.yaml", "{host: db, user: portal, password: pw}"));
    let read = |args: &[&String]| {
        let args = args.iter().map(|arg| (*arg).clone()).collect();
        let options = ConfigOptions { args, cwd: dir.path().to_owned(), ..ConfigOptions::default() };
        let config = RootConfig::load(&options).unwrap();
        DatabaseSettings::from_config(&config).and_then(|settings| settings.for_plugin("catalog"))
    };
    let Target::Postgres(server) = read(&[&text, &object]).unwrap().target else { panic!("no server") };
    assert_eq!(server.to_string(), "db:5432");
    assert!(read(&[&object, &text]).is_err(), "the last one counts, and is no URL");
}

const SHARED: &str = "
backend:
  database:
    client: pg
    connection: {host: db.example, port: '5433', user: portal, password: pw, database: shared}
";

#[test]
fn database_1_each_plugin_has_a_database_and_that_of_the_connection_is_nobodys() {
    let catalog = server(SHARED, "catalog");
    assert_eq!(catalog.database.as_deref(), Some("backstage_plugin_catalog"));
    assert_eq!((catalog.to_string().as_str(), catalog.schema), ("db.example:5433", None));
    let ensure = catalog.ensure.unwrap();
    assert!(ensure.database && !ensure.schema);
    let named = server(&format!("{SHARED}    prefix: bs_\n"), "catalog");
    assert_eq!(named.database.as_deref(), Some("bs_catalog"));
}

#[test]
fn database_2_by_schema_all_share_the_database_of_the_connection() {
    let yaml = format!("{SHARED}    pluginDivisionMode: schema\n    schemaPrefix: bs_\n    role: owner\n");
    let catalog = server(&yaml, "catalog");
    assert_eq!(
        (catalog.database.as_deref(), catalog.schema.as_deref()),
        (Some("shared"), Some("bs_catalog"))
    );
    let ensure = catalog.ensure.unwrap();
    assert!(ensure.schema, "with ensureExists, too");
    assert_eq!(ensure.owner.as_deref(), Some("owner"));
    let without = "backend: {database: {client: pg, pluginDivisionMode: schema, connection: {host: db}}}";
    assert_eq!(server(without, "catalog").database, None, "the server's own default");
}

#[test]
fn database_3_a_connection_may_be_a_url_whose_path_is_nobodys() {
    let read =
        |url: &str| server(&format!("backend: {{database: {{client: pg, connection: '{url}'}}}}"), "catalog");
    let url = read("postgresql://me:p%40ss@db.example:5433/shared?ssl=true&application_name=portal");
    assert_eq!(url.to_string(), "db.example:5433");
    assert_eq!((url.user.as_deref(), url.password.as_deref()), (Some("me"), Some("p@ss")));
    assert_eq!(url.database.as_deref(), Some("backstage_plugin_catalog"));
    assert_eq!(
        (url.tls, url.application_name.as_str()),
        (Tls::Verified { ca: None, client: None }, "portal")
    );
    assert_eq!(read("postgres://db?sslmode=no-verify").tls, Tls::Unverified { client: None });
    assert_eq!(read("postgres://db?ssl=no-verify").tls, Tls::Unverified { client: None });
    assert_eq!(read("postgres://db").tls, Tls::Off);
    assert_eq!(read("/run/postgresql shared").host, "/run/postgresql");
}

#[test]
fn database_4_a_plugin_may_name_its_database_its_role_and_that_nothing_is_made() {
    let own = "    role: base
    plugin:
      catalog:
        connection: {database: mine}
        role: catalog_role
        ensureExists: false
        skipMigrations: true
        knexConfig: {pool: {max: 3}}
    knexConfig: {pool: {min: 1, max: 7}}
";
    let yaml = format!("{SHARED}{own}");
    let (catalog, other) = (server(&yaml, "catalog"), server(&yaml, "other"));
    assert_eq!((catalog.database.as_deref(), catalog.role.as_deref()), (Some("mine"), Some("catalog_role")));
    assert_eq!((catalog.ensure.is_none(), catalog.host.as_str()), (true, "db.example"));
    assert_eq!((other.role.as_deref(), other.ensure.is_some()), (Some("base"), true));
    let (catalog, other) = (plugin(&yaml, "catalog"), plugin(&yaml, "other"));
    assert_eq!((catalog.pool.min, catalog.pool.max, catalog.skip_migrations), (1, 3, true));
    assert_eq!((other.pool.min, other.pool.max, other.skip_migrations), (1, 7, false));
}

#[test]
fn database_5_each_plugin_has_a_file_in_the_directory() {
    let yaml = |client: &str| {
        format!("backend: {{database: {{client: {client}, connection: {{directory: ./db}}}}}}")
    };
    for client in ["better-sqlite3", "sqlite3"] {
        assert_eq!(file(&yaml(client), "app"), Sqlite::File("./db/app.sqlite".into()));
    }
    let with_name = "backend: {database: {client: sqlite3, connection: {directory: db}, plugin: {app: {connection: {filename: x.db}}}}}";
    assert_eq!(file(with_name, "app"), Sqlite::File(Path::new("db").join("x.db")));
    let without = "backend: {database: {client: sqlite3, connection: {}}}";
    assert_eq!(file(without, "app"), Sqlite::File("./app.sqlite".into()));
}

#[test]
fn database_7_without_config_and_where_it_says_so_data_is_in_memory() {
    assert_eq!(file("app: {}", "catalog"), Sqlite::Memory);
    for connection in ["':memory:'", "{filename: ':memory:'}", "{filename: ':memory:', directory: db}"] {
        let yaml = format!("backend: {{database: {{client: better-sqlite3, connection: {connection}}}}}");
        assert_eq!(file(&yaml, "catalog"), Sqlite::Memory, "{connection}");
    }
}

#[test]
fn database_10_a_plugins_connection_is_laid_over_the_base_unless_its_client_is_another() {
    let own = "    plugin:
      catalog: {connection: {user: other, ssl: {rejectUnauthorized: false}}}
      far: {connection: {host: far.example, user: far, password: away}}
      notes: {client: better-sqlite3, connection: ':memory:'}
";
    let yaml = format!("{SHARED}{own}");
    let catalog = server(&yaml, "catalog");
    assert_eq!((catalog.user.as_deref(), catalog.password.as_deref()), (Some("other"), Some("pw")));
    assert_eq!((catalog.host.as_str(), catalog.tls), ("db.example", Tls::Unverified { client: None }));
    assert_eq!(file(&yaml, "notes"), Sqlite::Memory);
    assert_eq!(plugin(&yaml, "far").connection_key, "backend.database.plugin.far.connection");
    let backwards = "backend: {database: {client: better-sqlite3, connection: ':memory:', plugin: {catalog: {client: pg, connection: {host: db}}}}}";
    assert_eq!(server(backwards, "catalog").to_string(), "db:5432");
}

#[test]
fn the_key_is_that_of_the_connection_that_decides_where_and_as_whom() {
    let key = |own: &str| {
        let yaml = format!("{SHARED}    plugin: {{catalog: {{connection: {own}}}}}\n");
        plugin(&yaml, "catalog").connection_key
    };
    let decides =
        ["{host: far}", "{port: 1}", "{user: me}", "{password: my}", "{ssl: true}", "'postgres://far/x'"];
    for own in decides {
        assert_eq!(key(own), "backend.database.plugin.catalog.connection", "{own}");
    }
    for own in ["{}", "{database: mine}", "{application_name: me}", "{statement_timeout: 5}"] {
        assert_eq!(key(own), "backend.database.connection", "{own}");
    }
}

#[test]
fn a_port_that_is_the_default_makes_no_other_server() {
    for (base, own) in [
        ("{host: db, user: portal}", "{host: db, port: 5432, user: other}"),
        ("{user: portal}", "{host: localhost, user: other}"),
    ] {
        let yaml = format!(
            "backend: {{database: {{client: pg, connection: {base}, plugin: {{catalog: {{connection: {own}}}}}}}}}"
        );
        let ensure = server(&yaml, "catalog").ensure.unwrap();
        assert_eq!(ensure.user.as_deref(), Some("portal"), "{own}");
    }
}

#[test]
fn the_path_of_a_connection_string_is_nobodys_for_all_and_that_of_one_is_its_database() {
    let own = "connection: {connectionString: 'postgres://db/mine', user: ignored}";
    let yaml = format!(
        "backend: {{database: {{client: pg, connection: {{connectionString: 'postgres://me@db/shared', user: x}}, \
         plugin: {{catalog: {{{own}}}}}}}}}"
    );
    assert_eq!(server(&yaml, "other").database.as_deref(), Some("backstage_plugin_other"));
    assert_eq!(server(&yaml, "other").user.as_deref(), Some("me"), "what the text says goes first");
    assert_eq!(server(&yaml, "catalog").database.as_deref(), Some("mine"));
}

#[test]
fn an_absolute_filename_is_that_file() {
    let yaml = "backend: {database: {client: sqlite3, connection: {directory: db}, plugin: {app: {connection: {filename: /data/x.db}}}}}";
    assert_eq!(file(yaml, "app"), Sqlite::File("/data/x.db".into()));
}

#[test]
fn what_is_missing_is_made_on_the_plugins_own_server_by_whom_may_do_so_there() {
    let own = "    plugin:
      catalog: {connection: {user: other, password: its}}
      far: {connection: {host: far.example, user: far, password: away}}
";
    let yaml = format!("{SHARED}{own}");
    let by =
        |id: &str| server(&yaml, id).ensure.map(|ensure| (ensure.user.unwrap(), ensure.password.unwrap()));
    assert_eq!(
        by("catalog"),
        Some(("portal".to_owned(), "pw".to_owned())),
        "the same server: whom the base names"
    );
    assert_eq!(by("far"), Some(("far".to_owned(), "away".to_owned())));
}

#[test]
fn schemas_may_be_made_for_one_plugin_where_databases_are_not() {
    let yaml = format!(
        "{SHARED}    pluginDivisionMode: schema\n    ensureExists: false\n    plugin: {{catalog: {{ensureSchemaExists: true}}}}\n"
    );
    let catalog = server(&yaml, "catalog").ensure.unwrap();
    assert!(catalog.schema && !catalog.database);
    assert!(server(&yaml, "other").ensure.is_none());
}

#[test]
fn database_11_the_server_is_told_whose_connection_it_is() {
    assert_eq!(server(SHARED, "catalog").application_name, "backstage_plugin_catalog");
    let named = "backend: {database: {client: pg, connection: {host: db, application_name: portal}}}";
    assert_eq!(server(named, "catalog").application_name, "portal");
    let other = "backend: {database: {client: sqlite3, connection: ':memory:', plugin: {catalog: {client: pg, connection: {host: db}}}}}";
    assert_eq!(server(other, "catalog").application_name, "backstage_plugin_catalog");
}

#[test]
fn settings_of_sessions_are_passed_on() {
    let yaml = "backend: {database: {client: pg, connection: {options: '-c geqo=off --jit=off', statement_timeout: 5000}}}";
    let pairs = [("geqo", "off"), ("jit", "off"), ("statement_timeout", "5000")];
    assert_eq!(server(yaml, "x").options, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn settings_of_sessions_are_laid_over_one_another_member_by_member() {
    let base = "{options: '-c geqo=off', statement_timeout: 5000, lock_timeout: 100}";
    let own = "{statement_timeout: 9000, connectionTimeoutMillis: 4000, query_timeout: 60000}";
    let yaml = format!(
        "backend: {{database: {{client: pg, connection: {base}, plugin: {{x: {{connection: {own}}}, y: {{connection: {{options: '--jit=off'}}}}}}}}}}"
    );
    let settings = |id: &str| {
        let pairs = server(&yaml, id).options.into_iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(settings("x"), "geqo=off statement_timeout=9000 lock_timeout=100");
    assert_eq!(settings("y"), "jit=off statement_timeout=5000 lock_timeout=100");
    let limits =
        |id: &str| (server(&yaml, id).connect_timeout.as_secs(), plugin(&yaml, id).query_timeout.as_secs());
    assert_eq!((limits("x"), limits("y")), ((4, 60), (10, 30)));
}

#[test]
fn certificates_are_texts() {
    let pem = "-----BEGIN CERTIFICATE-----";
    let yaml = |ssl: &str| format!("backend: {{database: {{client: pg, connection: {{ssl: {ssl}}}}}}}");
    let tls = |ssl: &str| server(&yaml(ssl), "x").tls;
    assert_eq!(tls("true"), Tls::Verified { ca: None, client: None });
    assert_eq!(tls("false"), Tls::Off);
    assert_eq!(
        tls(&format!("{{ca: ['{pem}', '{pem}']}}")),
        Tls::Verified { ca: Some(format!("{pem}\n{pem}")), client: None }
    );
    let named = "backend: {database: {client: pg, connection: {host: db, ssl: {servername: db}}}}";
    assert_eq!(server(named, "x").tls, Tls::Verified { ca: None, client: None });
    let client = Some((pem.to_owned(), pem.to_owned()));
    let both = format!("{{cert: '{pem}', key: '{pem}', rejectUnauthorized: false}}");
    assert_eq!(tls(&both), Tls::Unverified { client });
}

#[test]
fn no_debug_text_holds_a_password() {
    let database = plugin(SHARED, "catalog");
    assert!(!format!("{database:?}").contains("pw"), "{database:?}");
}
