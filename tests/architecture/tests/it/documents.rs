//! Documents that must keep up with the code.

use crate::repository::{files, packages, read, root};

#[test]
fn the_list_of_rooms_names_every_crate() {
    let rooms = read("crates/README.md");
    let missing: Vec<_> = packages()
        .into_iter()
        .filter(|package| package.dir.ends_with_parent("crates") || package.dir.ends_with_parent("plugins"))
        .map(|package| package.dir.file_name().unwrap().to_string_lossy().into_owned())
        .filter(|name| !rooms.contains(&format!("**{name}**")))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

trait EndsWithParent {
    fn ends_with_parent(&self, name: &str) -> bool;
}

impl EndsWithParent for std::path::PathBuf {
    fn ends_with_parent(&self, name: &str) -> bool {
        self.parent().is_some_and(|parent| parent.ends_with(name))
    }
}

/// Config keys that sources name, as far as they are written out as one literal.
fn keys_in_sources() -> Vec<String> {
    let mut keys = vec![];
    for dir in ["crates", "plugins"] {
        for path in files(&root().join(dir), ".rs") {
            let inside = |part: &str| path.components().any(|c| c.as_os_str() == part);
            // Tests make keys up; the table of secrets names keys of services that are not here yet.
            let makes_up = inside("tests")
                || inside("tests.rs")
                || inside("test")
                || path.ends_with("check/generated.rs");
            if makes_up || path.ends_with("config/src/pattern.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            keys.extend(code.split('"').skip(1).step_by(2).filter(|text| is_key(text)).map(str::to_owned));
        }
    }
    keys.sort();
    keys.dedup();
    keys
}

/// Metrics and attributes are named as config keys are; theirs are other pages.
fn is_metric(text: &str) -> bool {
    ["docs/metrics.md", "docs/traces.md"].iter().any(|page| read(page).contains(&format!("`{text}`")))
}

fn is_key(text: &str) -> bool {
    let known = ["backend.", "greenroom.", "tasks."].iter().any(|prefix| text.starts_with(prefix));
    let service = [
        "greenroom.bootReport",
        "greenroom.child",
        "greenroom.databaseDrivers",
        "greenroom.declarations",
        "greenroom.forwardedDocuments",
        "greenroom.forwarding",
        "greenroom.gateway",
        "greenroom.gatewaySettings",
        "greenroom.healthRegistry",
        "greenroom.healthChecks",
        "greenroom.httpSettings",
        "greenroom.logRecords",
        "greenroom.metrics",
        "greenroom.observatory.frame",
        "greenroom.observatory.nowParts",
        "greenroom.observatory.sections",
        "greenroom.opsSettings",
        "greenroom.ownHealthChecks",
        "greenroom.overload",
        "greenroom.ownMetrics",
        "greenroom.opsToken",
        "greenroom.pluginKeys",
        "greenroom.rum.pages",
        "greenroom.runSettings",
        "greenroom.telemetry",
        "greenroom.traces",
        "greenroom.userTokens",
        "tasks.runners",
    ];
    known
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
        && !text.ends_with('.')
        && !service.contains(&text)
        && text != "greenroom.externalTokens"
        && !is_metric(text)
}

#[test]
fn operating_lists_every_config_key_that_is_read() {
    let page = read("docs/operating.md");
    let missing: Vec<_> =
        keys_in_sources().into_iter().filter(|key| !page.contains(&format!("`{key}"))).collect();
    assert_eq!(missing, Vec::<String>::new());
}
