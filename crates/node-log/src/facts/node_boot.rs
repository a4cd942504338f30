//! A start of a Node backend, as its lines tell it one after the other.

use std::time::{Duration, SystemTime};

use super::{
    Boot, StartupFailure,
    step::{self, BootStep, Excerpt, StepState},
};
use crate::{Kind, Plugin, Record};

/// So many plugins are kept, and so many modules that failed.
const MOST: usize = 200;

/// A start of a Node backend, as far as its lines tell.
///
/// ```
/// use std::time::{Duration, Instant, SystemTime};
/// use greenroom_node_log::{Reader, Stream, facts::{NodeBoot, Outcome, StepState}};
///
/// let mut boot = NodeBoot::new(SystemTime::UNIX_EPOCH);
/// let mut print = |second: u64, message: &str| {
///     let line = format!("{{\"level\":\"info\",\"message\":\"{message}\",\"service\":\"backstage\"}}\n");
///     let at = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
///     Reader::new(Stream::Stdout).push(line.as_bytes(), Instant::now(), &mut |record| boot.note(&record, || at));
/// };
/// print(3, "Plugin initialization started: 'catalog', 'search'");
/// print(4, "Plugin initialization in progress, newly initialized: 'catalog', still initializing: 'search'");
/// assert_eq!(boot.outcome(), Outcome::Starting);
/// assert_eq!(boot.pending().map(|step| &*step.plugin).collect::<Vec<_>>(), ["search"]);
/// let catalog = &boot.steps()[0];
/// assert_eq!((catalog.state, catalog.took()), (StepState::Ready, Some((Duration::ZERO, Duration::from_secs(1)))));
/// ```
///
/// It has no clock: who prints a line is asked when, and only of lines that tell something. What is kept is bounded, whatever is
/// printed. Texts are as they were printed: who shows one takes secrets out before, see [`masked`](Self::masked).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeBoot {
    /// When the process was started, as who started it says.
    pub began_at: SystemTime,
    /// When it began to read its config: all packages were loaded.
    pub config_at: Option<SystemTime>,
    /// When it listened, and on which port.
    pub listening: Option<(SystemTime, u16)>,
    /// When all plugins began.
    pub plugins_at: Option<SystemTime>,
    /// When all plugins had ended, well or not.
    pub ended_at: Option<SystemTime>,
    /// The line that says that the start fails.
    pub failure: Option<Excerpt>,
    /// What nobody in Node took care of while it started. The start may have ended by that.
    pub rejection: Option<Excerpt>,
    steps: Vec<BootStep>,
    left_out: usize,
    /// When a line has told last who is ready.
    told_at: SystemTime,
    ended: usize,
}

/// How far a start is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// It goes on. No line tells of the end of a process: one that has ended meanwhile is here, too.
    Starting,
    /// All plugins had ended then. The config permits the failures, if there are any.
    Started(SystemTime),
    /// It fails, as this line says, and may go on for those plugins that have not ended.
    Failed(&'a Excerpt),
}

impl NodeBoot {
    /// Of a process that has been started.
    pub fn new(began_at: SystemTime) -> Self {
        Self {
            began_at,
            config_at: None,
            listening: None,
            plugins_at: None,
            ended_at: None,
            failure: None,
            rejection: None,
            steps: Vec::new(),
            left_out: 0,
            told_at: began_at,
            ended: 0,
        }
    }

    /// How far it is.
    pub fn outcome(&self) -> Outcome<'_> {
        match (&self.failure, self.ended_at) {
            (Some(failure), _) => Outcome::Failed(failure),
            (None, Some(ended)) => Outcome::Started(ended),
            (None, None) => Outcome::Starting,
        }
    }

    /// Plugins in the order of their ids, then modules that failed.
    pub fn steps(&self) -> &[BootStep] {
        &self.steps
    }

    /// How many plugins and failed modules there are beyond those that are kept.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Plugins that the start waits for.
    pub fn pending(&self) -> impl Iterator<Item = &BootStep> {
        self.steps.iter().filter(|step| step.state.is_pending())
    }

    /// Plugins and modules that threw.
    pub fn failed(&self) -> impl Iterator<Item = &BootStep> {
        self.steps.iter().filter(|step| step.state.has_failed())
    }

    /// How long it took until all plugins had ended, packages and config included.
    pub fn took(&self) -> Option<Duration> {
        Some(self.since_began(self.ended_at?))
    }

    /// From the start of the process to a moment.
    pub fn since_began(&self, at: SystemTime) -> Duration {
        at.duration_since(self.began_at).unwrap_or_default()
    }

    /// The same with each text as `shown` shows it, names too: whoever prints a line chooses them.
    #[must_use]
    pub fn masked(mut self, shown: impl Fn(&Excerpt) -> String) -> Self {
        for step in &mut self.steps {
            for name in [Some(&mut step.plugin), step.module.as_mut()].into_iter().flatten() {
                *name = shown(&Excerpt { text: std::mem::take(name), is_cut: false });
            }
        }
        let errors = self.steps.iter_mut().map(|step| &mut step.error);
        for excerpt in errors.chain([&mut self.failure, &mut self.rejection]).flatten() {
            *excerpt = Excerpt { text: shown(excerpt), is_cut: false };
        }
        self
    }

    /// Notes what was printed, and when.
    pub fn note(&mut self, record: &Record<'_>, at: impl FnOnce() -> SystemTime) {
        let excerpt = |text: &str| Excerpt::of(text, record.truncated_bytes > 0);
        match Boot::of(record) {
            Some(Boot::LoadingConfig { source }) if source.contains("ConfigSource{") => {
                self.loads_config(at())
            }
            Some(Boot::Listening { port, .. }) => {
                self.listening.get_or_insert_with(|| (at(), port));
            }
            Some(Boot::Started { plugins }) => self.started(&plugins, at()),
            Some(Boot::InProgress { initialized, initializing }) => {
                self.progressed(&initialized, &initializing, at());
            }
            Some(Boot::Complete { initialized, initializing }) => {
                self.completed(&initialized, &initializing, at());
            }
            // What fails after the start is no start that failed.
            Some(Boot::Failed(failure)) if !failure.late && self.ended_at.is_none() => {
                if !failure.permitted {
                    self.failure.get_or_insert_with(|| excerpt(&record.message));
                }
                let error = Some(failure.error).filter(|error| !error.is_empty()).map(excerpt);
                self.threw(&failure, error, at());
            }
            // It comes after the line that all plugins have ended; of a start that went well, whoever prints these words means
            // something else.
            Some(Boot::StartupFailed { .. }) if self.ended_at.is_none() || self.failure.is_some() => {
                self.failure.get_or_insert_with(|| excerpt(&record.message));
            }
            None if self.ended_at.is_none() => self.note_other(record, at),
            _ => {}
        }
    }

    /// A line that is not the framework's word on the start.
    fn note_other(&mut self, record: &Record<'_>, at: impl FnOnce() -> SystemTime) {
        if is_rejection(record) {
            let is_cut = record.truncated_bytes > 0;
            self.rejection.get_or_insert_with(|| Excerpt::of(&record.message, is_cut));
        } else if let Some(Plugin::Named(id)) = &record.plugin
            && let Some(step) = self.plugin(id).filter(|step| step.state == StepState::Waiting)
        {
            (step.state, step.since) = (StepState::Initializing, at());
        }
    }

    /// The first line of a start: of another one, where a tool that watches files has started Node again.
    fn loads_config(&mut self, at: SystemTime) {
        if self.plugins_at.is_some() || self.failure.is_some() || self.rejection.is_some() {
            *self = Self::new(at);
        }
        self.config_at.get_or_insert(at);
    }

    fn started(&mut self, plugins: &[&str], at: SystemTime) {
        // Another start reads its config first.
        if self.ended_at.is_some() {
            return;
        }
        self.plugins_at.get_or_insert(at);
        self.told_at = at;
        for id in plugins {
            self.left_out += usize::from(self.plugin_or_new(id, at).is_none());
        }
    }

    fn progressed(&mut self, initialized: &[&str], initializing: &[&str], at: SystemTime) {
        if self.ended_at.is_some() {
            return;
        }
        self.settle(initialized, at);
        for id in initializing {
            if let Some(step) = self.plugin_or_new(id, at).filter(|step| step.state == StepState::Waiting) {
                (step.state, step.since) = (StepState::Initializing, at);
            }
        }
        self.told_at = at;
    }

    fn completed(&mut self, initialized: &[&str], initializing: &[&str], at: SystemTime) {
        if self.ended_at.is_some() {
            return;
        }
        self.settle(initialized, at);
        for id in initializing {
            if let Some(step) = self.plugin_or_new(id, at).filter(|step| step.state.is_pending()) {
                (step.state, step.since) = (StepState::Orphan, at);
            }
        }
        // Of those that are left, the line that named them is lost.
        let lost: Vec<_> = self.pending().map(|step| step.plugin.clone()).collect();
        self.settle(&lost.iter().map(String::as_str).collect::<Vec<_>>(), at);
        (self.ended_at, self.told_at, self.rejection) = (Some(at), at, None);
    }

    /// These have ended since the line before, in this order; of those that failed a line has told.
    fn settle(&mut self, initialized: &[&str], at: SystemTime) {
        let known: Vec<_> = initialized
            .iter()
            .map(|id| self.plugin(id).and_then(|step| step.place.map(|_| step.since)))
            .collect();
        // Each ended before the next one of which that is known.
        let mut next = at;
        let mut by: Vec<_> = known
            .iter()
            .rev()
            .map(|exactly| {
                next = exactly.unwrap_or(next);
                next
            })
            .collect();
        by.reverse();
        let mut not_before = self.told_at;
        for ((id, exactly), by) in initialized.iter().zip(known).zip(by) {
            if let Some(exactly) = exactly {
                not_before = exactly;
                continue;
            }
            let place = self.ended;
            let Some(step) = self.plugin_or_new(id, at).filter(|step| step.place.is_none()) else { continue };
            (step.state, step.place) = (StepState::Ready, Some(place));
            // The times of lines may go back.
            (step.not_before, step.since) = (not_before.min(by), by);
            self.ended += 1;
        }
    }

    fn threw(&mut self, failure: &StartupFailure<'_>, error: Option<Excerpt>, at: SystemTime) {
        let place = self.ended;
        let Some(step) = (match failure.module {
            Some(module) => self.module_or_new(failure.plugin, module, at),
            None => self.plugin_or_new(failure.plugin, at),
        }) else {
            return;
        };
        step.state = if failure.permitted { StepState::FailedPermitted } else { StepState::Failed };
        (step.since, step.not_before, step.error) = (at, at, error);
        if step.place.is_none() {
            step.place = Some(place);
            self.ended += 1;
        }
    }

    fn plugin(&mut self, id: &str) -> Option<&mut BootStep> {
        let id = step::name(id);
        self.steps.iter_mut().find(|step| step.module.is_none() && step.plugin == id)
    }

    fn plugin_or_new(&mut self, id: &str, at: SystemTime) -> Option<&mut BootStep> {
        let id = step::name(id);
        let of_plugins = self.steps.iter().take_while(|step| step.module.is_none()).count();
        let found = self.steps[..of_plugins].iter().position(|step| step.plugin == id);
        let index = match found {
            Some(index) => index,
            None if of_plugins < MOST => {
                self.steps.insert(of_plugins, BootStep::new(id, None, self.plugins_at, at));
                of_plugins
            }
            None => return None,
        };
        self.steps.get_mut(index)
    }

    fn module_or_new(&mut self, plugin: &str, module: &str, at: SystemTime) -> Option<&mut BootStep> {
        let (plugin, module) = (step::name(plugin), step::name(module));
        let is_it = |step: &BootStep| step.plugin == plugin && step.module.as_deref() == Some(module);
        let index = match self.steps.iter().position(is_it) {
            Some(index) => index,
            None if self.steps.iter().filter(|step| step.module.is_some()).count() < MOST => {
                self.steps.push(BootStep::new(plugin, Some(module), None, at));
                self.steps.len() - 1
            }
            None => {
                self.left_out += 1;
                return None;
            }
        };
        self.steps.get_mut(index)
    }
}

/// Whether Backstage's logger tells of an error that nobody has taken care of.
fn is_rejection(record: &Record<'_>) -> bool {
    matches!(record.kind, Kind::Json | Kind::Development)
        && !matches!(record.plugin, Some(Plugin::Named(_)))
        && record.message.starts_with("Unhandled rejection")
}
