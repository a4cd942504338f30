//! `config check` beside the start, over generated configs: one never refuses what the other lets pass.
//!
//! Keys and what fits them come from the schemas, so that a new key is compared by itself.

use std::path::Path;

use greenroom::config::{ConfigOptions, RootConfig};
use greenroom_config_schema::ConfigSchema;
use greenroom_defaults::Severity;
use greenroom_plugin_tasks::tasks;
use proptest::{
    collection::vec,
    sample::select,
    test_runner::{Config, TestRunner},
};
use serde_json::{Map, Value, json};

use super::shown;
use crate::{
    catalogue::{ByDefault, Catalogue},
    prepare, schema,
};

const CONFIGS: u32 = 200;

/// A key, and what is written there.
type Written = (String, Value);

/// What fits no key, some or many.
fn odd() -> Vec<Value> {
    vec![
        json!("soon"),
        json!("7"),
        json!("0s"),
        json!(7),
        json!(-1),
        json!(1.5),
        json!(true),
        json!("yes"),
        Value::Null,
        json!([]),
        json!([7]),
        json!({}),
        json!({"x": 7}),
        json!([{"type": "static", "options": {"token": "long-enough", "subject": "tests"}}]),
    ]
}

/// What a schema says fits: its default, each of its choices, something of its types.
fn fitting(schema: &Value) -> Vec<Value> {
    let mut out: Vec<Value> = schema.get("default").cloned().into_iter().collect();
    let listed = |key: &str| schema[key].as_array().cloned().unwrap_or_default();
    out.extend(listed("enum"));
    out.extend(listed("anyOf").iter().chain(&listed("oneOf")).flat_map(fitting));
    let types = schema["type"].as_str().map(|one| vec![json!(one)]).unwrap_or_else(|| listed("type"));
    for one in types {
        match one.as_str() {
            Some("boolean") => out.extend([json!(true), json!(false)]),
            Some("integer" | "number") => out.extend([json!(1), json!("40"), json!(5000)]),
            Some("string") => out.extend([json!("x"), json!("5ms")]),
            Some("array") => {
                out.extend(fitting(&schema["items"]).into_iter().map(|item| json!([item])));
            }
            Some("object") => out.push(json!({})),
            _ => {}
        }
    }
    out
}

/// Every key with all that is written there; the backend listens where nobody is disturbed.
fn writings(schema: &Value, key: &str, out: &mut Vec<Written>) {
    if key == "backend.listen" {
        out.extend([json!("nowhere"), json!([]), json!({"port": "x"})].map(|value| (key.to_owned(), value)));
        return;
    }
    if !key.is_empty() {
        let fitting = fitting(schema);
        // As likely as one that does not.
        let fits = fitting.iter().cycle().take(if fitting.is_empty() { 0 } else { odd().len() });
        out.extend(fits.cloned().chain(odd()).map(|value| (key.to_owned(), value)));
    }
    let below = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        writings(member, &below(name), out);
    }
    if schema["additionalProperties"].is_object() {
        writings(&schema["additionalProperties"], &below("tasks"), out);
    }
}

fn set(config: &mut Value, (key, value): Written) {
    let place = key.split('.').fold(config, |at, name| {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at.as_object_mut().map(|object| object.entry(name).or_insert(Value::Null)).expect("an object")
    });
    *place = value;
}

/// What the start says, once it is stopped again: why it refuses.
async fn refusal(catalogue: &Catalogue, config: &RootConfig, options: &ConfigOptions) -> Option<String> {
    let prepared = match prepare::prepare(catalogue, config, options) {
        Ok(prepared) => prepared,
        Err(refused) => return Some(refused.errors[0].to_string()),
    };
    match prepare::backend(catalogue, config, options, &prepared.choice).start().await {
        Ok(running) => {
            running.stop().await;
            None
        }
        Err(error) => Some(error.to_string()).filter(|error| !is_about_checks(error)),
    }
}

/// Which health checks there are is known only once plugins have run: that a config names another one is refused by the start alone.
fn is_about_checks(error: &str) -> bool {
    error.lines().any(|line| line.contains("No plugin has registered the health check"))
}

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    catalogue.offer(ByDefault::Off, tasks);
    catalogue
}

/// All that may be written, by the schemas of everything there is.
fn known(catalogue: &Catalogue) -> Vec<Written> {
    let schemas = schema::all(catalogue, &RootConfig::from_yaml("").unwrap()).unwrap();
    let mut known = vec![];
    writings(ConfigSchema::new(schemas).unwrap().merged(), "", &mut known);
    known
}

fn options(directory: &Path) -> ConfigOptions {
    let env = [("NODE_ENV".to_owned(), "test".to_owned())];
    ConfigOptions { cwd: directory.to_owned(), env: env.into_iter().collect(), ..ConfigOptions::default() }
}

/// A token is easily set as the wrong variable.
#[test]
fn no_finding_tells_what_a_variable_holds() {
    let directory = tempfile::tempdir().unwrap();
    let (catalogue, token, pin) = (catalogue(), "ghp_a1b2c3d4e5f6", "98765432109");
    let mut keys: Vec<_> = known(&catalogue).into_iter().map(|(key, _)| key).collect();
    keys.dedup();
    let values = [
        json!(token),
        json!(format!("unix:{token}, {token}/24; x")),
        json!(format!("https://{token}:{token}/{token}/")),
        json!([token]),
        json!([{"type": token, "level": token, "x": token}]),
        json!({"x": token, "port": token}),
        json!(pin),
        json!(98_765_432_109_u64),
    ];
    let depth = |key: &String| key.split('.').count();
    let is_section = |key: &String| keys.iter().any(|other| other.starts_with(&format!("{key}.")));
    std::fs::write(directory.path().join("app-config.yaml"), "greenroom: {plugins: {tasks: true}}").unwrap();
    let mut faults = std::collections::BTreeSet::new();
    for (value, deepest) in values.iter().flat_map(|value| (1..=5).map(move |deepest| (value, deepest))) {
        let mut options = options(directory.path());
        let is_set = |key: &&String| depth(key) == deepest || (depth(key) < deepest && !is_section(key));
        for key in keys.iter().filter(is_set) {
            options.env.insert(format!("APP_CONFIG_{}", key.replace('.', "_")), value.to_string());
        }
        let config = schema::load(&catalogue, &options).unwrap();
        for found in crate::prepare::report_of(&catalogue, &config, &options).findings() {
            let text = shown(found);
            assert!(!text.contains(token) && !text.contains(pin), "{value}: {text}");
            faults.extend(found.key.clone().filter(|_| found.is_fault()));
        }
    }
    assert!(faults.len() > keys.len() / 2, "{faults:?} of {keys:?}");
}

#[test]
fn check_and_start_agree_on_what_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (options, catalogue) = (options(directory.path()), catalogue());
    let known = known(&catalogue);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let refused = std::cell::Cell::new(0);
    // A failure tells the smallest such config.
    let mut runner =
        TestRunner::new(Config { cases: CONFIGS, failure_persistence: None, ..Config::default() });
    let compared = runner.run(&vec(select(known), 0..4), |written| {
        let mut config = json!({"backend": {"listen": "127.0.0.1:0"}});
        written.into_iter().for_each(|written| set(&mut config, written));
        let yaml = config.to_string();
        let config = RootConfig::from_yaml(&yaml).unwrap();
        let report = crate::prepare::report_of(&catalogue, &config, &options);
        let told: Vec<_> =
            report.findings().iter().filter(|found| found.severity == Severity::Refused).collect();
        let start = runtime.block_on(refusal(&catalogue, &config, &options));
        refused.set(refused.get() + u32::from(start.is_some()));
        proptest::prop_assert_eq!(!told.is_empty(), start.is_some(), "{}: {:?}, {:?}", yaml, told, start);
        Ok(())
    });
    compared.unwrap_or_else(|failed| panic!("{failed}"));
    let refused = refused.get();
    assert!((CONFIGS / 8..CONFIGS * 7 / 8).contains(&refused), "{refused} of {CONFIGS} are refused");
}
