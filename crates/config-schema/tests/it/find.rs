use std::{fs, path::Path};

use greenroom_config_schema::{Schema, find};
use serde_json::{Value as Json, json};

fn write(dir: &Path, path: &str, value: &Json) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, value.to_string()).unwrap();
}

fn serialized(version: Json) -> Json {
    json!({
        "backstageConfigSchemaVersion": version,
        "schemas": [{ "path": "p", "packageName": "app", "value": { "type": "object" } }],
    })
}

#[test]
fn a_built_apps_schemas_of_version_1_and_no_other() {
    assert_eq!(
        Schema::parse_serialized(&serialized(json!(1)).to_string()).unwrap(),
        [Schema { package: "app".into(), path: "p".into(), value: json!({ "type": "object" }) }]
    );
    let refusal = "Serialized configuration schema is invalid or has an invalid version number";
    for wrong in [
        serialized(json!(2)),
        serialized(json!("1")),
        serialized(Json::Null),
        json!([]),
        json!({ "backstageConfigSchemaVersion": 1 }),
    ] {
        assert_eq!(Schema::parse_serialized(&wrong.to_string()).unwrap_err().to_string(), refusal);
    }
    assert_eq!(Schema::parse_serialized("{").unwrap_err().to_string(), refusal);
}

#[test]
fn schemas_along_the_dependencies_of_backstage_packages() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let inline = |key: &str| json!({ "type": "object", "properties": { key: {} } });
    write(at, "package.json", &json!({ "name": "root", "workspaces": { "packages": ["packages/*"] } }));
    write(
        at,
        "packages/app/package.json",
        &json!({ "name": "app", "dependencies": { "@backstage/a": "1", "leaf": "1" } }),
    );
    write(at, "packages/app/dist/.config-schema.json", &serialized(json!(1)));
    write(at, "packages/old/package.json", &json!({ "name": "old" }));
    write(at, "packages/old/dist/.config-schema.json", &serialized(json!(7)));
    let modules =
        |name: &str, package: Json| write(at, &format!("node_modules/{name}/package.json"), &package);
    modules(
        "@backstage/a",
        json!({ "name": "@backstage/a", "configSchema": inline("a"), "dependencies": { "b": "1", "../../evil": "1" } }),
    );
    modules(
        "b",
        json!({ "name": "b", "configSchema": "schema.json", "peerDependencies": { "c": "1", "@backstage/a": "1" } }),
    );
    write(at, "node_modules/b/schema.json", &inline("b"));
    modules("c", json!({ "name": "c", "configSchema": "config.d.ts" }));
    modules("leaf", json!({ "name": "leaf", "dependencies": { "hidden": "1" } }));
    modules("hidden", json!({ "name": "hidden", "configSchema": inline("hidden") }));
    modules("bad", json!({ "name": "bad", "configSchema": "schema.yaml" }));
    modules(
        "@backstage/a/node_modules/b",
        json!({ "name": "b", "version": "2", "configSchema": inline("b2"), "dependencies": { "bad": "1" } }),
    );

    let found = find(at);
    let names: Vec<_> = found.schemas.iter().map(|schema| schema.package.as_str()).collect();
    assert_eq!(names, ["app", "@backstage/a", "b"]);
    // Of two versions the nearer one is meant.
    assert_eq!(found.schemas[2].value, inline("b2"));
    assert_eq!(found.notes.len(), 2, "{:?}", found.notes);
    assert!(found.notes[0].contains("invalid version number"));
    assert_eq!(found.notes[1], "Config schema files must be .json or .d.ts, got schema.yaml");

    write(
        at,
        "packages/app/package.json",
        &json!({ "name": "app", "dependencies": { "@backstage/none": "1", "b": "1" } }),
    );
    let found = find(at);
    let names: Vec<_> = found.schemas.iter().map(|schema| schema.package.as_str()).collect();
    assert_eq!(names, ["app", "b", "@backstage/a", "b"]);
    assert!(
        found.notes.last().unwrap().ends_with("build the app to have them in its .config-schema.json: c")
    );
}

#[test]
fn nothing_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let found = find(dir.path());
    assert!(found.schemas.is_empty() && found.notes.is_empty());
}
