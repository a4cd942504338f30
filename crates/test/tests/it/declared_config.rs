//! The config that a plugin declares: masked, checked, spelt right.

use greenroom::{core::feature_loader, prelude::*};
use greenroom_test::TestBackend;

const CONFIG_SCHEMA: &str = r#"{"type": "object", "properties": {"weather": {"type": "object", "properties": {
    "station": {"type": "string"},
    "every": {"type": "number"},
    "apiKey": {"type": "string", "visibility": "secret"},
    "url": {"type": "string", "deprecated": "Use station."}
}}}}"#;

/// Says its key in the log, as nobody should.
fn weather() -> Plugin {
    plugin("weather", |env| {
        env.register_init(async |config: RootConfig, logger: Logger| {
            let key = config.optional_string("weather.apiKey")?.unwrap_or_default();
            logger.info(format!("Asking with {key}."));
            Ok(())
        });
    })
    .config_schema(CONFIG_SCHEMA)
}

async fn refused(backend: TestBackend) -> String {
    backend.start().await.expect_err("it does not start").to_string()
}

#[tokio::test]
async fn a_secret_of_a_plugin_is_masked() {
    let backend = TestBackend::new().config("weather: {apiKey: open-sesame}").add(weather());
    let lines = backend.start().await.unwrap().stop().await;
    assert!(lines.iter().any(|line| line["message"] == "Asking with ***."), "{lines:#?}");
    assert!(!format!("{lines:?}").contains("open-sesame"));
}

#[tokio::test]
async fn a_secret_is_masked_from_the_first_line_on_and_a_module_may_declare_it() {
    let early = service(async |config: RootConfig, logger: RootLogger| {
        logger.info(format!("Early: {}.", config.string("weather.apiKey")?));
        Ok(Early)
    });
    let north = module("weather", "north", |env| env.register_init(async || Ok(())));
    let backend = TestBackend::new()
        .config("weather: {apiKey: open-sesame}")
        .add(early)
        .add(north.config_schema(CONFIG_SCHEMA));
    let lines = backend.start().await.unwrap().stop().await;
    assert!(lines.iter().any(|line| line["message"] == "Early: ***."), "{lines:#?}");
}

#[derive(Clone)]
struct Early;

impl Service for Early {
    const ID: &'static str = "weather.early";
    type Scope = scope::Root;
}

#[tokio::test]
async fn a_secret_of_a_plugin_that_a_loader_brings_is_masked() {
    let brings = feature_loader(async |config: RootConfig, logger: RootLogger| {
        logger.info(format!("Loading for {}.", config.keys().len()));
        Ok(vec![weather().into()])
    });
    let backend = TestBackend::new().config("weather: {apiKey: open-sesame}").add(brings);
    let lines = backend.start().await.unwrap().stop().await;
    assert!(lines.iter().any(|line| line["message"] == "Asking with ***."), "{lines:#?}");
}

#[tokio::test]
async fn a_secret_is_masked_whoever_makes_the_config() {
    let config = greenroom_test::mock::root_config("weather: {apiKey: open-sesame}");
    let lines = TestBackend::new().add(config).add(weather()).start().await.unwrap().stop().await;
    assert!(lines.iter().any(|line| line["message"] == "Asking with ***."), "{lines:#?}");
}

#[tokio::test]
async fn a_wrong_value_fails_the_start_of_its_plugin_and_names_its_line() {
    let config = "weather:\n  apiKey: open-sesame\n  every: often\n";
    let other = plugin("other", |env| env.register_init(async || Ok(())));
    let backend = TestBackend::new().config(config).add(weather()).add(other);
    let lines = backend.captured();
    assert_eq!(
        refused(backend).await,
        "Backend startup failed due to the following errors:\n  Plugin 'weather' startup failed; caused by Error: Config \
         validation failed, Config must be number { type=number } at /weather/every (mock-config:3:10)"
    );
    let ran = lines.messages().iter().any(|message| message.starts_with("Asking"));
    assert!(!ran, "{lines:?}");

    let permitted = format!(
        "{config}backend: {{startup: {{plugins: {{weather: {{onPluginBootFailure: continue}}}}}}}}\n"
    );
    TestBackend::new().config(permitted.as_str()).add(weather()).start().await.unwrap().stop().await;
}

#[tokio::test]
async fn a_misspelt_key_is_told_at_start_with_what_was_meant_and_a_deprecated_one_with_what_is_said_of_it() {
    let config = "weather:\n  apiKye: open-sesame\n  url: http://x\n  mine: 1\n";
    let lines = TestBackend::new().config(config).add(weather()).start().await.unwrap().stop().await;
    let warned = lines.iter().filter(|line| line["level"] == "warn");
    let warned: Vec<_> = warned.map(|line| line["message"].as_str().unwrap_or_default()).collect();
    assert_eq!(
        warned,
        [
            "The configuration key 'weather.url' of mock-config is deprecated and may be removed soon. Use station.",
            "nobody reads 'weather.apiKye', did you mean 'weather.apiKey'? (mock-config:2:11)",
        ]
    );
}

#[tokio::test]
async fn a_schema_that_is_none_fails_its_owner() {
    let broken = |schema: &'static str| {
        let plugin = plugin("broken", |env| env.register_init(async || Ok(())));
        refused(TestBackend::new().add(plugin.config_schema(schema)).add(weather()))
    };
    let says = |reason: &str| {
        format!(
            "Backend startup failed due to the following errors:\n  Plugin 'broken' startup failed; caused by Error: {reason}"
        )
    };
    assert_eq!(
        broken("{").await,
        says(
            "Schema at config.schema.json is invalid, Error: EOF while parsing an object at line 1 column 1"
        )
    );
    assert_eq!(
        broken(r#"{"properties": {"a": {"visibility": "public"}}}"#).await,
        says(
            "Schema at config.schema.json is invalid, Error: keyword \"visibility\" value is invalid at path \"#/properties/a\": \
             data must be equal to one of the allowed values"
        )
    );
    // Greenroom's own tables say that it is a secret.
    assert_eq!(
        broken(r#"{"properties": {"backend": {"deepVisibility": "frontend"}}}"#).await,
        says(
            "Config schema visibility is both 'frontend' and 'secret' for /properties/backend/properties/https/properties/certificate/properties/key"
        )
    );

    let early = service(async || Ok(Early)).config_schema("[]]");
    assert_eq!(
        refused(TestBackend::new().add(early)).await,
        "Service 'weather.early': Schema at config.schema.json is invalid, Error: trailing characters at line 1 column 3"
    );
}
