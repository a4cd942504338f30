//! The log lines of a request, as far as this replica still has them.

use std::time::SystemTime;

use greenroom::log_store::{Line, LineQuery, unseen};
use greenroom_plugin_observatory_node::{
    foreign, format,
    session::{LogLine, log_lines},
    time,
};
use greenroom_plugin_rum_store::queries::Request;
use maud::{Markup, html};

use crate::browser::Browser;

/// The most lines of a request that are shown: the last ones.
const MOST_LINES: usize = 30;

/// The lines, or which replica may have them.
pub(crate) async fn lines(browser: &Browser, request: &Request) -> Markup {
    let query =
        LineQuery { request_id: Some(request.request_id.clone()), limit: MOST_LINES, ..LineQuery::default() };
    let found = match &browser.logs {
        // What this reading logs is no line of the request.
        Some(logs) => unseen(async { logs.lines(&query) }).await.lines,
        None => vec![],
    };
    if found.is_empty() {
        return html! {
            p.quiet {
                "Its log lines are not in the memory of this replica. Replica " (foreign(&request.replica))
                " has answered it: look there, or in the log itself for "
                span.mono { (foreign(&request.request_id)) } "."
            }
        };
    }
    let shown = found.iter().map(|line| LogLine {
        at: after(line, request.began_ms),
        level: line.level.as_str(),
        plugin: owner(line),
        text: &line.message,
    });
    html! { div.sec { header { h3 { "Its log lines" } } (log_lines(shown)) } }
}

/// Whose a line is, as the log says it: a plugin's, or a service's of the backend.
fn owner(line: &Line) -> &str {
    line.plugin.as_deref().or_else(|| line.fields.get("service")?.as_str()).unwrap_or("backend")
}

/// `+1,006 ms`, from when the request began.
fn after(line: &Line, began_ms: i64) -> Markup {
    let began = time::from_millis(began_ms).unwrap_or(SystemTime::UNIX_EPOCH);
    let after = line.time.duration_since(began).unwrap_or_default();
    html! { "+" (format::ms(after)) }
}
