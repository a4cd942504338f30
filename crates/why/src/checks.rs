//! The worst of the health checks that Greenroom's surface tells, by causes where it knows them.

use serde_json::Value;

use crate::{
    answer::Finding,
    database::DatabaseFault,
    operators::items,
    words::{plugins, said, time},
};

/// One check that fails or warns.
struct Bad<'a> {
    name: String,
    fails: bool,
    text: String,
    since: Option<jiff::Timestamp>,
    affected: Vec<&'a str>,
}

/// What the document says is wrong; `null` says nothing.
pub(crate) fn worst(health: &Value) -> Option<Finding> {
    let causes = items(&health["causes"]);
    let first = causes.iter().find(|cause| cause["status"] == "fail").or_else(|| causes.first());
    first.map_or_else(|| of_checks(health), of_cause)
}

/// One that Greenroom has found itself: ten plugins on one database are one.
fn of_cause(cause: &Value) -> Option<Finding> {
    let texts =
        |key: &str| cause[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
    let text = cause["output"].as_str().map(said).unwrap_or_default();
    let target = cause["dependency"]["target"].as_str().map(said);
    let kind = cause["dependency"]["kind"].as_str().map(said).unwrap_or_default();
    let checks = texts("checks");
    let found = match (DatabaseFault::of(&text), target) {
        (Some(fault), Some(target)) if !fault.what.contains(&target) => {
            Finding::new(fault.cause, format!("{} at {target}: {}", title(&kind), fault.what), fault.next)
        }
        (Some(fault), _) => Finding::new(fault.cause, fault.what, fault.next),
        (None, Some(target)) => {
            let next = format!("see whether {target} runs and can be reached from here");
            Finding::new(
                "dependencyFails",
                format!("{} at {target} fails its checks: {text}", title(&kind)),
                next,
            )
        }
        (None, None) => {
            of_check(checks.first().copied().unwrap_or_default(), cause["status"] == "fail", &text)
        }
    };
    let found = found.since(time(&cause["since"]));
    Some(hit(found, &texts("affectedEndpoints"), &texts("plugins")))
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

fn of_check(name: &str, fails: bool, text: &str) -> Finding {
    let name = said(name);
    let what = match text.is_empty() {
        true => format!("The health check '{name}' {}", if fails { "fails" } else { "warns" }),
        false => format!("The health check '{name}' says: {text}"),
    };
    Finding::new("checkFails", what, "mend what it names; `/.greenroom/v1/health` has its history")
}

fn hit(found: Finding, endpoints: &[&str], ids: &[&str]) -> Finding {
    match (endpoints.is_empty(), ids.is_empty()) {
        (false, _) => {
            let paths: Vec<_> = endpoints.iter().take(4).map(|path| said(path)).collect();
            found.hits(format!("requests below {}", paths.join(", ")))
        }
        (true, false) => found.hits(plugins(ids)),
        (true, true) => found,
    }
}

fn of_checks(health: &Value) -> Option<Finding> {
    let mut bad: Vec<_> = each(health).collect();
    // Who fails comes before who warns, and who says something before who says nothing.
    bad.sort_by_key(|check| (!check.fails, check.text.is_empty()));
    let first = bad.first()?;
    // Those that say the same have one cause.
    let same = bad.iter().filter(|other| other.text == first.text);
    let mut ids: Vec<_> =
        same.filter_map(|other| other.name.split_once('.')).map(|(plugin, _)| plugin).collect();
    ids.dedup();
    let found = match DatabaseFault::of(&first.text) {
        Some(fault) => Finding::new(fault.cause, fault.what, fault.next),
        None => of_check(&first.name, first.fails, &first.text),
    };
    Some(hit(found.since(first.since), &first.affected, &ids))
}

/// Of `checks` as health+json has them, a map of lists, and as a list.
fn each(health: &Value) -> Box<dyn Iterator<Item = Bad<'_>> + '_> {
    match &health["checks"] {
        Value::Object(map) if !map.contains_key("items") => Box::new(
            map.iter().flat_map(|(name, all)| items(all).iter().filter_map(move |check| of(name, check))),
        ),
        list => Box::new(items(list).iter().filter_map(|check| of(check["name"].as_str()?, check))),
    }
}

fn of<'a>(name: &str, check: &'a Value) -> Option<Bad<'a>> {
    let state = check["status"].as_str().or_else(|| check["outcome"].as_str())?;
    let fails = match state {
        "fail" => true,
        "warn" => false,
        _ => return None,
    };
    let text = check["output"].as_str().or_else(|| check["message"].as_str()).map(said).unwrap_or_default();
    let affected =
        check["affectedEndpoints"].as_array().map(|all| all.iter().filter_map(Value::as_str).collect());
    let since = time(&check["since"]);
    Some(Bad { name: said(name), fails, text, since, affected: affected.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_cause_is_told_once_with_those_that_it_hits() {
        let down = "connect ECONNREFUSED 127.0.0.1:5432";
        let health = json!({"checks": {
            "catalog.database": [{"status": "fail", "output": down, "since": "2026-12-01T10:00:00Z"}],
            "search.database": [{"status": "fail", "output": down}],
            "app.files": [{"status": "warn", "output": "old"}],
            "x.y": [{"status": "pass"}],
        }});
        let found = worst(&health).unwrap();
        assert_eq!(
            (found.cause, found.hits.as_deref()),
            ("databaseDown", Some("the plugins 'catalog' and 'search'"))
        );
        assert!(found.since.is_some());
        let told = json!({"causes": [{
            "dependency": {"kind": "postgresql", "target": "db:5432/portal"}, "status": "fail", "since": "2026-12-01T10:00:00Z",
            "output": "connection refused", "checks": ["catalog.database"], "plugins": ["catalog"], "affectedEndpoints": ["/api/catalog"],
        }]});
        let found = worst(&told).unwrap();
        assert!(found.what.contains("PostgreSQL at db:5432/portal") && found.since.is_some(), "{found:?}");
        assert_eq!(found.hits.as_deref(), Some("requests below /api/catalog"));
        let list = json!({"checks": {"items": [{"name": "a.b", "outcome": "fail", "message": "no disk"}]}});
        assert_eq!(worst(&list).unwrap().what, "The health check 'a.b' says: no disk");
        assert!(
            worst(&json!(null)).is_none() && worst(&json!({"checks": {"a": [{"status": "pass"}]}})).is_none()
        );
    }
}
