//! The last error lines, those that say the same together.

use std::time::SystemTime;

use greenroom::{
    log_store::{Line, LogStore},
    logging::Level,
};

/// How many lines are looked at.
const LINES: usize = 200;

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(crate) struct Errors {
    /// By plugin and message, the newest first.
    pub(crate) groups: Vec<ErrorGroup>,
    /// When each of their lines was logged.
    pub(crate) times: Vec<SystemTime>,
    /// Whether lines are kept at all.
    pub(crate) are_kept: bool,
}

impl Errors {
    /// How many lines came after that.
    pub(crate) fn since(&self, time: SystemTime) -> usize {
        self.times.iter().filter(|at| **at > time).count()
    }

    /// Whether there may be older ones.
    pub(crate) fn are_cut(&self) -> bool {
        self.times.len() == LINES
    }
}

/// Lines that say the same.
#[derive(Clone, Debug)]
pub(crate) struct ErrorGroup {
    pub(crate) last: SystemTime,
    pub(crate) message: String,
    pub(crate) plugin: Option<String>,
    pub(crate) count: usize,
    pub(crate) request_id: Option<String>,
    pub(crate) stack: Option<String>,
}

pub(super) fn of(store: &LogStore) -> Errors {
    let lines = store.last_errors(LINES);
    let times = lines.iter().map(|line| line.time).collect();
    Errors { times, are_kept: store.is_on(), groups: groups(lines) }
}

fn groups(lines: Vec<Line>) -> Vec<ErrorGroup> {
    let mut groups: Vec<ErrorGroup> = vec![];
    for line in lines.into_iter().filter(|line| line.level == Level::Error) {
        let same = |group: &&mut ErrorGroup| group.message == line.message && group.plugin == line.plugin;
        if let Some(group) = groups.iter_mut().find(same) {
            group.count += 1;
            continue;
        }
        let stack = line.stack().map(str::to_owned);
        let Line { time: last, message, plugin, request_id, .. } = line;
        groups.push(ErrorGroup { last, message, plugin, count: 1, request_id, stack });
    }
    groups
}
