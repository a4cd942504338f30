//! Writes lines to nowhere, for the instructions of each to be counted:
//!
//! ```sh
//! cargo build --release -p greenroom-logging --example instructions
//! valgrind --tool=callgrind target/release/examples/instructions access 20000 0
//! ```
//!
//! Arguments: `access`, an access line of one logger, or `child`, a line of a new child logger each; how many lines; how
//! many level rules on a field that the line lacks. Two counts of lines, subtracted, leave out the start.

use std::hint::black_box;

use greenroom_logging::{Emitted, Format, Overrides, RootLogger, Sink, fields, info};
use serde_json::{Value, json};

struct Nowhere;

impl Sink for Nowhere {
    fn emit(&self, emitted: &Emitted<'_>) {
        black_box(emitted.line());
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().expect("access or child");
    let mut number = || -> usize { arguments.next().and_then(|text| text.parse().ok()).expect("a number") };
    let (lines, rules) = (number(), number());
    let rule = |n| json!({"matchers": {"plugin": format!("plugin-{n}")}, "level": "debug"});
    let rules: Vec<Value> = (0..rules).map(rule).collect();
    let root = RootLogger::builder()
        .format(Format::Backstage)
        .overrides(Overrides::parse(&rules.into()).expect("rules"))
        .sink(Nowhere)
        .build();
    let router = root.child(fields! { service: "rootHttpRouter" });
    for n in 0..lines {
        if kind == "child" {
            info!(root.child(fields! { task: n }), attempt = 1, "Queueing this task.");
            continue;
        }
        info!(
            router,
            type = "incomingRequest",
            method = "GET",
            url = "/api/tasks/task/7/results",
            status = 200,
            httpVersion = "1.1",
            userAgent = "curl/8.5.0",
            contentLength = n,
            "\"GET /api/tasks/task/7/results HTTP/1.1\" 200 {n} \"-\" \"curl/8.5.0\""
        );
    }
}
