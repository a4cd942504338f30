//! The worst cause of health checks that fail or warn, as Greenroom's surface tells it.

use serde_json::Value;

use crate::{
    answer::Finding,
    database::DatabaseFault,
    operators::items,
    words::{plugins, said, time},
};

/// What checks of Greenroom itself begin with.
const OWN: &str = "greenroom";

/// The worst that the document tells; `null` tells nothing.
pub(crate) fn worst(health: &Value) -> Option<Finding> {
    let causes = items(&health["causes"]);
    let fails = |cause: &&Value| cause["status"] == "fail";
    // That the Node backend is not ready may be for want of what it depends on.
    let is_ready = health["ready"] == true;
    let is_why = |cause: &&Value| {
        !is_ready
            && cause["dependency"].is_object()
            && cause["checks"][0].as_str().is_some_and(is_of_what_is_behind)
    };
    let first = causes.iter().find(is_why).or_else(|| causes.iter().find(fails)).or_else(|| causes.first());
    first.map(finding)
}

/// Whether a check is of a database of the Node backend behind a gateway: it passes unasked while that one is ready.
fn is_of_what_is_behind(check: &str) -> bool {
    check.starts_with("gateway.database")
}

/// One that Greenroom has found itself: ten plugins on one database are one.
fn finding(cause: &Value) -> Finding {
    let texts =
        |key: &str| cause[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
    let text = cause["output"].as_str().map(said).unwrap_or_default();
    let target = cause["dependency"]["target"].as_str().map(said);
    let kind = cause["dependency"]["kind"].as_str().map(said).unwrap_or_default();
    let checks = texts("checks");
    // An older Greenroom says none.
    let next = cause["nextStep"].as_str().map(said);
    let found = match (DatabaseFault::of(&text), target) {
        (Some(fault), Some(target)) if !fault.what.contains(&target) => {
            Finding::new(fault.cause, format!("{} at {target}: {}", title(&kind), fault.what), fault.next)
        }
        (Some(fault), _) => Finding::new(fault.cause, fault.what, fault.next),
        (None, Some(target)) => {
            let next =
                next.unwrap_or_else(|| format!("see whether {target} runs and can be reached from here"));
            Finding::new(
                "dependencyFails",
                format!("{} at {target} fails its checks: {text}", title(&kind)),
                next,
            )
        }
        (None, None) => {
            let name = checks.first().copied().unwrap_or_default();
            check_says(name, cause["status"] == "fail", &text, next)
        }
    };
    let found = found.since(time(&cause["since"]));
    let mut ids = texts("plugins");
    // An older Greenroom names itself for its own checks, which is no plugin.
    ids.retain(|id| *id != OWN);
    let is_own = checks.first().and_then(|check| check.split_once('.')).is_some_and(|(of, _)| of == OWN);
    if ids.is_empty() && is_own && cause["status"] == "fail" {
        return found.hits("everybody");
    }
    hitting(found, &texts("affectedEndpoints"), &ids)
}

fn title(kind: &str) -> String {
    let name = match kind {
        "postgresql" | "postgres" | "pg" => return "PostgreSQL".to_owned(),
        "sqlite" => return "SQLite".to_owned(),
        "" => "A dependency",
        kind => kind,
    };
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn check_says(name: &str, fails: bool, text: &str, next: Option<String>) -> Finding {
    let name = said(name);
    let what = match text.is_empty() {
        true => format!("The health check '{name}' {}", if fails { "fails" } else { "warns" }),
        false => format!("The health check '{name}' says: {text}"),
    };
    let next =
        next.unwrap_or_else(|| "mend what it names; `/.greenroom/v1/health` has its history".to_owned());
    Finding::new("checkFails", what, next)
}

fn hitting(found: Finding, endpoints: &[&str], ids: &[&str]) -> Finding {
    match (endpoints.is_empty(), ids.is_empty()) {
        (false, _) => {
            let paths: Vec<_> = endpoints.iter().take(4).map(|path| said(path)).collect();
            found.hits(format!("requests below {}", paths.join(", ")))
        }
        (true, false) => found.hits(plugins(ids)),
        (true, true) => found,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_greenroom_checks_itself_hits_the_plugin_that_it_names_or_everybody() {
        let of = |status: &str, plugins: &[&str]| {
            let cause = json!({
                "status": status, "output": "This backend refuses requests", "checks": ["greenroom.overload"], "plugins": plugins,
            });
            worst(&json!({"causes": [cause]})).unwrap().hits
        };
        assert_eq!(of("fail", &[]).as_deref(), Some("everybody"));
        assert_eq!(of("fail", &["greenroom"]).as_deref(), Some("everybody"));
        assert_eq!(of("warn", &["catalog"]).as_deref(), Some("the plugin 'catalog'"));
        assert_eq!(of("warn", &["greenroom"]), None);
    }

    #[test]
    fn one_cause_is_told_once_with_those_that_it_hits() {
        let of_database = json!({
            "dependency": {"kind": "postgresql", "target": "db:5432/portal"}, "status": "fail", "since": "2026-12-01T10:00:00Z",
            "output": "connection refused", "checks": ["catalog.database"], "plugins": ["catalog"], "affectedEndpoints": ["/api/catalog"],
        });
        let warns = json!({"status": "warn", "output": "old", "checks": ["app.files"], "plugins": ["app"]});
        let found = worst(&json!({"causes": [warns.clone(), of_database]})).unwrap();
        assert!(found.what.contains("PostgreSQL at db:5432/portal") && found.since.is_some(), "{found:?}");
        assert_eq!(found.hits.as_deref(), Some("requests below /api/catalog"));

        let down = json!({
            "status": "fail", "output": "connect ECONNREFUSED 127.0.0.1:5432", "checks": ["catalog.database", "search.database"],
            "plugins": ["catalog", "search"],
        });
        let found = worst(&json!({"causes": [down]})).unwrap();
        assert_eq!(
            (found.cause, found.hits.as_deref()),
            ("databaseDown", Some("the plugins 'catalog' and 'search'"))
        );
        let mut says_what_to_do = warns.clone();
        says_what_to_do["nextStep"] = "build the app anew".into();
        assert_eq!(worst(&json!({"causes": [says_what_to_do]})).unwrap().next, "build the app anew");
        let node = json!({"status": "fail", "output": "is not ready", "checks": ["gateway.node"], "plugins": ["gateway"]});
        let behind = json!({
            "dependency": {"kind": "postgresql", "target": "db:5432"}, "status": "warn", "checks": ["gateway.database"],
            "output": "PostgreSQL at db:5432 takes no connections: Connection refused (os error 111)", "plugins": ["gateway"],
        });
        let found = worst(&json!({"causes": [node, behind]})).unwrap();
        assert_eq!(found.cause, "databaseDown", "it is why: {found:?}");
        let found = worst(&json!({"causes": [warns]})).unwrap();
        assert_eq!((found.cause, &*found.what), ("checkFails", "The health check 'app.files' says: old"));
        assert!(worst(&json!(null)).is_none() && worst(&json!({"causes": []})).is_none());
    }
}
