//! What a backend's log tells: its last start, what it said last that was wrong, and its end.

use std::{io::Read, time::SystemTime};

use greenroom_logging::Level;
use greenroom_logs::Records;
use greenroom_node_log::{
    Kind, Record,
    facts::{Boot as Line, Excerpt, NodeBoot, Outcome},
};
use jiff::Timestamp;

use crate::{
    answer::Finding,
    database::DatabaseFault,
    words::{plugins, said},
};

/// What a log was read at a time.
const BLOCK: usize = 256 * 1024;

/// A line that tells of something wrong.
#[derive(Clone, Debug)]
struct Fault {
    at: Option<Timestamp>,
    plugin: Option<String>,
    text: String,
}

/// What a log tells, as far as it was read.
#[derive(Clone, Debug, Default)]
pub struct Log {
    boot: Option<NodeBoot>,
    /// Whether lines have times; else nothing took any.
    has_times: bool,
    /// When the start began is not known yet.
    is_untimed: bool,
    records: u64,
    last: Option<Timestamp>,
    /// The process said that it ends.
    fatal: Option<Fault>,
    error: Option<Fault>,
    /// Errors since the last start has ended.
    errors: u64,
}

impl Log {
    /// Reads all of it, or until `goes_on` says no.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(mut from: impl Read, mut goes_on: impl FnMut(&Self) -> bool) -> std::io::Result<Self> {
        let (mut log, mut records, mut block) = (Self::default(), Records::new(), vec![0; BLOCK]);
        loop {
            let read = match from.read(&mut block) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            records.push(&block[..read], |record, at| log.note(record, at));
            if read == 0 || !goes_on(&log) {
                break;
            }
        }
        records.finish(|record, at| log.note(record, at));
        Ok(log)
    }

    fn note(&mut self, record: &Record<'_>, at: Option<Timestamp>) {
        self.records += 1;
        self.has_times |= at.is_some();
        self.last = at.or(self.last);
        let moment = self.last.and_then(|at| SystemTime::try_from(at).ok()).unwrap_or(SystemTime::UNIX_EPOCH);
        let begins = matches!(Line::of(record), Some(Line::LoadingConfig { source }) if source.contains("ConfigSource{"));
        if begins && self.fatal.is_some() {
            self.boot = None;
        }
        let is_new = self.boot.is_none();
        let boot = self.boot.get_or_insert_with(|| NodeBoot::new(moment));
        if self.is_untimed && at.is_some() {
            (boot.began_at, boot.config_at) = (moment, boot.config_at.map(|_| moment));
            self.is_untimed = false;
        }
        let began = boot.began_at;
        boot.note(record, || moment);
        if is_new || boot.began_at != began || begins {
            // The line that a start begins with has no time unless a container's tool has written one: the next line's is nearer than
            // that of the process before.
            self.is_untimed = at.is_none();
            // Another start: what was wrong before it is over.
            (self.fatal, self.error, self.errors) = (None, None, 0);
        }
        let fault = || Fault {
            at,
            plugin: record.plugin.as_ref().map(|plugin| said(plugin.id())),
            text: said(&record.message),
        };
        if record.kind.is_fatal() {
            let heap = matches!(record.kind, Kind::V8Fatal);
            let text =
                if heap { format!("V8 said: {}", said(&record.message)) } else { said(&record.message) };
            self.fatal.get_or_insert_with(|| Fault { text, ..fault() });
        } else if record.level == Level::Error {
            self.errors += 1;
            self.error = Some(fault());
        }
    }

    /// The last start in it.
    pub fn boot(&self) -> Option<&NodeBoot> {
        // A log without a line of a start has none.
        self.boot
            .as_ref()
            .filter(|boot| boot.config_at.is_some() || boot.plugins_at.is_some() || boot.listening.is_some())
    }

    /// The same, if its lines have times.
    pub(crate) fn timed_boot(&self) -> Option<&NodeBoot> {
        self.boot().filter(|_| self.has_times)
    }

    /// How many records it has.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// What it says is wrong, the most telling first.
    pub(crate) fn wrong(&self) -> Vec<Finding> {
        let mut found: Vec<_> = [self.ended(), self.start()].into_iter().flatten().collect();
        found.extend(self.rejected());
        found
    }

    /// The last error of a backend that runs: no more than a hint.
    pub(crate) fn last_error(&self) -> Option<Finding> {
        let error = self.error.as_ref()?;
        if let Some(fault) = DatabaseFault::of(&error.text) {
            let found = Finding::new(fault.cause, fault.what, fault.next).since(error.at);
            return Some(match &error.plugin {
                Some(plugin) => found.hits(format!("the plugin '{plugin}'")),
                None => found,
            });
        }
        let who =
            error.plugin.as_ref().map_or("The backend".to_owned(), |plugin| format!("The plugin '{plugin}'"));
        let many = match self.errors {
            1 => "one error".to_owned(),
            errors => format!("{errors} errors"),
        };
        let what = format!("{who} has written the last of {many}: {}", error.text);
        let next = "see what stands around it, as by `greenroom logs --level warn`";
        Some(Finding::new("errors", what, next).since(error.at))
    }

    fn ended(&self) -> Option<Finding> {
        let fatal = self.fatal.as_ref()?;
        let found = if fatal.text.contains("heap") {
            Finding::new(
                "v8HeapLimit",
                format!("Node has ended because its heap was full ({})", fatal.text),
                "raise --max-old-space-size in NODE_OPTIONS to three quarters of the memory limit, and raise the limit with it",
            )
        } else if let Some(taken) = port_taken(&fatal.text) {
            taken
        } else if let Some(fault) = DatabaseFault::of(&fatal.text) {
            Finding::new(
                fault.cause,
                format!("{}, and the backend has ended by that", fault.what),
                fault.next,
            )
        } else {
            let what = format!("The backend has ended by an error that nobody took care of: {}", fatal.text);
            Finding::new("uncaught", what, "mend what threw it; its stack stands in the log")
        };
        Some(found.since(fatal.at).hits("everybody"))
    }

    fn start(&self) -> Option<Finding> {
        start_of(self.boot()?, self.has_times)
    }

    fn rejected(&self) -> Option<Finding> {
        let boot = self.boot().filter(|boot| matches!(boot.outcome(), Outcome::Starting))?;
        let why = boot.rejection.as_ref()?;
        if let Some(taken) = port_taken(&why.text) {
            return Some(taken.hits("everybody"));
        }
        let (what, next) = match DatabaseFault::of(&why.text) {
            Some(fault) => (fault.what, fault.next),
            None => {
                let what = format!(
                    "The start goes on, and nobody took care of an error, which may be why: {}",
                    said(&why.text)
                );
                (what, "mend what threw it; its stack stands in the log")
            }
        };
        Some(Finding::new("rejection", what, next))
    }
}

fn port_taken(text: &str) -> Option<Finding> {
    let what = format!("The backend cannot start because its port is taken ({})", said(text));
    let next = "end the process that listens there, or change backend.listen";
    text.contains("EADDRINUSE").then(|| Finding::new("portTaken", what, next))
}

fn error_text(error: Option<&Excerpt>) -> String {
    error.map_or("it says not why".to_owned(), |error| said(&error.text))
}

/// What is wrong with a start of Node's; nothing with one that went well.
pub(crate) fn start_of(boot: &NodeBoot, has_times: bool) -> Option<Finding> {
    let at = |at: SystemTime| Timestamp::try_from(at).ok().filter(|_| has_times);
    let failed: Vec<_> = boot.failed().collect();
    let of_whom = |step: &greenroom_node_log::facts::BootStep| match &step.module {
        Some(module) => format!("the module '{}' of the plugin '{}'", said(module), said(&step.plugin)),
        None => format!("the plugin '{}'", said(&step.plugin)),
    };
    let is_fatal = matches!(boot.outcome(), Outcome::Failed(_));
    // A module's failure is told before that of its plugin: it is the cause.
    let first =
        failed.iter().find(|step| !is_fatal || step.state == greenroom_node_log::facts::StepState::Failed);
    if let Some(step) = first {
        let text = error_text(step.error.as_ref());
        let others = match failed.len() - 1 {
            0 => String::new(),
            1 => ", and one more has failed".to_owned(),
            more => format!(", and {more} more have failed"),
        };
        let what = match is_fatal {
            true => format!("The start has failed because of {}: {text}{others}", of_whom(step)),
            false => format!("The backend has started without {}: {text}{others}", of_whom(step)),
        };
        let (cause, next) = match DatabaseFault::of(&text) {
            Some(fault) => (fault.cause, fault.next.to_owned()),
            None if is_fatal => (
                "startFailed",
                format!(
                    "mend that, or let the backend start without it: backend.startup.plugins.{}.onPluginBootFailure: continue",
                    said(&step.plugin)
                ),
            ),
            None => ("pluginFailed", "mend that, and start the backend again".to_owned()),
        };
        let hits = if is_fatal {
            "everybody".to_owned()
        } else {
            format!("requests below /api/{}", said(&step.plugin))
        };
        return Some(Finding::new(cause, what, next).since(at(step.since)).hits(hits));
    }
    match boot.outcome() {
        Outcome::Started(_) => None,
        Outcome::Failed(why) => {
            let what = format!("The start has failed: {}", said(&why.text));
            Some(Finding::new("startFailed", what, "see the lines before it in the log").hits("everybody"))
        }
        Outcome::Starting => {
            let pending: Vec<_> = boot.pending().map(|step| step.plugin.as_str()).collect();
            (!pending.is_empty()).then(|| {
                let what = format!("The start waits for {}", plugins(&pending));
                let next =
                    "see what it waits for itself: most often its database, or another server that it calls";
                Finding::new("startWaits", what, next).since(boot.plugins_at.and_then(at)).hits("everybody")
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn causes(text: &str) -> Vec<&'static str> {
        let log = Log::read(text.as_bytes(), |_| true).unwrap();
        log.wrong().into_iter().chain(log.last_error()).map(|found| found.cause).collect()
    }

    fn line(second: u32, level: &str, message: &str) -> String {
        format!(
            "{{\"level\":\"{level}\",\"message\":\"{message}\",\"service\":\"backstage\",\
             \"timestamp\":\"2026-12-01T10:00:{second:02}.000Z\"}}\n"
        )
    }

    /// It passes Node's logger by.
    const BEGINS: &str = "Loading config from MergedConfigSource{FileConfigSource{}}\n";

    #[test]
    fn what_the_last_lines_of_a_process_say_is_the_cause() {
        let heap = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n";
        assert_eq!(causes(heap), ["v8HeapLimit"]);
        let failed = line(
            3,
            "error",
            "Plugin 'catalog' threw an error during startup. connect ECONNREFUSED 127.0.0.1:5432",
        );
        let started = line(2, "info", "Plugin initialization started: 'catalog', 'app'");
        let text = [BEGINS.to_owned(), started.clone(), failed.clone()].concat();
        assert_eq!(causes(&text), ["databaseDown", "databaseDown"]);
        assert_eq!(causes(&[BEGINS.to_owned(), started].concat()), ["startWaits"]);
    }

    #[test]
    fn a_start_takes_from_its_first_line_with_a_time_to_its_last() {
        let old = line(1, "info", "of the process before");
        let started = line(40, "info", "Plugin initialization started: 'catalog'");
        let complete = line(43, "info", "Plugin initialization complete, newly initialized: 'catalog'");
        for before in [String::new(), old] {
            let text = [before, BEGINS.to_owned(), started.clone(), complete.clone()].concat();
            let log = Log::read(text.as_bytes(), |_| true).unwrap();
            assert_eq!(log.timed_boot().and_then(NodeBoot::took).map(|took| took.as_secs()), Some(3));
        }
    }

    #[test]
    fn what_was_wrong_before_the_last_start_is_over() {
        let failed = line(3, "error", "Plugin 'catalog' threw an error during startup. no key");
        let started = line(5, "info", "Plugin initialization started: 'catalog'");
        let complete = line(6, "info", "Plugin initialization complete, newly initialized: 'catalog'");
        let text = [BEGINS.to_owned(), failed, BEGINS.to_owned(), started, complete].concat();
        assert_eq!(causes(&text), Vec::<&str>::new());
        let after = [text, line(9, "error", "no entity")].concat();
        assert_eq!(causes(&after), ["errors"]);
    }
}
