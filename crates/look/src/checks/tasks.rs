//! Scheduled tasks that fail or hang, as their plugins tell a token.

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    finding::Finding,
    seen::{Reply, Seen, many, said},
};

const ID: &str = "scheduled-tasks";
const DOCS: &str = "https://backstage.io/docs/backend-system/core-services/scheduler";

/// No report names more.
const MOST: usize = 5;

pub(super) fn check(seen: &Seen) -> Vec<Finding> {
    // Without a token another check says how to give one.
    let Some(given) = &seen.token else { return vec![] };
    let told: Vec<_> = given
        .tasks
        .iter()
        .filter_map(|(plugin, asked)| {
            Some((plugin, asked.with(200).and_then(Reply::json)?.get("tasks")?.as_array()?.clone()))
        })
        .collect();
    if told.is_empty() {
        let why = given
            .tasks
            .first()
            .map_or("no plugin with tasks was found".to_owned(), |(_, asked)| asked.outcome());
        return vec![Finding::unknown(ID, format!("How scheduled tasks do cannot be known: {}", said(&why)))];
    }
    let mut found: Vec<_> = told
        .iter()
        .flat_map(|(plugin, tasks)| tasks.iter().filter_map(|task| problem(plugin, task, seen.now)))
        .take(MOST)
        .collect();
    if found.is_empty() {
        let count: usize = told.iter().map(|(_, tasks)| tasks.len()).sum();
        let plugins = told.iter().map(|(plugin, _)| plugin.as_str()).collect::<Vec<_>>().join(", ");
        let observed = match count {
            0 => format!("There are no scheduled tasks of {plugins}"),
            1 => format!("1 scheduled task of {plugins} has not failed and is not stuck"),
            _ => format!("{count} scheduled tasks of {plugins} have not failed and none is stuck"),
        };
        found.push(Finding::ok(ID, observed));
    }
    found
}

fn problem(plugin: &str, task: &Value, now: i64) -> Option<Finding> {
    let id = said(task.get("taskId")?.as_str()?);
    let state = task.get("taskState")?;
    let text = |name: &str| state.get(name).and_then(Value::as_str);
    let seconds = |name: &str| Some(text(name)?.parse::<Timestamp>().ok()?.as_second());
    if text("status") == Some("running")
        && let Some(over) = seconds("timesOutAt").map(|end| now - end).filter(|over| *over > 60)
    {
        let observed = format!(
            "The task {id} of {plugin} is said to be running, {} after its time was over",
            many(over / 60, "minute")
        );
        return Some(
            Finding::fail(ID, observed)
                .why("The replica that ran it has died or hangs, and what frees such tasks after their time has not done so: it runs nowhere")
                .change(format!("Look in the log for the plugin {plugin}, and restart its replicas"))
                .source(DOCS),
        );
    }
    let error = text("lastRunError")?;
    let when = text("lastRunEndedAt").map(|when| format!(" at {}", said(when))).unwrap_or_default();
    Some(
        Finding::warn(ID, format!("The last run of the task {id} of {plugin} failed{when}: {}", said(error)))
            .why("What it keeps up to date grows old, and no page of Backstage's says so")
            .change(format!("Look in the backend's log for the plugin {plugin}"))
            .source(DOCS),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checks::tests::{healthy, json, only_ok, only_problem, only_unknown},
        seen::WithToken,
    };

    fn seen(tasks: &str) -> Seen {
        let tasks = vec![("catalog".to_owned(), json(200, &format!(r#"{{"tasks":[{tasks}]}}"#)))];
        Seen { token: Some(WithToken { tasks, ..WithToken::default() }), ..healthy() }
    }

    #[test]
    fn a_failed_run_is_told_with_its_error() {
        let fine = r#"{"taskId":"a","taskState":{"status":"idle"}},{"taskId":"b","taskState":null}"#;
        assert!(only_ok(check(&seen(fine)), ID).observed.starts_with("2 scheduled tasks of catalog"));
        let failed = r#"{"taskId":"a","taskState":{"status":"idle","lastRunEndedAt":"2026-11-30T18:20:27.082+00:00","lastRunError":"Error: no such org"}}"#;
        let told = only_problem(check(&seen(failed)), ID);
        assert!(
            told.observed.ends_with("failed at 2026-11-30T18:20:27.082+00:00: Error: no such org"),
            "{told:?}"
        );
    }

    #[test]
    fn a_run_that_does_not_end_is_told() {
        let stuck =
            r#"{"taskId":"a","taskState":{"status":"running","timesOutAt":"2001-09-09T01:46:40.000+00:00"}}"#;
        let told = only_problem(check(&Seen { now: 1_000_000_600, ..seen(stuck) }), ID);
        assert!(told.observed.contains("running, 10 minutes after"), "{told:?}");
    }

    #[test]
    fn answers_of_another_kind_say_nothing() {
        let mut odd = seen("7, {\"taskId\":7}");
        only_ok(check(&odd), ID);
        odd.token.as_mut().unwrap().tasks[0].1 = json(403, "");
        only_unknown(check(&odd), ID);
        assert_eq!(check(&healthy()), []);
    }
}
