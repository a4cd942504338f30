//! The last errors: the lines of one request are one fault, told by its cause; faults that say the same stand together, whatever
//! ids and numbers they name.

use std::{
    collections::{HashMap, hash_map::Entry},
    time::{Duration, SystemTime},
};

use greenroom::log_store::{Line, LogStore};

/// How many lines are looked at.
const LINES: usize = 200;

/// An error of a request follows from the one before if it comes within this time. Clients may choose ids: one that sends the
/// same with all its requests does not make one fault of all that ever fails.
const FOLLOWS: Duration = Duration::from_secs(60);

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(crate) struct Errors {
    /// By plugin and message without its ids, the newest first.
    pub(crate) groups: Vec<ErrorGroup>,
    /// When each of their faults was.
    pub(crate) times: Vec<SystemTime>,
    /// How many lines they are made of.
    pub(crate) lines: usize,
    /// Whether lines are kept at all.
    pub(crate) are_kept: bool,
}

impl Errors {
    /// How many faults came after that.
    pub(crate) fn since(&self, time: SystemTime) -> usize {
        self.times.iter().filter(|at| **at > time).count()
    }

    /// Whether there may be older ones.
    pub(crate) fn are_cut(&self) -> bool {
        self.lines == LINES
    }
}

/// Faults that say the same.
#[derive(Clone, Debug)]
pub(crate) struct ErrorGroup {
    pub(crate) last: SystemTime,
    /// That of the newest fault.
    pub(crate) message: String,
    pub(crate) plugin: Option<String>,
    pub(crate) count: usize,
    pub(crate) request_id: Option<String>,
    pub(crate) trace_id: Option<String>,
    /// How many lines followed from the newest fault.
    pub(crate) more: usize,
    pub(crate) stack: Option<String>,
}

pub(super) fn of(store: &LogStore) -> Errors {
    let mut lines = store.last_errors(LINES);
    lines.reverse();
    let count = lines.len();
    let causes = causes(lines);
    let times = causes.iter().map(|(cause, _)| cause.time).collect();
    Errors { times, lines: count, are_kept: store.is_on(), groups: groups(causes) }
}

/// The first line of each fault, and how many followed from it, of lines whose oldest is in front.
fn causes(lines: Vec<Line>) -> Vec<(Line, usize)> {
    let faults = faults(lines.iter().map(|line| (line.request_id.as_deref(), line.time)));
    let mut causes: Vec<(Line, usize)> = vec![];
    for (line, fault) in lines.into_iter().zip(faults) {
        match causes.get_mut(fault) {
            Some((_, more)) => *more += 1,
            None => causes.push((line, 0)),
        }
    }
    causes
}

/// Of which fault each line tells: of a request there is one at a time. They are numbered by their first lines.
fn faults<'a>(lines: impl Iterator<Item = (Option<&'a str>, SystemTime)>) -> Vec<usize> {
    let mut last: HashMap<&str, (usize, SystemTime)> = HashMap::new();
    let (mut faults, mut next) = (vec![], 0);
    for (request, time) in lines {
        let before = request.and_then(|id| last.get(id));
        let before = before.filter(|(_, at)| time.duration_since(*at).unwrap_or_default() <= FOLLOWS);
        let fault = before.map_or(next, |(fault, _)| *fault);
        next = next.max(fault + 1);
        if let Some(id) = request {
            last.insert(id, (fault, time));
        }
        faults.push(fault);
    }
    faults
}

/// The newest first.
fn groups(causes: Vec<(Line, usize)>) -> Vec<ErrorGroup> {
    let mut groups: Vec<ErrorGroup> = vec![];
    let mut places: HashMap<_, usize> = HashMap::new();
    for (line, more) in causes.into_iter().rev() {
        match places.entry((without_ids(&line.message), line.plugin.clone())) {
            Entry::Occupied(place) => {
                groups[*place.get()].count += 1;
                continue;
            }
            Entry::Vacant(place) => place.insert(groups.len()),
        };
        let stack = line.stack().map(str::to_owned);
        let Line { time: last, message, plugin, request_id, trace_id, .. } = line;
        groups.push(ErrorGroup { last, message, plugin, count: 1, request_id, trace_id, more, stack });
    }
    groups
}

/// What stays of a message without what is another one each time: numbers, and ids such as a `logId` or a UUID.
fn without_ids(message: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (run, behind) = rest.split_at(end);
        rest = behind;
        if is_word(first) && is_hex_id(run) {
            out.push('#');
            continue;
        }
        for (at, part) in run.split('-').enumerate() {
            let is_number = part.starts_with(|c: char| c.is_ascii_digit());
            out.push_str(if at > 0 { "-" } else { "" });
            out.push_str(if is_number { "#" } else { part });
        }
    }
    out
}

/// No word of a language is that long with these letters alone.
fn is_hex_id(run: &str) -> bool {
    let digits = run.bytes().filter(u8::is_ascii_hexdigit).count();
    digits >= 8 && run.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_one_request_are_one_fault_as_long_as_they_follow_each_other() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let lines = [
            (Some("a"), at(0)),
            (Some("b"), at(1)),
            (Some("a"), at(50)),
            (None, at(51)),
            (None, at(51)),
            (Some("a"), at(100)),
            (Some("a"), at(161)),
            (Some("b"), at(62)),
        ];
        assert_eq!(faults(lines.into_iter()), [0, 1, 0, 2, 3, 0, 4, 5]);
    }

    #[test]
    fn messages_that_differ_in_ids_and_numbers_alone_are_the_same() {
        for (one, other) in [
            (
                "Request failed with status 500 logId=5f2a9c01bb34de",
                "Request failed with status 500 logId=e3a1b2c4d5f6a7",
            ),
            ("no task 1b4e28ba-2fa1-11d2-883f-0016d3cca427", "no task 6fa459ea-ee8a-3ca4-894e-db77e160355e"),
            ("took 12 ms of 3000", "took 9 ms of 40"),
            ("job-17 ended after 12ms", "job-4 ended after 9ms"),
        ] {
            assert_eq!(without_ids(one), without_ids(other));
        }
    }

    #[test]
    fn messages_that_differ_in_words_are_not() {
        for (one, other) in [
            ("upstream answered badly", "upstream answered late"),
            ("the face is bad", "the bead is bad"),
            ("kein Gerät", "kein Gerüst"),
            ("", "-"),
        ] {
            assert_ne!(without_ids(one), without_ids(other));
        }
        assert_eq!(without_ids("a -- b: äöü"), "a -- b: äöü");
    }
}
