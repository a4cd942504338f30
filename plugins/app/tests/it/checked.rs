//! What keeps the app from starting, as `config check` finds it: before anything runs, with its place.

use std::fs;

use greenroom::{
    config::{ConfigError, ConfigOptions, ConfigReader, ReadContext, RootConfig},
    core::{Backend, Fault},
};
use greenroom_plugin_app::app;
use greenroom_test::TestBackend;

use crate::support::Dist;

const SCHEMA: &str = r#"{"backstageConfigSchemaVersion": 1, "schemas": [{"packageName": "app", "path": "x", "value":
    {"type": "object", "required": ["backend"], "properties": {
        "app": {"type": "object", "properties": {
            "datadogRum": {"type": "object", "required": ["clientToken"], "additionalProperties": false, "properties": {
                "clientToken": {"type": "string", "visibility": "frontend"},
                "rate": {"type": "number", "visibility": "frontend"}
            }}
        }},
        "backend": {"type": "object", "required": ["baseUrl"], "properties":
            {"baseUrl": {"type": "string", "visibility": "frontend"}}}
    }}}]}"#;

fn load(dist: &Dist, yaml: &str) -> RootConfig {
    fs::write(dist.beside().join("app-config.yaml"), yaml).unwrap();
    RootConfig::load(&ConfigOptions { cwd: dist.beside().to_owned(), ..Default::default() }).unwrap()
}

/// What the declared reader refuses, after a start has refused the same.
async fn refused(dist: &Dist, yaml: &str) -> Vec<ConfigError> {
    let config = load(dist, yaml);
    let declarations = Backend::new([]).add(app()).declarations();
    let [(_, reader)] = &declarations.of::<ConfigReader>()[..] else { panic!("one reader") };
    let Err(error) = reader.read(&config, &ReadContext::default()) else { return vec![] };
    let started = TestBackend::new().config(config).add(app()).start().await.err().unwrap();
    assert!(started.to_string().contains(&error.to_string()), "{started}");
    let each = ConfigError::each_fault(Fault { owner: None, error });
    each.map(|fault| fault.error.downcast_ref::<ConfigError>().expect("it is of the config").clone())
        .collect()
}

fn shown(error: &ConfigError) -> (String, u32) {
    (error.key().unwrap().to_owned(), error.place().unwrap().line)
}

#[tokio::test]
async fn what_the_bundles_schema_refuses_is_told_before_the_start_in_nodes_words_with_each_line() {
    let dist = Dist::new();
    dist.write(".config-schema.json", SCHEMA);
    let yaml = |rum: &str| {
        format!(
            "greenroom: {{app: {{dist: dist}}}}\nbackend: {{baseUrl: http://x}}\napp:\n  datadogRum:\n{rum}"
        )
    };

    let unset = refused(&dist, &yaml("    rate: 1\n    clientToken: ${NO_SUCH_TOKEN}\n")).await;
    assert_eq!(shown(&unset[0]), ("app.datadogRum.clientToken".to_owned(), 6));
    let told = unset[0].to_string();
    assert!(told.starts_with("Invalid app bundle schema. If this error is unexpected"), "{told}");
    assert!(
        told.contains("must have required property 'clientToken'") && told.contains("NO_SUCH_TOKEN"),
        "{told}"
    );

    let several = refused(&dist, &yaml("    clientTokn: a\n    rate: ten\n")).await;
    let mut places: Vec<_> = several.iter().map(shown).collect();
    places.sort_unstable();
    let key = |name: &str| format!("app.datadogRum.{name}");
    assert_eq!(places, [(key("clientToken"), 4), (key("rate"), 6)]);

    let without = refused(&dist, "greenroom: {app: {dist: dist}}\nbackend: {listen: ':1'}\n").await;
    assert_eq!(shown(&without[0]), ("backend.baseUrl".to_owned(), 2));
    assert!(refused(&dist, &yaml("    clientToken: pub\n")).await.is_empty());
}

#[tokio::test]
async fn a_directory_that_is_no_dist_is_told_before_the_start_at_the_key_that_names_it() {
    let dist = Dist::new();
    dist.remove("index.html.tmpl");
    let yaml = "greenroom:\n  app:\n    dist: dist\n";
    let old = refused(&dist, yaml).await;
    assert!(old[0].message().contains("was built by a Backstage before 1.30"), "{}", old[0]);
    dist.remove("index.html");
    for (more, page) in [("", "index.html.tmpl"), ("app: {disableConfigInjection: true}\n", "index.html")] {
        let none = refused(&dist, &format!("{yaml}{more}")).await;
        assert!(
            none[0].message().ends_with(&format!("has no {page}: it is not the dist of an app")),
            "{}",
            none[0]
        );
        assert_eq!(shown(&none[0]), ("greenroom.app.dist".to_owned(), 3));
    }
}
