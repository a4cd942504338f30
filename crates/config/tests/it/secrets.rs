use greenroom_config::RootConfig;

use crate::support::yaml;

#[test]
fn every_declared_path() {
    let text = "
app: {https: {certificate: {key: app-key, cert: app-cert}}, title: not-me}
backend:
  https: {certificate: {key: key-pem, cert: not-me}}
  auth:
    keys: [{secret: ' old-secret '}, {secret: old-secret}]
    externalAccess:
      - {type: legacy, options: {secret: legacy-secret, subject: not-me}}
      - {type: static, options: {token: static-token}}
  database:
    client: pg
    connection: {host: not-me, user: not-me, password: db-password, port: 5432}
    plugin:
      catalog: {connection: 'postgresql://u:p@h/catalog'}
      auth: {connection: {password: plugin-password}}
  cache:
    connection: redis-url
    redis: {cluster: {rootNodes: [{url: node-url}], defaults: {password: cluster-password}}}
    infinispan: {authentication: {password: i-password, token: i-token}}
greenroom: {ops: {token: ops-token}}
";
    let config = RootConfig::from_yaml(text).unwrap();
    assert_eq!(
        config.secrets(),
        [
            "app-key",
            "app-cert",
            "key-pem",
            "old-secret",
            "legacy-secret",
            "static-token",
            "db-password",
            "postgresql://u:p@h/catalog",
            "plugin-password",
            "redis-url",
            "node-url",
            "cluster-password",
            "i-password",
            "i-token",
            "ops-token",
        ]
    );
}

#[test]
fn debug_forms_tell_no_values() {
    let world = yaml("backend: {cache: {connection: sesame}}").env("APP_CONFIG_a", "sesame");
    let config = world.load();
    let node = config.optional_node("").unwrap();
    let debug = format!("{config:?} {:?} {node:?} {:?}", config.config("backend").unwrap(), world.options);
    assert!(!debug.contains("sesame"), "{debug}");
}

#[test]
fn of_the_merged_config_and_longer_than_one_character() {
    let world = yaml("backend: {database: {connection: low}, cache: {connection: x}}")
        .file("app-config.local.yaml", "backend: {database: {connection: ':memory:'}}");
    assert_eq!(world.load().secrets(), [":memory:"]);
}

#[test]
fn a_number_at_a_declared_path_is_secret_as_text() {
    let text = "backend: {database: {connection: {password: 20240117}}, auth: {keys: [{secret: 0x10000}, {secret: 1.50}]}}";
    assert_eq!(RootConfig::from_yaml(text).unwrap().secrets(), ["20240117", "65536", "1.5"]);
}
