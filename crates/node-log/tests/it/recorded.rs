//! Real output of Node 24 and of the backends 0.18 and 0.19.

use greenroom_logging::Level;
use greenroom_node_log::{Kind, Plugin, Record, Repeated, Stream, Warnings};

use crate::support::{only, raw, records};

macro_rules! recorded {
    ($($name:literal),* $(,)?) => {
        /// All recordings, by name.
        pub(crate) const ALL: &[(&str, &[u8])] = &[$(($name, include_bytes!(concat!("../recorded/", $name)))),*];
    };
}

recorded![
    "abort.stderr",
    "aggregate.stderr",
    "any.stderr",
    "awaited.stderr",
    "caught-missing.stderr",
    "cause.stderr",
    "cause.stdout",
    "development-0.18.log",
    "development-0.19.log",
    "enoent.stderr",
    "esm-missing.stderr",
    "esm-name.stderr",
    "esm-package.stderr",
    "esm-syntax.stderr",
    "exit-multi.stderr",
    "failed-start-0.18.log",
    "failed-start-0.19.log",
    "formats-development.log",
    "formats-production.log",
    "leak.stderr",
    "listen.stderr",
    "missing-deep.stderr",
    "missing.stderr",
    "permitted-0.18.log",
    "permitted-0.19.log",
    "reject-cause.stderr",
    "reject-object.stderr",
    "reject.stderr",
    "requests-0.18.log",
    "requests-0.19.log",
    "syntax.stderr",
    "throw-text.stderr",
    "throw.stderr",
    "warn-missing.stderr",
    "warn-trace.stderr",
    "warn.stderr",
];

pub(crate) fn recorded(name: &str) -> &'static [u8] {
    ALL.iter().find(|(of, _)| *of == name).expect("a recording").1
}

fn stderr(name: &str) -> Record<'static> {
    only(Stream::Stderr, recorded(name))
}

#[test]
fn the_bytes_of_all_records_are_the_recording() {
    for (name, bytes) in ALL {
        for stream in [Stream::Stdout, Stream::Stderr, Stream::Merged] {
            assert!(raw(&records(stream, bytes)) == *bytes, "{name}");
        }
    }
}

#[test]
fn each_line_of_the_backends_in_production_is_the_loggers_but_the_first() {
    for name in ["failed-start-0.18.log", "failed-start-0.19.log", "requests-0.18.log", "requests-0.19.log"] {
        let records = records(Stream::Stdout, recorded(name));
        let (first, others) = records.split_first().unwrap();
        assert_eq!((&first.kind, first.level), (&Kind::Console, Level::Info));
        assert_eq!(others.len() + 1, recorded(name).split_inclusive(|byte| *byte == b'\n').count());
        for record in others {
            assert_eq!(record.kind, Kind::Json);
            assert!(record.service.is_some());
            let has_time = name.contains("0.19") || record.record_type.as_deref() == Some("incomingRequest");
            assert_eq!(record.time.as_ref().and_then(|time| time.timestamp()).is_some(), has_time);
        }
    }
}

#[test]
fn each_line_of_the_backends_in_development_is_the_loggers_but_the_first() {
    for name in ["development-0.18.log", "development-0.19.log"] {
        let records = records(Stream::Stdout, recorded(name));
        assert!(records.len() > 10);
        // A plugin of theirs prints past the logger.
        for record in records[1..].iter().filter(|record| !record.message.starts_with("HOOK ")) {
            assert_eq!(record.kind, Kind::Development, "{name}: {}", record.message);
            assert!(!record.message.contains("\x1b[36m"), "{}", record.message);
            assert!(record.plugin.is_some() != record.service.is_some());
        }
    }
}

#[test]
fn an_uncaught_error_is_one_record_with_its_plugin_and_nodes_version() {
    for (name, message, place, plugin) in [
        (
            "throw.stderr",
            "TypeError: no such entity",
            "/app/node_modules/@backstage/plugin-catalog-backend/dist/run.js:1",
            Some("catalog"),
        ),
        ("reject.stderr", "Error: nobody waits", "/app/reject.js:1", None),
        ("enoent.stderr", "Error: ENOENT: no such file or directory, open '/nowhere'", "node:fs:621", None),
        ("exit-multi.stderr", "Error: first line\nsecond line\n\nfourth", "/app/exit-multi.js:1", None),
        (
            "throw-text.stderr",
            "only text\n(Use `node --trace-uncaught ...` to show where the exception was thrown)",
            "/app/throw-text.js:1",
            None,
        ),
    ] {
        let record = stderr(name);
        let Kind::Uncaught(uncaught) = &record.kind else { panic!("{name}: {record:?}") };
        assert_eq!((&*uncaught.place, uncaught.node_version.as_deref()), (place, Some("v24.21.0")));
        assert_eq!((&*record.message, record.level), (message, Level::Error));
        assert_eq!(record.plugin, plugin.map(|id| Plugin::Guess(id.into())));
        assert!(record.kind.is_fatal());
    }
    for name in ["awaited.stderr", "listen.stderr", "reject-object.stderr"] {
        let record = stderr(name);
        assert!(matches!(record.kind, Kind::Uncaught(_)), "{name}");
        assert!(!record.stack.unwrap().contains("Node.js v24"));
    }
}

/// A start that fails, as it mostly does: a package is not there, a file cannot be read, a promise has failed.
#[test]
fn a_start_that_fails_is_one_error_with_all_that_node_tells_of_it() {
    for (name, message, place, end) in [
        (
            "missing.stderr",
            "Error: Cannot find module '@backstage/plugin-catalog-backend'\nRequire stack:\n- /app/inner.js\n- /app/missing.js",
            "node:internal/modules/cjs/loader:1568",
            "requireStack: [ '/app/inner.js', '/app/missing.js' ]\n}",
        ),
        ("syntax.stderr", "SyntaxError: Unexpected token ';'", "/app/broken.js:1", "cjs/loader:1929:14)"),
        (
            "esm-missing.stderr",
            "Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/app/nowhere.mjs' imported from /app/esm.mjs",
            "node:internal/modules/esm/resolve:272",
            "url: 'file:///app/nowhere.mjs'\n}",
        ),
        (
            "esm-package.stderr",
            "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'not-installed' imported from /app/esm-package.mjs",
            "node:internal/modules/package_json_reader:331",
            "code: 'ERR_MODULE_NOT_FOUND'\n}",
        ),
        // No empty line stands between the caret and the error.
        (
            "esm-name.stderr",
            "SyntaxError: The requested module './some.mjs' does not provide an export named 'nothing'",
            "file:///app/esm-name.mjs:1",
            "run_main:101:5)",
        ),
        (
            "esm-syntax.stderr",
            "SyntaxError: Unexpected token ';'",
            "file:///app/broken.mjs:1",
            "module_job:381:17)",
        ),
        ("reject-cause.stderr", "Error: cannot start", "/app/reject-cause.js:1", "main_module:33:47\n  }\n}"),
        (
            "aggregate.stderr",
            "AggregateError: All promises were rejected",
            "/app/aggregate.js:1",
            "main_module:33:47\n  ]\n}",
        ),
        (
            "any.stderr",
            "[AggregateError: All promises were rejected] {\n  [errors]: [\n    Error: one",
            "node:internal/process/promises:394",
            "main_module:33:47\n  ]\n}",
        ),
    ] {
        let record = stderr(name);
        let Kind::Uncaught(uncaught) = &record.kind else { panic!("{name}: {record:?}") };
        assert_eq!((&*uncaught.place, uncaught.node_version.as_deref()), (place, Some("v24.21.0")), "{name}");
        assert_eq!((&*record.message, record.level), (message, Level::Error), "{name}");
        let stack = record.stack.as_deref().unwrap_or_default();
        assert!(stack.ends_with(end), "{name}: {stack}");
        // The same in a log that others have merged.
        assert_eq!(only(Stream::Merged, recorded(name)).message, record.message, "{name}");
    }
}

#[test]
fn the_modules_that_have_asked_for_a_missing_one_belong_to_its_error() {
    let first = |record: &Record<'_>| record.message.lines().next().unwrap_or_default().to_owned();
    let required = "Error: Cannot find module '@backstage/plugin-catalog-backend'";
    for stream in [Stream::Stderr, Stream::Merged] {
        let records = records(stream, recorded("caught-missing.stderr"));
        let shown: Vec<_> = records.iter().map(|record| (record.level, first(record))).collect();
        assert_eq!(shown[..4].iter().map(|(level, _)| *level).collect::<Vec<_>>(), [Level::Error; 4]);
        assert_eq!(shown.len(), 5, "{shown:#?}");
        assert_eq!((&*shown[0].1, &*shown[1].1), (required, &*format!("Failed to load {required}")));
        assert!(records[0].stack.as_deref().unwrap().ends_with("'/app/caught-missing.js' ]\n}"));
        // One without its stack.
        assert_eq!(
            records[3].message,
            format!("{required}\nRequire stack:\n- /app/inner.js\n- /app/caught-missing.js")
        );
        assert_eq!(shown[4].1, "after");
    }
    // The message alone, of fifteen modules, and the dump behind it.
    let deep = records(Stream::Stderr, recorded("missing-deep.stderr"));
    assert_eq!(deep.iter().map(|record| record.level).collect::<Vec<_>>(), [Level::Warn, Level::Error]);
    for record in &deep {
        assert_eq!(record.message.lines().count(), 17, "{}", record.message);
    }
    let warned = records(Stream::Stderr, recorded("warn-missing.stderr"));
    let warned: Vec<_> = warned.iter().map(|record| (&record.kind, record.message.lines().count())).collect();
    assert!(
        matches!(
            &warned[..],
            [(Kind::Console, 4), (Kind::ProcessWarning(_), 1), (Kind::ProcessWarning(missing), 4)]
                if missing.code.as_deref() == Some("MODULE_NOT_FOUND")
        ),
        "{warned:#?}"
    );
}

#[test]
fn v8s_last_words_are_one_record() {
    let record = stderr("leak.stderr");
    assert_eq!(
        (&record.kind, record.level, record.record_type.as_deref()),
        (&Kind::V8Fatal, Level::Error, Some("v8Fatal"))
    );
    assert_eq!(
        record.message,
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"
    );
    assert_eq!(stderr("abort.stderr").kind, Kind::V8Fatal);
}

#[test]
fn what_console_error_prints_is_one_record_each() {
    let records = records(Stream::Stderr, recorded("cause.stderr"));
    let shown: Vec<_> =
        records.iter().map(|record| (record.level, record.message.lines().next().unwrap())).collect();
    assert_eq!(
        shown,
        [
            (Level::Error, "Job failed Error: refresh failed"),
            (Level::Error, "Error: refresh failed"),
            (Level::Warn, "plain text"),
            (Level::Warn, "[ 'in a list' ]"),
            (Level::Warn, "{"),
            (Level::Error, "[Error: no stack]"),
            (Level::Warn, "Trace: here"),
        ]
    );
    assert!(records[1].stack.as_deref().unwrap().ends_with('}'));
    assert_eq!(records[1].plugin, Some(Plugin::Guess("catalog".into())));
}

#[test]
fn what_console_log_prints_is_info_and_one_record_each() {
    let records = records(Stream::Stdout, recorded("cause.stdout"));
    let shown: Vec<_> = records.iter().map(|record| (record.level, record.message.lines().count())).collect();
    assert_eq!(shown, [(Level::Info, 1), (Level::Info, 4)]);
    assert!(records[0].stack.is_some());
}

#[test]
fn warnings_are_told_apart_by_code_or_by_name_and_text() {
    for name in ["warn.stderr", "warn-trace.stderr"] {
        let mut warnings = Warnings::default();
        let records = records(Stream::Stderr, recorded(name));
        let mut codes = Vec::new();
        for record in &records {
            let Kind::ProcessWarning(warning) = &record.kind else { continue };
            assert_eq!(record.level, Level::Warn);
            assert!(record.message.starts_with(&*warning.name), "{}", record.message);
            assert_eq!(warnings.seen(warning, &record.message), Repeated::First);
            assert_eq!(warnings.seen(warning, &record.message), Repeated::Again(2));
            codes.push(warning.code.as_deref());
        }
        assert_eq!(codes, [None, Some("DEP_APP"), Some("APP01"), Some("DEP0005"), None]);
        assert_eq!(warnings.repetitions(), 5);
    }
}

#[test]
fn the_loggers_odd_lines_keep_level_plugin_and_message() {
    let production = records(Stream::Stdout, recorded("formats-production.log"));
    let of = |message: &str| production.iter().find(|record| record.message == message).expect(message);
    assert_eq!(
        of("with error kaboom").stack.as_deref().map(|stack| stack.starts_with("Error: kaboom")),
        Some(true)
    );
    assert_eq!(of("line1\nline2\n\tline3").kind, Kind::Json);
    assert_eq!(
        of("reserved timestamp").time.as_ref().map(|time| (time.as_str(), time.timestamp())),
        Some(("T", None))
    );
    assert_eq!(of("reserved plugin").plugin, Some(Plugin::Named("other".into())));
    assert_eq!(of("{\"obj\":1}").kind, Kind::Json);

    let development = records(Stream::Stdout, recorded("formats-development.log"));
    for message in ["with error kaboom", "line1\nline2\n\tline3", "reserved plugin", "splat %s %d"] {
        let record = development.iter().find(|record| record.message == message).expect(message);
        let same = of(message);
        assert_eq!((record.level, &record.plugin), (same.level, &same.plugin), "{message}");
        assert_eq!(record.kind, Kind::Development);
    }
}
