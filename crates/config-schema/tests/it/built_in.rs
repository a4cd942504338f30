use greenroom_config::{RootConfig, Visibility, built_in_schema};
use serde_json::json;

use crate::support::schema;

#[test]
fn the_built_in_tables_say_the_same_as_a_schema() {
    let text = "
app: {title: shown, https: {certificate: {key: app-key}}, support: {url: shown, items: [{title: shown}]}, other: hidden}
backend:
  baseUrl: http://shown
  auth: {keys: [{secret: old-secret}]}
  database: {connection: {password: db-password, host: hidden}, plugin: {catalog: {connection: plugin-url}}}
  cache: {redis: {cluster: {rootNodes: [{url: node-url}]}}}
integrations: {github: [{host: github.com, token: github-token, apps: [{clientId: hidden, privateKey: pem}]}]}
auth: {providers: {github: {development: {clientId: hidden, clientSecret: sign-in-secret}}}}
proxy: {endpoints: {/pager: {target: hidden, headers: {Authorization: Token pager, Accept: hidden}}}}
discovery: {endpoints: [{target: shown, plugins: [a]}, {target: {internal: hidden, external: shown}, plugins: [b]}]}
";
    let config = RootConfig::from_yaml(text).unwrap();
    let schema = schema(built_in_schema());
    assert_eq!(schema.secrets(&config), config.secrets());
    for secret in ["github-token", "pem", "sign-in-secret", "Token pager"] {
        assert!(config.secrets().contains(&secret.to_owned()), "{secret}");
    }
    assert_eq!(
        schema.filter(&config, &[Visibility::Frontend]).unwrap()[0].data,
        json!({
            "app": { "title": "shown", "support": { "url": "shown", "items": [{ "title": "shown" }] } },
            "backend": { "baseUrl": "http://shown" },
            "integrations": { "github": [{ "host": "github.com" }] },
            "discovery": { "endpoints": [{ "target": "shown", "plugins": ["a"] }, { "target": { "external": "shown" }, "plugins": ["b"] }] },
        })
    );
}
