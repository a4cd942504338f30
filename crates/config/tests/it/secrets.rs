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

fn masked(text: &str, env: &[(&str, &str)]) -> Vec<String> {
    env.iter().fold(yaml(text), |world, (name, value)| world.env(name, value)).load().secrets()
}

#[test]
fn what_is_hidden_by_its_origin_or_its_name_is_masked() {
    let text = "
proxy: {endpoints: {/x: {headers: {X-Auth: 'Bearer ${T}', Other: '${NUMBER}'}}}}
cache: '${REDIS}'
grafana: {apiKey: literal-key, url: 'https://me:s3cr3t-s3cr3t@grafana.example', domain: '${HOST}'}
aws: {from: {$env: AWS}}
";
    let env = [
        ("T", "t0ken-t0ken"),
        ("REDIS", "redis://:p%40ssw0rd1@cache:6379/0"),
        ("AWS", "AKIA1234567890"),
        ("NUMBER", "123456789"),
        ("HOST", "grafana-1.example.com"),
        ("APP_CONFIG_pager_id", "987654321"),
    ];
    assert_eq!(
        masked(text, &env),
        [
            "987654321",
            "Bearer t0ken-t0ken",
            "t0ken-t0ken",
            "123456789",
            "redis://:p%40ssw0rd1@cache:6379/0",
            "p@ssw0rd1",
            "literal-key",
            "s3cr3t-s3cr3t",
            "AKIA1234567890",
        ]
    );
}

#[test]
fn what_is_hidden_and_not_masked_has_its_reason() {
    let long = "x1".repeat(5_000);
    let world = yaml("a: '${SHORT}'\nb: '${WORDS}'\nc: '${LONG}'\nd: {password: abc}\ne: https://me:pw@x\napp: {title: '${WORDS}'}\nf: '${U:-default text}'\n")
        .env("SHORT", "ab12")
        .env("WORDS", "platform-team")
        .env("LONG", &long);
    let hidden = world.load().hidden();
    let why: Vec<_> = hidden.iter().map(|secret| (secret.key.as_str(), secret.unmasked.unwrap())).collect();
    let short = "it has less than 8 characters";
    let words = "it is of ordinary words, or a path or host name";
    let all =
        [("a", short), ("b", words), ("c", "it has more than 8 KiB"), ("d.password", short), ("e", short)];
    assert_eq!(why, all);
    assert!(hidden.iter().all(|secret| secret.masked.is_empty()));
    assert_eq!(hidden[3].place.to_string(), "app-config.yaml:4:15");
}

#[test]
fn parts_of_declared_secrets_are_masked_by_themselves() {
    let text = "backend: {cache: {connection: 'redis://me:hunter2@cache'}, database: {connection: 'postgresql://u:p@h/d'}}\n\
                proxy: {endpoints: {/x: {headers: {Authorization: Bearer abc123}}}}\n";
    assert_eq!(
        masked(text, &[]),
        ["redis://me:hunter2@cache", "hunter2", "postgresql://u:p@h/d", "Bearer abc123", "abc123"]
    );
}
