//! Schemas near the config: of a built app, and of the packages that are installed (contract: config-37, config-38).
//!
//! Packages are found as Backstage's config loader finds them, from the project's own `package.json`s along the
//! dependencies of those that have a schema or use `@backstage/` packages. Nothing is run, and nothing is fetched.

use std::{
    collections::{HashSet, VecDeque},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;

use crate::{Result, Schema, SchemaError};

/// How many packages are looked at.
const MAX_PACKAGES: usize = 20_000;
/// A file that is longer is no schema.
const MAX_BYTES: u64 = 16 << 20;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The schemas, those of built apps first.
    pub schemas: Vec<Schema>,
    /// What an operator should know: which packages' schemas are not read, and why.
    pub notes: Vec<String>,
}

/// Looks for schemas in the project whose root is `dir`: where its config, `package.json` and `node_modules` are.
///
/// What cannot be used is told in [`Found::notes`] and never fails a start.
pub fn find(dir: &Path) -> Found {
    let mut found = Found::default();
    let workspaces = workspaces(dir);
    let apps = [dir.to_owned(), dir.join("node_modules/app")];
    for app in apps.iter().chain(&workspaces) {
        for file in [app.join("dist/.config-schema.json"), app.join(".config-schema.json")] {
            if let Some(text) = read(&file, &mut found.notes) {
                match Schema::parse_serialized(&text) {
                    Ok(schemas) => found.schemas.extend(schemas),
                    Err(error) => found.notes.push(format!("{}: {error}", file.display())),
                }
            }
        }
    }
    if dir.join("node_modules").is_dir() {
        packages(dir, &workspaces, &mut found);
    }
    let mut seen: Vec<Schema> = Vec::new();
    for schema in std::mem::take(&mut found.schemas) {
        if !seen.iter().any(|one| one.package == schema.package && one.value == schema.value) {
            seen.push(schema);
        }
    }
    found.schemas = seen;
    found
}

/// Where a package is for code at `dir`: in a `node_modules` there or above, where Node would find it, else among the
/// packages of the monorepo that `dir` is in.
pub fn package(dir: &Path, name: &str) -> Option<PathBuf> {
    let is_it = |at: &PathBuf| {
        let text = read(&at.join("package.json"), &mut Vec::new()).unwrap_or_default();
        serde_json::from_str::<Json>(&text).is_ok_and(|package| package.get("name") == Some(&name.into()))
    };
    resolve(dir, name).or_else(|| {
        let dir = dir.canonicalize().ok()?;
        dir.ancestors().flat_map(workspaces).find(is_it)
    })
}

/// The directories of a monorepo's packages.
fn workspaces(dir: &Path) -> Vec<PathBuf> {
    let Some(package) = fs::read(dir.join("package.json")).ok() else { return Vec::new() };
    let package: Json = serde_json::from_slice(&package).unwrap_or_default();
    let list = package.get("workspaces").map(|all| all.get("packages").unwrap_or(all));
    let mut out = Vec::new();
    for pattern in list.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
        match pattern.strip_suffix("/*").or_else(|| pattern.strip_suffix("/**")) {
            Some(parent) => {
                let entries = fs::read_dir(dir.join(parent)).into_iter().flatten().flatten();
                out.extend(
                    entries.map(|entry| entry.path()).filter(|path| path.join("package.json").is_file()),
                );
            }
            None => out.push(dir.join(pattern)),
        }
    }
    out.sort();
    out
}

fn packages(dir: &Path, workspaces: &[PathBuf], found: &mut Found) {
    let own = [dir.to_owned()].into_iter().chain(workspaces.iter().cloned());
    let mut waiting: VecDeque<PathBuf> = own.collect();
    let (mut seen, mut looked) = (HashSet::new(), HashSet::new());
    let mut typescript = Vec::new();
    while let Some(at) = waiting.pop_front() {
        if seen.len() >= MAX_PACKAGES {
            found.notes.push(format!("more than {MAX_PACKAGES} packages, the others' schemas are not read"));
            break;
        }
        let file = at.join("package.json");
        let Some(text) = read(&file, &mut found.notes) else { continue };
        let Ok(package) = serde_json::from_str::<Json>(&text) else {
            found.notes.push(format!("{} is no JSON", file.display()));
            continue;
        };
        let text = |key: &str| package.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let name = text("name");
        if !seen.insert((name.clone(), text("version"), name.is_empty().then(|| at.clone()))) {
            continue;
        }
        let groups = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
        let names =
            groups.iter().filter_map(|group| package.get(group)?.as_object()).flat_map(|all| all.keys());
        let names: Vec<&String> = names.collect();
        let declared = package.get("configSchema");
        if declared.is_none() && !names.iter().any(|name| name.starts_with("@backstage/")) {
            continue;
        }
        match declared.map(|declared| schema(declared, &name, &at, &file)) {
            None => {}
            Some(Ok(Some(schema))) => found.schemas.push(schema),
            Some(Ok(None)) => typescript.push(name),
            Some(Err(error)) => found.notes.push(error.to_string()),
        }
        for name in names {
            if let Some(package) = resolve(&at, name)
                && looked.insert(package.clone())
            {
                waiting.push_back(package);
            }
        }
    }
    if !typescript.is_empty() {
        typescript.sort();
        let list = typescript.join(", ");
        found.notes.push(format!(
            "schemas written in TypeScript are not read, build the app to have them in its .config-schema.json: {list}"
        ));
    }
}

/// `configSchema` of a `package.json`; `None` for one in TypeScript.
fn schema(declared: &Json, package: &str, dir: &Path, file: &Path) -> Result<Option<Schema>> {
    let made = |path: &Path, value: Json| {
        Ok(Some(Schema { package: package.to_owned(), path: path.display().to_string(), value }))
    };
    let Json::String(name) = declared else { return made(file, declared.clone()) };
    if name.ends_with(".d.ts") {
        return Ok(None);
    }
    if !name.ends_with(".json") {
        let text = format!("Config schema files must be .json or .d.ts, got {name}");
        return Err(SchemaError::Unreadable(text));
    }
    let path = dir.join(name);
    let failed = |reason: String| SchemaError::Unreadable(format!("{}: {reason}", path.display()));
    let text = fs::read(&path).map_err(|error| failed(error.to_string()))?;
    made(&path, serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?)
}

/// Where Node would find a package that is asked for from `from`.
fn resolve(from: &Path, name: &str) -> Option<PathBuf> {
    // A name is a name: none leads out of `node_modules`.
    if name.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
        return None;
    }
    let from = from.canonicalize().ok()?;
    let dirs = from.ancestors().map(|dir| dir.join("node_modules").join(name));
    let found = dirs.into_iter().find(|dir| dir.join("package.json").is_file())?;
    found.canonicalize().ok()
}

fn read(file: &Path, notes: &mut Vec<String>) -> Option<String> {
    let length = fs::metadata(file).ok()?.len();
    if length > MAX_BYTES {
        notes.push(format!("{} is too long to be read", file.display()));
        return None;
    }
    match fs::read_to_string(file) {
        Ok(text) => Some(text),
        Err(error) => {
            notes.push(format!("{}: {error}", file.display()));
            None
        }
    }
}
