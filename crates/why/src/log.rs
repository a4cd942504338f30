//! What a backend's log tells: its last start, what it said last that was wrong, and its end.

use std::{io::Read, time::SystemTime};

use greenroom_boot_document::BootDocument;
use greenroom_logging::Level;
use greenroom_logs::Records;
use greenroom_node_log::{
    Kind, Record,
    facts::{NodeBoot, Outcome},
};
use jiff::Timestamp;

use crate::{
    answer::Finding,
    boot::{self, port_taken},
    database::DatabaseFault,
    words::said,
    wrapped::{self, Line as Of, Wrapped},
};

/// What a log was read at a time.
const BLOCK: usize = 256 * 1024;

/// What the log's last so many seconds tell goes on: who asks a database in vain asks again sooner.
const STILL: i64 = 60;

/// A Greenroom has no more limits that are worth telling at once.
const MOST_LIMITS: usize = 8;

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
    wrapped: Wrapped,
    /// Its process was started by Greenroom, which has said so.
    is_launched: bool,
    /// More of it may come.
    pub(crate) is_unfinished: bool,
    records: u64,
    /// Those of a form that a Backstage writes.
    known: u64,
    last: Option<Timestamp>,
    /// The process was asked to end, and has.
    is_stopped: bool,
    /// How the process has ended, as Greenroom around it says.
    end: Option<Finding>,
    /// A database that refuses connections.
    database: Option<Fault>,
    /// The limits that are reached, by their keys.
    overloaded: Vec<(String, Fault)>,
    /// The process said that it ends.
    fatal: Option<Fault>,
    error: Option<Fault>,
    /// Errors since the last start has ended.
    errors: u64,
}

impl Log {
    /// Reads all of it, or until `goes_on` says no.
    ///
    /// ```
    /// use greenroom_why::Log;
    ///
    /// let text = "{\"level\":\"error\",\"message\":\"no entity\",\"service\":\"backstage\"}\n";
    /// let log = Log::read(text.as_bytes(), |log| log.records() < 1000)?;
    /// assert_eq!(log.records(), 1);
    /// # Ok::<_, std::io::Error>(())
    /// ```
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
        self.known += u64::from(match record.kind {
            Kind::Json | Kind::Development | Kind::Uncaught(_) | Kind::V8Fatal | Kind::ProcessWarning(_) => {
                true
            }
            Kind::Error => record.stack.is_some(),
            _ => false,
        });
        self.has_times |= at.is_some();
        self.last = at.or(self.last);
        let moment = self.last.and_then(|at| SystemTime::try_from(at).ok()).unwrap_or(SystemTime::UNIX_EPOCH);
        match self.wrapped.line(record, at) {
            Of::Backends => {}
            Of::Own => return self.note_limits(record, at),
            Of::OwnStart => return self.own_start(),
            Of::Launched => {
                (self.boot, self.is_launched, self.is_untimed) =
                    (Some(NodeBoot::new(moment)), true, at.is_none());
                return self.begins();
            }
            Of::Ended(end) => {
                self.end = Some(Finding { since: at, ..end.finding() });
                return;
            }
            Of::Stopped => {
                self.is_stopped = true;
                return;
            }
        }
        let begins = wrapped::loads_config(record);
        self.known += u64::from(begins && matches!(record.kind, Kind::Console));
        // Greenroom's own, which is not launched by another one.
        let is_another = begins && record.service.is_some();
        if (begins && self.fatal.is_some()) || is_another {
            (self.boot, self.is_launched) = (None, false);
        }
        let is_new = self.boot.is_none();
        let boot = self.boot.get_or_insert_with(|| NodeBoot::new(moment));
        if self.is_untimed && at.is_some() {
            (boot.began_at, boot.config_at) = (moment, boot.config_at.map(|_| moment));
            self.is_untimed = false;
        }
        let began = boot.began_at;
        match begins {
            true => boot.note(&wrapped::as_printed(record), || moment),
            false => boot.note(record, || moment),
        }
        if is_new || boot.began_at != began || begins {
            // The line that a start begins with has no time unless a container's tool has written one: the next line's is nearer than
            // that of the process before.
            self.is_untimed = at.is_none();
            self.begins();
        }
        self.note_limits(record, at);
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
        if DatabaseFault::is_told_by(&record.message) {
            self.database = Some(fault());
        }
    }

    /// Another start: what was wrong before it is over.
    fn begins(&mut self) {
        (self.fatal, self.error, self.errors) = (None, None, 0);
        (self.end, self.database, self.is_stopped) = (None, None, false);
        self.overloaded.clear();
    }

    /// An episode of a limit begins with one line, and ends with another.
    fn note_limits(&mut self, record: &Record<'_>, at: Option<Timestamp>) {
        let message = &*record.message;
        if let Some((who, told)) = message.split_once(" has too much to do: ") {
            let Some((_, key)) = told.split_once(" as many as ") else { return };
            let Some((key, _)) = key.split_once(" allows. More are answered 503") else { return };
            self.overloaded.retain(|(known, _)| known != key);
            if self.overloaded.len() < MOST_LIMITS {
                let plugin = record.plugin.as_ref().map(|plugin| said(plugin.id()));
                self.overloaded.push((key.to_owned(), Fault { at, plugin, text: said(who) }));
            }
        } else if message.contains(" keeps up again: ") {
            self.overloaded.retain(|(key, _)| !message.ends_with(&format!(" by {key}")));
        }
    }

    fn overload(&self) -> Option<Finding> {
        let (key, told) = self.overloaded.first().filter(|_| !self.is_stopped)?;
        let key = said(key);
        let what = format!("{} has too much to do, and refuses what is more than {key} allows", told.text);
        let next = format!(
            "see which plugin is slow or asked most, add replicas, or raise {key} if there is room for more"
        );
        let found = Finding::new("overloaded", what, next).since(told.at);
        Some(match &told.plugin {
            Some(plugin) => found.hits(format!("the plugin '{plugin}'")),
            None => found.hits("everybody"),
        })
    }

    /// Greenroom's own start in front of Node's: what it has said so far is of itself.
    fn own_start(&mut self) {
        match self.boot.as_mut().filter(|_| self.is_launched) {
            Some(boot) => boot.listening = None,
            None => self.boot = None,
        }
        self.begins();
    }

    /// The last start in it.
    pub fn boot(&self) -> Option<&NodeBoot> {
        // A log without a line of a start has none.
        self.boot
            .as_ref()
            .filter(|boot| boot.config_at.is_some() || boot.plugins_at.is_some() || boot.listening.is_some())
    }

    /// The same in the form of all starts; without times if its lines have none.
    pub(crate) fn document(&self) -> Option<BootDocument> {
        let document = BootDocument::of_node(self.boot()?);
        Some(if self.has_times { document } else { document.without_times() })
    }

    /// How many records it has.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The same of a log of which only what came in time was read.
    #[must_use]
    pub fn unfinished(self) -> Self {
        Self { is_unfinished: true, ..self }
    }

    /// Whether anything in it is of a form that a Backstage writes: its logger's, or Node's own.
    pub fn is_of_a_backstage(&self) -> bool {
        self.known > 0
    }

    /// What it says is wrong, the most telling first.
    pub(crate) fn wrong(&self) -> Vec<Finding> {
        let has_ended = self.fatal.is_some() || self.end.is_some() || self.is_stopped;
        let start = self.start();
        // A start that has failed says more than that its process has ended; one that has not waits for nothing any more.
        let (failed, waits) = match self.document().is_some_and(|boot| boot.outcome.is_some()) {
            true => (start, None),
            false => (None, start.filter(|_| !has_ended)),
        };
        let has_failed = self.document().is_some_and(|boot| boot.has_failed());
        let mut found: Vec<_> = match has_failed && self.fatal.is_none() {
            true => [failed, self.end.clone(), None],
            false => [self.ended(), self.end.clone(), failed],
        }
        .into_iter()
        .chain([waits])
        .flatten()
        .collect();
        found.extend(self.rejected());
        found
    }

    /// The last error of a backend that runs: no more than a hint.
    pub(crate) fn last_error(&self) -> Option<Finding> {
        if let Some(found) = self.database() {
            return Some(found);
        }
        if let Some(found) = self.overload() {
            return Some(found);
        }
        let error = self.error.as_ref()?;
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

    /// That the last error is of a database, or what the log ends with.
    fn database(&self) -> Option<Finding> {
        let of = |fault: DatabaseFault, told: &Fault| {
            let found = Finding::new(fault.cause, fault.what, fault.next).since(told.at);
            match &told.plugin {
                Some(plugin) => found.hits(format!("the plugin '{plugin}'")),
                None => found,
            }
        };
        let known =
            self.database.as_ref().and_then(|told| Some((DatabaseFault::of_key_store(&told.text)?, told)));
        if let Some(error) = &self.error {
            let is_same =
                |fault: &DatabaseFault| DatabaseFault::of_key_store(&error.text).as_ref() == Some(fault);
            let fault = DatabaseFault::of(&error.text)
                .or_else(|| known.clone().map(|(fault, _)| fault).filter(is_same));
            if let Some(fault) = fault {
                return Some(of(fault, error));
            }
        }
        let (fault, told) = known.filter(|(_, told)| {
            let (Some(at), Some(last)) = (told.at, self.last) else { return false };
            last.as_second() - at.as_second() < STILL && !self.is_stopped
        })?;
        Some(of(fault, told))
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
        boot::wrong(&self.document()?)
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

#[cfg(test)]
mod tests;
