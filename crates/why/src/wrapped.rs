//! Which lines of a log are Greenroom's own where it runs a Node backend and writes one log of both: Node's start is the one of
//! interest, and how its process ended stands in a line of Greenroom's.

use greenroom_node_log::{Field, Kind, Plugin, Record, facts::Boot};
use greenroom_wrap::Cause;
use jiff::Timestamp;

use crate::ended::End;

/// The service that tells of the process.
const CHILD: &str = "child";

/// What a line is.
#[derive(Debug)]
pub(crate) enum Line {
    /// Of the backend: of Node's, or of a Greenroom that runs none.
    Backends,
    /// Greenroom's own start: of what was before nothing is left.
    OwnStart,
    /// A process of Node's has been started.
    Launched,
    /// It has ended, and nobody has asked it to.
    Ended(End),
    /// It has ended as it was asked to.
    Stopped,
    /// Of Greenroom, and of no interest here.
    Own,
}

/// Tells the lines of one apart from those of the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wrapped {
    /// A line of the service has come.
    has_child: bool,
    /// Greenroom's own plugins, as it has named them at its start.
    own: Vec<String>,
    /// Greenroom's own start goes on.
    starts: bool,
}

impl Wrapped {
    /// What this line is.
    pub(crate) fn line(&mut self, record: &Record<'_>, at: Option<Timestamp>) -> Line {
        if is_of_child(record) {
            self.has_child = true;
            return of_child(record, at);
        }
        match Boot::of(record) {
            Some(Boot::Started { plugins }) if self.is_own_start(&plugins) => {
                self.own = plugins.iter().map(|id| (*id).to_owned()).collect();
                self.starts = true;
                Line::OwnStart
            }
            Some(Boot::InProgress { initialized, initializing })
                if self.is_own(&initialized, &initializing) =>
            {
                Line::Own
            }
            Some(Boot::Complete { initialized, initializing })
                if self.is_own(&initialized, &initializing) =>
            {
                self.starts = false;
                Line::Own
            }
            _ => Line::Backends,
        }
    }

    /// Greenroom in front of Node has these plugins. A Node backend may have one that is called `gateway`, too.
    fn is_own_start(&self, plugins: &[&str]) -> bool {
        plugins.contains(&"gateway") && (plugins.contains(&"observatory") || self.has_child)
    }

    fn is_own(&self, initialized: &[&str], initializing: &[&str]) -> bool {
        let is_own = |id: &&str| self.own.iter().any(|own| own == id);
        let mut named = initialized.iter().chain(initializing).peekable();
        match (named.peek(), self.starts) {
            (None, starts) => starts,
            // What a terminal shows behind a line may hang on to its last name.
            (Some(_), true) => named.any(is_own),
            (Some(_), false) => named.all(is_own),
        }
    }
}

/// Whether Greenroom tells of Node's process.
fn is_of_child(record: &Record<'_>) -> bool {
    match record.kind {
        Kind::Json => record.plugin.is_none() && record.service.as_deref() == Some(CHILD),
        Kind::Development => matches!(&record.plugin, Some(Plugin::Named(origin)) if origin == CHILD),
        _ => false,
    }
}

fn of_child(record: &Record<'_>, at: Option<Timestamp>) -> Line {
    if record.message.starts_with("The backend runs as process ") {
        return Line::Launched;
    }
    let fields = record.fields();
    let Some(cause) = fields.iter().find(|field| field.key == "cause").map(Field::value) else {
        return Line::Own;
    };
    let uptime = fields.iter().find(|field| field.key == "uptimeMs").and_then(|field| field.value().as_u64());
    match End::told(&cause, &record.message, at, uptime) {
        Some(end) if end.cause == Cause::Stopped => Line::Stopped,
        // It tells of the process before this one.
        Some(end) if end.cause != Cause::NoGoodbye => Line::Ended(end),
        _ => Line::Own,
    }
}

/// Whether a start begins with this line: Node prints it past its logger, Greenroom by its own.
pub(crate) fn loads_config(record: &Record<'_>) -> bool {
    matches!(record.kind, Kind::Console | Kind::Json | Kind::Development)
        && record.message.starts_with("Loading config from ")
        && record.message.contains("ConfigSource{")
}

/// A line that Node prints past its logger, as it was before Greenroom made a record of it.
pub(crate) fn as_printed<'a>(record: &Record<'a>) -> Record<'a> {
    let mut printed = record.clone();
    printed.kind = Kind::Console;
    printed
}

#[cfg(test)]
mod tests {
    use crate::{Boots, Log};

    /// What `greenroom run --gateway` has written of its own start, and of Node's.
    fn pretty(behind: &str) -> String {
        let lines = [
            "25.826Z backstage info Loading config from MergedConfigSource{FileConfigSource{path=\"/app/app-config.yaml\"}} ",
            "25.885Z rootHttpRouter info Listening on 127.0.0.1:17507 ",
            "25.890Z child error The previous run ended without goodbye at 374 MiB of memory cause=\"noGoodbye\" uptimeMs=20047",
            "25.892Z backstage info Plugin initialization started: 'gateway', 'observatory' type=\"initialization\"",
            "26.000Z child info The backend runs as process 8001, and is to listen on 127.0.0.1:37595 ",
            "26.009Z backstage info Plugin initialization complete, newly initialized: 'observatory', 'gateway' type=\"initialization\"",
            "29.637Z node info Loading config from MergedConfigSource{FileConfigSource{path=\"/app/app-config.yaml\"}} stream=\"stdout\"",
            "29.707Z rootHttpRouter info Listening on 127.0.0.1:37595 ",
            "29.708Z backstage info Plugin initialization started: 'catalog', 'orders' type=\"initialization\"",
        ];
        lines
            .iter()
            .chain(&behind.lines().collect::<Vec<_>>())
            .map(|line| format!("2026-12-01T10:00:{line}\n"))
            .collect()
    }

    /// The same in production: each line as an object.
    fn json(behind: &str) -> String {
        let line = |line: &str| {
            let (time, rest) = line.split_once(' ').unwrap();
            let (origin, rest) = rest.split_once(' ').unwrap();
            let (level, text) = rest.split_once(' ').unwrap();
            let (message, fields) =
                text.trim_end().split_once(" cause=").map_or((text, None), |(text, rest)| (text, Some(rest)));
            let message =
                message.trim_end().split(" type=").next().unwrap().split(" stream=").next().unwrap();
            let mut object = serde_json::json!({"level": level, "message": message, "timestamp": time});
            match origin {
                "node" => object["stream"] = "stdout".into(),
                "catalog" | "orders" => {
                    object["plugin"] = origin.into();
                    object["service"] = "backstage".into();
                }
                service => object["service"] = service.into(),
            }
            if let Some(cause) = fields {
                object["cause"] = cause.split('"').nth(1).unwrap().into();
            }
            format!("{object}\n")
        };
        pretty(behind).lines().map(line).collect()
    }

    const WELL: &str = "31.000Z backstage info Plugin initialization complete, newly initialized: 'catalog', 'orders' type=\"initialization\"\n";

    fn both(behind: &str, each: impl Fn(Log)) {
        for text in [pretty(behind), json(behind)] {
            each(Log::read(text.as_bytes(), |_| true).unwrap());
        }
    }

    fn first(log: &Log) -> (String, String) {
        let found = log.wrong().into_iter().chain(log.last_error()).next().unwrap();
        (found.cause.to_owned(), found.what)
    }

    #[test]
    fn the_start_of_a_wrapped_backend_is_nodes_and_begins_with_its_process() {
        let banner = "type=\"initialization\"\n\n  Greenroom    0.1.0\n  Config       app-config.yaml\n\n";
        let shown =
            pretty(WELL).replacen("'gateway' type=\"initialization\"\n", &format!("'gateway' {banner}"), 1);
        let log = Log::read(shown.as_bytes(), |_| true).unwrap();
        assert_eq!(Boots::of_log(&log).newest().unwrap().took_ms, Some(5000.0));
        both(WELL, |log| {
            let boots = Boots::of_log(&log);
            let boot = boots.newest().unwrap();
            assert_eq!((boot.took_ms, boots.exit_code()), (Some(5000.0), 0));
            let names: Vec<_> = boot.steps.iter().map(|step| step.name.as_str()).collect();
            assert!(names.contains(&"orders") && !names.contains(&"gateway"), "{names:?}");
            assert!(
                log.wrong().is_empty() && log.last_error().is_none(),
                "{:?} {:?}",
                log.wrong(),
                log.last_error()
            );
        });
        // It has been started again, and has not said anything yet.
        both(
            &format!(
                "{WELL}40.000Z child info The backend runs as process 8002, and is to listen on 127.0.0.1:37596 "
            ),
            |log| {
                assert!(log.boot().is_none());
            },
        );
    }

    #[test]
    fn a_start_that_failed_is_told_and_not_that_its_process_has_ended() {
        let failed = "30.000Z backstage error Plugin 'orders' threw an error during startup, waiting for 1 other plugins to finish before \
                      shutting down the process. no key of ours type=\"initialization\"\n\
                      30.100Z child error The backend's start has failed: Plugin 'orders' threw an error during startup. no key of ours \n\
                      35.000Z child error The backend has ended: exit code 0 after 9.0 s (its start failed) cause=\"startFailed\" uptimeMs=9000";
        both(failed, |log| {
            let (cause, what) = first(&log);
            assert_eq!(cause, "startFailed");
            assert!(what.contains("start has failed because of plugin 'orders': no key of ours"), "{what}");
            assert_eq!(Boots::of_log(&log).exit_code(), 1);
        });
    }

    #[test]
    fn why_a_process_has_ended_stands_in_greenrooms_line() {
        for (cause, next) in [
            ("killed", "who sends that signal"),
            ("v8HeapLimit", "--max-old-space-size"),
            ("cgroupOom", "memory limit"),
        ] {
            let ended = format!(
                "{WELL}40.000Z child error The backend has ended: killed by SIGKILL after 14.0 s cause=\"{cause}\" uptimeMs=14000"
            );
            both(&ended, |log| {
                let found = log.wrong().remove(0);
                assert_eq!(found.cause, cause);
                assert!(
                    found.what.starts_with("The Node backend has ended: killed by SIGKILL"),
                    "{}",
                    found.what
                );
                assert!(found.next.contains(next) && found.since.is_some(), "{found:?}");
            });
            let again = format!(
                "{ended}\n41.000Z child info The backend runs as process 8002, and is to listen on 127.0.0.1:37596 "
            );
            both(&again, |log| assert!(log.wrong().is_empty(), "{:?}", log.wrong()));
        }
        let stopped = format!(
            "{WELL}40.000Z child info The backend has ended: exit code 0 after 14.0 s cause=\"stopped\" uptimeMs=14000"
        );
        both(&stopped, |log| assert!(log.wrong().is_empty() && log.last_error().is_none()));
    }

    #[test]
    fn a_start_that_its_process_did_not_outlive_waits_for_nothing() {
        both(
            "33.000Z child error The backend has ended: killed by SIGKILL after 7.0 s cause=\"killed\" uptimeMs=7000",
            |log| {
                assert_eq!(log.wrong().iter().map(|found| found.cause).collect::<Vec<_>>(), ["killed"]);
            },
        );
    }
}
