//! Following changes of the config files (contract: config-29 to config-31).
//!
//! One thread waits for the file system's events and, for file systems that have none (network shares, some container
//! mounts), looks at every file's size, time and identity once in a while. It lets a burst of writes settle, reads what
//! changed, swaps, and tells subscribers if the merged value is another one. What cannot be read keeps its last good
//! value, is told, and is watched on. Files that were not there at start are not noticed, as in Backstage; files that a
//! broken config would include are.
//!
//! Must not know what is read: that is `live`'s matter.

mod events;
mod fingerprint;
mod signal;

use std::{
    collections::HashMap,
    fmt, io,
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use greenroom_context::contain_panic;

use self::{
    events::Events,
    fingerprint::Fingerprint,
    signal::{Signal, Wake},
};
use greenroom_errors::Error;

use crate::{ConfigError, RootConfig, live::Live};

/// How often files are looked at without an event.
const LOOK: Duration = Duration::from_secs(2);

/// What a watcher has to tell.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReloadEvent<'a> {
    /// Files were read again, subscribers were called if the merged value is another one.
    Read {
        /// Whether it is.
        changed: bool,
    },
    /// A source cannot be read: what it said before stays in force. Told once until its fault is another one.
    Invalid(&'a ConfigError),
    /// Something speaks against what the files say now ([`RootConfig::before_change`]): none of it is in force. Told once,
    /// until something else does.
    Refused(&'a Error),
    /// A subscriber panicked, with this message. The others were called.
    SubscriberPanicked(&'a str),
    /// There are no events for some files, for this reason: they are looked at every two seconds.
    NoEvents(&'a str),
}

/// Ends the watching when dropped: the thread has ended then, and its files are closed.
#[must_use = "the watching ends when this is dropped"]
pub struct Watch {
    signal: Arc<Signal>,
    thread: Option<JoinHandle<()>>,
}

impl RootConfig {
    /// Follows changes of every file that was read, included ones too, until the guard is dropped.
    ///
    /// `observer` hears what happens, on the watching thread. A config made in code has no files, and nothing to watch.
    ///
    /// ```no_run
    /// # use greenroom_config::{ConfigOptions, ReloadEvent, RootConfig};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let config = RootConfig::load(&ConfigOptions::from_process()?)?;
    /// let _watch = config.watch(|event| {
    ///     if let ReloadEvent::Invalid(error) = event {
    ///         eprintln!("the config stays as it was: {error}");
    ///     }
    /// })?;
    /// let reader = config.clone();
    /// let _subscription = config.subscribe(move || println!("{:?}", reader.optional_string("app.title")));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn watch(&self, observer: impl Fn(ReloadEvent<'_>) + Send + Sync + 'static) -> io::Result<Watch> {
        let signal = Arc::new(Signal::default());
        if !self.live().has_sources() {
            return Ok(Watch { signal, thread: None });
        }
        let events = Events::new(signal.clone());
        Watcher::start(self.clone(), signal, events, Box::new(observer), LOOK)
    }

    /// Whether a backend that starts on this config is to follow its files:
    /// [`ConfigOptions::watch`](crate::ConfigOptions::watch).
    pub fn watches_by_default(&self) -> bool {
        self.live().watches_by_default()
    }

    /// Reads all files again, now, and calls subscribers if the merged value is another one; says whether it is.
    ///
    /// # Errors
    /// The first source that cannot be read: it keeps its last value; the other ones are in force. Or the first that
    /// [speaks against](Self::before_change) what they say: nothing of it is in force.
    pub fn reload(&self) -> Result<bool, Error> {
        let reread = self.live().reread(|_| true);
        if reread.changed {
            self.live().listeners.tell();
        }
        let failed = reread.failed.into_iter().map(|(_, error)| Error::from(error));
        failed.chain(reread.refused).next().map_or(Ok(reread.changed), Err)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.signal.stop();
        if let Some(thread) = self.thread.take() {
            // A subscriber may hold the guard: a thread cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

type Observer = Box<dyn Fn(ReloadEvent<'_>) + Send + Sync>;

struct Watcher {
    config: RootConfig,
    signal: Arc<Signal>,
    observer: Observer,
    interval: Duration,
    events: Events,
    seen: HashMap<PathBuf, Fingerprint>,
    /// What was told of each source that cannot be read.
    told: HashMap<PathBuf, String>,
    /// What was told of a change that is not in force.
    refused: Vec<String>,
}

impl Watcher {
    fn start(
        config: RootConfig,
        signal: Arc<Signal>,
        events: Events,
        observer: Observer,
        interval: Duration,
    ) -> io::Result<Watch> {
        let (seen, told, refused) = (HashMap::new(), HashMap::new(), Vec::new());
        let mut watcher =
            Self { config, signal: signal.clone(), observer, interval, events, seen, told, refused };
        #[expect(clippy::disallowed_methods, reason = "the watch ends and joins it itself")]
        let thread = thread::Builder::new().name("config-watch".to_owned()).spawn(move || watcher.run())?;
        Ok(Watch { signal, thread: Some(thread) })
    }

    fn run(&mut self) {
        // Nothing has been seen yet, so the first look reads everything: what changed since the start is not missed.
        self.follow();
        self.look(&[]);
        loop {
            match self.signal.wait(self.interval) {
                Wake::Stop => return,
                Wake::Look(named) => self.look(&named),
            }
        }
    }

    /// Reads what was named by an event, and what looks different.
    fn look(&mut self, named: &[PathBuf]) {
        // Before anything is read: what changes while it is read looks different next time.
        let files = self.config.files().into_iter();
        let now: HashMap<_, _> = files.map(|file| (file.clone(), Fingerprint::of(&file))).collect();
        let differs = |file: &std::path::Path| {
            named.iter().any(|name| self.events.is_name_of(name, file))
                || self.seen.get(file) != now.get(file)
        };
        let wanted = self.config.snapshot().layers.iter().any(|layer| layer.is_made_of(differs));
        if wanted {
            let live = self.config.live().clone();
            let reread = live.reread(|layer| layer.is_made_of(differs));
            self.seen = now;
            self.tell(&live, reread);
        }
        self.follow();
    }

    fn tell(&mut self, live: &Live, reread: crate::live::Reread) {
        self.told.retain(|source, _| reread.failed.iter().any(|(failed, _)| failed == source));
        for (source, error) in &reread.failed {
            let text = error.to_string();
            if self.told.get(source) != Some(&text) {
                self.say(ReloadEvent::Invalid(error));
                self.told.insert(source.clone(), text);
            }
        }
        let before = std::mem::take(&mut self.refused);
        for error in &reread.refused {
            // Several may speak against the same value in the same words.
            let text = error.to_string();
            if self.refused.contains(&text) {
                continue;
            }
            if !before.contains(&text) {
                self.say(ReloadEvent::Refused(error));
            }
            self.refused.push(text);
        }
        if reread.changed {
            for panic in live.listeners.tell() {
                self.say(ReloadEvent::SubscriberPanicked(&panic));
            }
        }
        self.say(ReloadEvent::Read { changed: reread.changed });
    }

    /// Asks for the events of all files there are now.
    fn follow(&mut self) {
        if let Some(reason) = self.events.follow(&self.config.files()) {
            self.say(ReloadEvent::NoEvents(&reason));
        }
    }

    fn say(&self, event: ReloadEvent<'_>) {
        // An observer's panic is no reason to stop watching; the panic hook has told it.
        contain_panic(|| (self.observer)(event));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::ConfigOptions;

    #[test]
    fn without_events_files_are_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("app-config.yaml");
        std::fs::write(&file, "a: 1").unwrap();
        let config =
            RootConfig::load(&ConfigOptions { cwd: dir.path().to_owned(), ..Default::default() }).unwrap();
        let (tell, told) = channel();
        let observer = move |event: ReloadEvent<'_>| {
            let _ = tell.send(match event {
                ReloadEvent::NoEvents(reason) => reason.to_owned(),
                other => format!("{other:?}"),
            });
        };
        let signal = Arc::new(Signal::default());
        let events = Events::none(signal.clone(), "too many watches");
        let watch =
            Watcher::start(config.clone(), signal, events, Box::new(observer), Duration::from_millis(5))
                .unwrap();
        assert_eq!(told.recv().unwrap(), "too many watches");
        assert_eq!(told.recv().unwrap(), "Read { changed: false }");
        std::fs::write(&file, "a: 22").unwrap();
        while told.recv().unwrap() != "Read { changed: true }" {}
        assert_eq!(config.number("a").unwrap(), 22.0);
        drop(watch);
    }
}
