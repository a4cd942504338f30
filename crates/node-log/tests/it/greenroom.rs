//! Greenroom's own lines are read by the same rules as Node's, in each of its formats.

use greenroom_logging::{CaptureSink, Format, Level, RootLogger, warn};
use greenroom_node_log::{Kind, Plugin, Stream};

use crate::support::only;

#[test]
fn a_line_of_ours_says_the_same_in_each_format() {
    for format in [
        Format::NodeJson,
        Format::Node155Json,
        Format::NodeLine,
        Format::Backstage,
        Format::Pretty,
        Format::PrettyColour,
    ] {
        let lines = CaptureSink::new();
        let root = RootLogger::builder().format(format).sink(lines.clone()).build();
        warn!(root.plugin("tasks"), durationMs = 1.5, url = "/a b=1", "Slow: a=1 \u{e9}");
        let line = format!("{}\n", lines.take()[0]);

        let record = only(Stream::Stdout, line.as_bytes());
        let kind = if format.is_json() { Kind::Json } else { Kind::Development };
        assert_eq!(
            (&record.kind, record.level, &*record.message),
            (&kind, Level::Warn, "Slow: a=1 \u{e9}"),
            "{line}"
        );
        assert_eq!(record.plugin, Some(Plugin::Named("tasks".into())));
        let has_time = format != Format::Node155Json;
        assert_eq!(record.time.as_ref().and_then(|time| time.system_time()).is_some(), has_time);
        let fields: Vec<_> =
            record.fields().iter().map(|field| (field.key.to_string(), field.value())).collect();
        assert_eq!(
            fields,
            [("durationMs".to_owned(), 1.5.into()), ("url".to_owned(), "/a b=1".into())],
            "{line}"
        );
    }
}

#[test]
fn a_stack_below_a_line_of_ours_is_the_stack_of_that_line() {
    let stack = "Error: no such table\n    at run (/app/run.js:1:29)";
    for format in [Format::Backstage, Format::Pretty, Format::PrettyColour] {
        let lines = CaptureSink::new();
        let root = RootLogger::builder().format(format).sink(lines.clone()).build();
        warn!(root.plugin("tasks"), stack = stack, url = "/a", "It broke");
        warn!(root.plugin("tasks"), stack = stack, "It broke");
        let lines = lines.take();
        for (line, url) in lines.iter().zip([Some("/a"), None]) {
            let record = only(Stream::Stdout, format!("{line}\n").as_bytes());
            assert_eq!((&*record.message, record.stack.as_deref()), ("It broke", Some(stack)), "{line}");
            let fields: Vec<_> = record.fields().iter().map(|field| field.value()).collect();
            assert_eq!(fields, url.map(serde_json::Value::from).into_iter().collect::<Vec<_>>(), "{line}");
        }
    }
}
