//! Calls to log whose instructions are counted, one kind after the other; the lines go nowhere.

use std::hint::black_box;

use greenroom_log_store::LogStore;
use greenroom_logging::{
    Emitted, Format, Logger, Overrides, RootLogger, RootLoggerBuilder, Sink, debug, error, fields, info,
};
use serde_json::{Value, json};

use crate::sample;

/// A kind of call.
#[derive(Debug)]
pub struct Line {
    /// What `bench-lines` calls it.
    pub id: &'static str,
    /// What the table calls it.
    pub name: &'static str,
    /// Logs it so many times.
    pub log: fn(u64),
}

const fn line(id: &'static str, name: &'static str, log: fn(u64)) -> Line {
    Line { id, name, log }
}

/// All kinds.
pub const LINES: &[Line] = &[
    line("kept-node", "a kept line of three fields, `node`", |times| kept(Format::NodeJson, times)),
    line("kept-backstage", "the same, `backstage`", |times| kept(Format::Backstage, times)),
    line("kept-in-memory", "the same, kept in memory too", kept_in_memory),
    line("kept-pretty", "the same, `pretty`", |times| kept(Format::Pretty, times)),
    line("kept-colour", "the same, `pretty` with colours", |times| kept(Format::PrettyColour, times)),
    line("child", "the same by a child made for it", child),
    line("dropped", "a dropped debug line", dropped),
    line("access-0", "an access line, no level rules", |times| access(0, times)),
    line("access-10", "the same, 10 rules on a field that it lacks", |times| access(10, times)),
    line("access-1000", "the same, 1,000 rules", |times| access(1_000, times)),
    line("access-1000-keys", "the same, 1,000 rules on as many fields", access_keys),
    line("access-in-memory", "the same without rules, kept in memory too", access_in_memory),
    line("access-secrets-16", "an access line, 16 secrets", |times| access_secrets(16, times)),
    line("access-secrets-200", "the same, 200 secrets", |times| access_secrets(200, times)),
    line("error-0", "a line of an error with its stack, no secrets", |times| failed(0, times)),
    line("error-16", "the same, 16 secrets", |times| failed(16, times)),
    line("error-200", "the same, 200 secrets", |times| failed(200, times)),
    line("body-0", "a line with a body of 1 KiB of JSON as text, no secrets", |times| body(0, times)),
    line("body-16", "the same, 16 secrets", |times| body(16, times)),
    line("body-200", "the same, 200 secrets", |times| body(200, times)),
    line("query-16", "a line with an encoded URL, 16 secrets", |times| query(16, times)),
    line("masked-16", "a line that holds one of 16 secrets", |times| masked(16, times)),
];

impl Line {
    /// Finds one by its id.
    pub fn find(id: &str) -> Option<&'static Self> {
        LINES.iter().find(|line| line.id == id)
    }
}

struct Nowhere;

impl Sink for Nowhere {
    fn emit(&self, emitted: &Emitted<'_>) {
        black_box(emitted.line());
    }
}

fn logger(format: Format) -> RootLoggerBuilder {
    RootLogger::builder().format(format).sink(Nowhere)
}

fn with_secrets(count: usize) -> RootLogger {
    logger(Format::Backstage).secrets(sample::secrets(count)).build()
}

fn kept(format: Format, times: u64) {
    let child = sample::child(&logger(format).build());
    (0..times).for_each(|_| sample::log(&child));
}

fn in_memory() -> RootLogger {
    logger(Format::Backstage).tap(LogStore::new(16 << 20).sink()).build()
}

fn kept_in_memory(times: u64) {
    let child = sample::child(&in_memory());
    (0..times).for_each(|_| sample::log(&child));
}

fn access_in_memory(times: u64) {
    access_by(&in_memory(), times);
}

fn child(times: u64) {
    let plugin = logger(Format::Backstage).build().plugin("catalog");
    (0..times).for_each(|_| sample::log(&plugin.child(fields! { task: "refresh" })));
}

fn dropped(times: u64) {
    let child = sample::child(&logger(Format::Backstage).build());
    (0..times).for_each(|_| debug!(child, attempt = 1, entities = 250, provider = "github", "Refreshed"));
}

/// What the root router logs of a request.
fn of_request(router: &Logger) {
    info!(
        router,
        type = "incomingRequest",
        method = "GET",
        url = "/api/tasks/task/7/results",
        status = 200,
        httpVersion = "1.1",
        userAgent = "curl/8.5.0",
        contentLength = 28,
        "\"GET /api/tasks/task/7/results HTTP/1.1\" 200 28 \"-\" \"curl/8.5.0\""
    );
}

fn access_by(root: &RootLogger, times: u64) {
    let router = root.child(fields! { service: "rootHttpRouter" });
    (0..times).for_each(|_| of_request(&router));
}

fn access(rules: usize, times: u64) {
    access_under(|_| "plugin".to_owned(), rules, times);
}

fn access_keys(times: u64) {
    access_under(|rule| format!("field{rule}"), 1_000, times);
}

fn access_under(field: fn(usize) -> String, rules: usize, times: u64) {
    let rule = |n| json!({"matchers": {field(n): format!("plugin-{n}")}, "level": "debug"});
    let rules: Vec<Value> = (0..rules).map(rule).collect();
    let overrides = Overrides::parse(&rules.into()).unwrap_or_default();
    access_by(&logger(Format::Backstage).overrides(overrides).build(), times);
}

fn access_secrets(secrets: usize, times: u64) {
    access_by(&with_secrets(secrets), times);
}

fn failed(secrets: usize, times: u64) {
    let child = sample::child(&with_secrets(secrets));
    let cause = greenroom_errors::Error::new("connect ECONNREFUSED 127.0.0.1:5432");
    let why = greenroom_errors::Error::service_unavailable("The catalog cannot be reached").caused_by(cause);
    (0..times).for_each(|_| error!(child, ..&why, "Refresh failed"));
}

/// What another server answered with.
fn body(secrets: usize, times: u64) {
    let child = sample::child(&with_secrets(secrets));
    let entity = r#"{"kind":"Component","metadata":{"name":"petstore","path":"C:\\src\\petstore"}},"#;
    let body = entity.repeat(1024 / entity.len());
    (0..times).for_each(|_| info!(child, body, "The catalog answered"));
}

fn query(secrets: usize, times: u64) {
    let child = sample::child(&with_secrets(secrets));
    let url = "/api/catalog/entities?filter=kind%3Dcomponent%2Cmetadata.name%3Dpetstore&limit=20";
    (0..times).for_each(|_| info!(child, url, "The catalog was asked"));
}

fn masked(secrets: usize, times: u64) {
    let child = sample::child(&with_secrets(secrets));
    let text = sample::secrets(secrets).last().map(|secret| format!("The token is {secret}."));
    (0..times).for_each(|_| info!(child, attempt = 1, "{}", text.as_deref().unwrap_or_default()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_name_of_its_own_and_can_be_logged() {
        for (index, line) in LINES.iter().enumerate() {
            assert_eq!(LINES.iter().position(|other| other.id == line.id), Some(index), "{}", line.id);
            (line.log)(2);
        }
    }
}
