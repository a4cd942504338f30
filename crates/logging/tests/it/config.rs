//! Config and environment.

use greenroom_config::RootConfig;
use greenroom_core::{Backend, plugin, service};
use greenroom_logging::{
    CaptureSink, Format, Level, LogEnvironment, Logger, LoggerOptions, RootLogger, logger,
};

fn options(yaml: &str, env: LogEnvironment) -> Result<LoggerOptions, greenroom_config::ConfigError> {
    LoggerOptions::from_config(&RootConfig::from_yaml(yaml).unwrap(), &env)
}

fn none() -> LogEnvironment {
    LogEnvironment::default()
}

const WHOLE: &str = "
backend:
  logger:
    level: warn
    meta: { service: mine, region: eu-1, nested: { b: 1, a: 2 } }
    overrides:
      - matchers: { plugin: catalog }
        level: debug
greenroom:
  compatibility: 1.55
  logger: { format: node }
";

#[test]
fn config_is_read() {
    let production = LogEnvironment { node_env: Some("production".into()), ..none() };
    let options = options(WHOLE, production).unwrap();
    assert_eq!((options.level, options.format), (Level::Warn, Format::Node155Json));
    let lines = CaptureSink::new();
    let root = RootLogger::builder().format(Format::Node155Json).options(options).sink(lines.clone()).build();
    root.plugin("catalog").debug("x");
    root.info("dropped");
    assert_eq!(
        lines.take(),
        [
            r#"{"level":"debug","message":"x","nested":{"a":2,"b":1},"plugin":"catalog","region":"eu-1","service":"mine"}"#
        ]
    );
}

#[test]
fn the_environment_goes_before_config_and_is_warned_of() {
    let env = LogEnvironment {
        log_level: Some("Bogus".into()),
        log_format: Some("xml".into()),
        node_env: Some("production".into()),
        ..none()
    };
    let options = options(WHOLE, env).unwrap();
    assert_eq!((options.level, options.format), (Level::Info, Format::Node155Json));
    let lines = CaptureSink::new();
    let _root =
        RootLogger::builder().format(Format::Node155Json).options(options).sink(lines.clone()).build();
    assert_eq!(
        lines.take(),
        [
            r#"{"level":"info","message":"Loading config from StaticConfigSource{}","nested":{"a":2,"b":1},"region":"eu-1","service":"mine"}"#,
            r#"{"level":"info","message":"Found 0 new secrets in config that will be redacted","nested":{"a":2,"b":1},"region":"eu-1","service":"mine"}"#,
            r#"{"level":"warn","message":"LOG_LEVEL 'Bogus' is not a valid logging level, using 'info'","nested":{"a":2,"b":1},"region":"eu-1","service":"mine"}"#,
            r#"{"level":"warn","message":"LOG_FORMAT 'xml' is not a log format, must be one of 'backstage', 'pretty' or 'node'","nested":{"a":2,"b":1},"region":"eu-1","service":"mine"}"#,
        ]
    );
}

#[test]
fn log_26_a_bad_override_is_pointed_at() {
    let yaml = "
backend:
  logger:
    overrides:
      - matchers: { plugin: catalog }
        level: debug
      - matchers: { plugin: auth }
        level: invalid
";
    let error = options(yaml, none()).unwrap_err();
    assert_eq!(
        error.message(),
        "Invalid config at backend.logger.overrides[1].level, 'invalid' is not a valid logging level, must be one of 'error', 'warn', 'info' or 'debug'."
    );
    assert_eq!(error.place().unwrap().line, 8);
    let error = options("backend: { logger: { level: loud } }", none()).unwrap_err();
    assert!(error.message().starts_with("Invalid config at backend.logger.level, 'loud'"));
    let error = options("greenroom: { logger: { format: xml } }", none()).unwrap_err();
    assert!(error.message().starts_with("Invalid config at greenroom.logger.format, 'xml'"));
}

#[test]
fn the_release_whose_lines_node_means_is_chosen_by_config() {
    let production = || LogEnvironment { node_env: Some("production".into()), ..none() };
    let format = |yaml: &str| options(yaml, production()).map(|options| options.format);
    assert_eq!(format("greenroom: { logger: { format: node } }").unwrap(), Format::NodeJson);
    for release in ["'1.55'", "1.55"] {
        let yaml = format!("greenroom: {{ compatibility: {release}, logger: {{ format: node }} }}");
        assert_eq!(format(&yaml).unwrap(), Format::Node155Json);
        let ours = format!("greenroom: {{ compatibility: {release} }}");
        assert_eq!(format(&ours).unwrap(), Format::Backstage);
    }
    let error = format("greenroom:\n  compatibility: 1.54").unwrap_err();
    assert_eq!(
        error.message(),
        "Invalid config at greenroom.compatibility, '1.54' must be '1.55' or '1.57'."
    );
    assert_eq!(error.place().unwrap().line, 2);
}

/// As in Backstage: entries are compared with whole secrets, the count does not know of them.
#[test]
fn a_secret_on_the_allowlist_is_counted_and_shown() {
    let yaml = |allowed: &str| {
        let secrets = "auth: { keys: [{ secret: ' secret-one ' }, { secret: secret-one-and-more }, { secret: secret-two }] }";
        RootConfig::from_yaml(&format!("backend: {{ {secrets}, logger: {{ redactAllowlist: {allowed} }} }}"))
            .unwrap()
    };
    let lines = CaptureSink::new();
    let options = LoggerOptions::from_config(&yaml("[' secret-one', 'two']"), &none()).unwrap();
    let root = RootLogger::builder().options(options).format(Format::Node155Json).sink(lines.clone()).build();
    assert_eq!(lines.json()[1]["message"], "Found 3 new secrets in config that will be redacted");
    let told = || {
        lines.take();
        root.info("secret-one secret-one-and-more secret-two");
        lines.json()[0]["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(told(), "secret-one *** ***");

    // A reload never unmasks.
    root.reload(&yaml("[secret-one, secret-two]"), &none()).unwrap();
    assert_eq!(told(), "secret-one *** ***");
    root.reload(&yaml("[]"), &none()).unwrap();
    assert_eq!(
        lines.json().last().unwrap()["message"],
        "Found 1 new secrets in config that will be redacted"
    );
    assert_eq!(told(), "*** *** ***");
    root.reload(&yaml("[secret-one]"), &none()).unwrap();
    assert_eq!(told(), "*** *** ***");

    let error = options_error("backend: { logger: { redactAllowlist: [1] } }");
    assert!(error.contains("backend.logger.redactAllowlist[0]"), "{error}");
}

fn options_error(yaml: &str) -> String {
    options(yaml, none()).unwrap_err().message().to_owned()
}

/// The new secrets are masked before anything is said of them, and only what is new is counted.
#[test]
fn a_reload_masks_first_and_counts_what_is_new() {
    let yaml = |secrets: &str| {
        RootConfig::from_yaml(&format!("backend: {{ auth: {{ keys: [{secrets}] }} }}")).unwrap()
    };
    let lines = CaptureSink::in_format(Format::Node155Json);
    let root = RootLogger::builder().secrets(["known-secret"]).sink(lines.clone()).build();
    root.reload(&yaml("{ secret: known-secret }"), &none()).unwrap();
    assert!(lines.take().is_empty(), "nothing is new");
    root.reload(&yaml("{ secret: known-secret }, { secret: new secrets }"), &none()).unwrap();
    assert_eq!(lines.json()[0]["message"], "Found 1 *** in config that will be redacted");
}

#[test]
fn flush_is_by_interval_or_by_line() {
    assert!(!options("{}", none()).unwrap().each_line);
    assert!(options("greenroom: { logger: { flush: line } }", none()).unwrap().each_line);
    let error = options("greenroom: { logger: { flush: never } }", none()).unwrap_err();
    assert!(error.message().contains("greenroom.logger.flush, 'never'"));
}

#[test]
fn a_reload_adds_secrets_and_replaces_level_and_overrides() {
    let lines = CaptureSink::new();
    let first = RootConfig::from_yaml(WHOLE).unwrap();
    let node = LogEnvironment { node_env: Some("production".into()), ..none() };
    let options = LoggerOptions::from_config(&first, &node).unwrap();
    let root = RootLogger::builder()
        .format(Format::Node155Json)
        .options(options)
        .level(Level::Info)
        .sink(lines.clone())
        .build();
    let catalog = root.plugin("catalog");
    let next = "
backend:
  auth: { externalAccess: [{ type: static, options: { token: hunter2hunter2, subject: s } }] }
  logger: { level: error }
";
    root.reload(&RootConfig::from_yaml(next).unwrap(), &none()).unwrap();
    lines.take();
    catalog.info("dropped");
    catalog.error("token hunter2hunter2");
    let all = lines.json();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["message"], "token ***");

    // As at start, the environment goes before the config; what is wrong changes nothing.
    let next = RootConfig::from_yaml(next).unwrap();
    let debug = LogEnvironment { log_level: Some("debug".into()), ..none() };
    root.reload(&next, &debug).unwrap();
    let loud = RootConfig::from_yaml("backend: {logger: {level: loud}}").unwrap();
    assert!(root.reload(&loud, &none()).unwrap_err().to_string().contains("(mock-config:1:27)"));
    lines.take();
    catalog.debug("kept");
    assert_eq!(lines.json().len(), 1);
}

#[tokio::test]
async fn plugins_get_their_own_logger() {
    let lines = CaptureSink::new();
    let sink = lines.clone();
    let root =
        service(async move || Ok(RootLogger::builder().format(Format::Node155Json).sink(sink).build()));
    let catalog = plugin("catalog", |env| {
        env.register_init(async |logger: Logger| {
            logger.info("init");
            Ok(())
        });
    });
    let running = Backend::new([root, logger()]).add(catalog).start().await.unwrap();
    running.stop().await;
    let line = r#"{"level":"info","message":"init","plugin":"catalog","service":"backstage"}"#;
    assert!(lines.take().contains(&line.to_owned()));
}
