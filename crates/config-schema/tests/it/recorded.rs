//! Cases recorded from `@backstage/config-loader` 1.11.3: the schemas, the sources, and all that came of them.

use greenroom_config::Visibility;
use greenroom_config_schema::{ConfigSchema, Filtered};
use serde_json::{Value as Json, json};

use crate::support::{config, try_schema};

/// Where we decide otherwise, on purpose.
const OURS: [&str; 3] = ["c29 backend under deep frontend", "keys with slashes", "keys with slashes fail"];

fn cases() -> Vec<Json> {
    serde_json::from_str(include_str!("recorded/config-loader.json")).unwrap()
}

fn list(value: &Json) -> &Vec<Json> {
    value.as_array().unwrap()
}

fn visibility(word: &Json) -> Visibility {
    match word.as_str().unwrap() {
        "frontend" => Visibility::Frontend,
        "secret" => Visibility::Secret,
        _ => Visibility::Backend,
    }
}

fn as_node(filtered: &[Filtered]) -> Json {
    filtered
        .iter()
        .map(|source| {
            let deprecated: Vec<_> = source
                .deprecated_keys
                .iter()
                .map(|(key, text)| json!({ "key": key, "description": text }))
                .collect();
            json!({
                "context": source.context,
                "filteredKeys": source.filtered_keys,
                "deprecatedKeys": deprecated,
                "data": source.data,
            })
        })
        .collect()
}

fn differences(case: &Json, schema: &ConfigSchema) -> Vec<String> {
    let sources: Vec<_> = list(&case["configs"])
        .iter()
        .map(|source| (source["context"].as_str().unwrap(), &source["data"]))
        .collect();
    let config = config(&sources);
    let mut out = vec![];
    let mut compare = |what: String, node: &Json, ours: Json| {
        if *node != ours {
            out.push(format!("{} {what}\n  node {node}\n  ours {ours}", case["name"]));
        }
    };
    for processed in list(&case["processed"]) {
        let Some(words) = processed["visibility"].as_array() else {
            let ours = schema.validate(&config).err().map(|error| error.to_string());
            compare("validated".to_owned(), &processed["error"], ours.into());
            continue;
        };
        let visible: Vec<_> = words.iter().map(visibility).collect();
        if processed["ignoreSchemaErrors"] == true {
            let ours = schema.filter_anyway(&config, &visible);
            compare(format!("{words:?}"), &processed["result"], as_node(&ours));
        } else {
            let ours = schema.filter(&config, &visible).err().map(|error| error.to_string());
            compare(format!("{words:?}"), &processed["error"], ours.into());
        }
    }
    compare("secrets".to_owned(), &case["secrets"], schema.secrets(&config).into());
    out
}

#[test]
fn config_33_34_36_all_that_the_config_loader_says() {
    let mut wrong = vec![];
    let mut held = 0;
    for case in cases() {
        let refused = case.get("refused").cloned().unwrap_or_default();
        match try_schema(list(&case["schemas"])) {
            Err(error) if refused == error.to_string() => held += 1,
            Err(error) => wrong.push(format!("{}: {error}, node {refused}", case["name"])),
            Ok(_) if !refused.is_null() => {
                wrong.push(format!("{}: not refused, node {refused}", case["name"]))
            }
            Ok(_) if OURS.contains(&case["name"].as_str().unwrap()) => {}
            Ok(schema) => {
                held += 1;
                wrong.extend(differences(&case, &schema));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(held > 45, "only {held} cases");
}
