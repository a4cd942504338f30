//! The timed tree of a start: each step below the one that asked for it first.

use std::collections::{HashMap, HashSet};

use greenroom_boot_document::{BootDocument, Step};

use crate::words::{is_time, said};

/// No tree has more lines: it is one screen.
const LINES: usize = 40;

/// What took less than this share of the start is counted only.
const SHARE: f64 = 0.005;

/// `3 ms`, `1.24 s`; `None` for what is no time.
pub(crate) fn time(ms: f64) -> Option<String> {
    is_time(ms).then(|| match ms < 1000.0 {
        true => format!("{ms:.0} ms"),
        false => format!("{:.2} s", ms / 1000.0),
    })
}

/// `plugin 'catalog'`.
pub(super) fn title(step: &Step) -> String {
    match step.kind.as_str() {
        "start" => "start".to_owned(),
        kind => format!("{} '{}'", said(kind), said(&step.name)),
    }
}

/// The lines, and how many steps are not among them.
pub(super) fn lines(boot: &BootDocument) -> (Vec<String>, usize) {
    let whole = boot.took_ms.or_else(|| boot.steps.iter().filter_map(|step| step.ended_ms).reduce(f64::max));
    let least = whole.filter(|whole| is_time(*whole)).unwrap_or_default() * SHARE;
    let mut tree = Tree { boot, least, seen: vec![false; boot.steps.len()], lines: vec![], hidden: 0 };
    let mut by_number: HashMap<usize, Vec<usize>> = HashMap::new();
    for (place, step) in boot.steps.iter().enumerate() {
        by_number.entry(step.step).or_default().push(place);
    }
    // Who waited for whom is not known of all: the first one is the root, and what nobody has waited for stands below it.
    for place in 0..boot.steps.len() {
        tree.add(place, usize::from(place > 0), &by_number);
    }
    (tree.lines, tree.hidden)
}

struct Tree<'a> {
    boot: &'a BootDocument,
    least: f64,
    seen: Vec<bool>,
    lines: Vec<String>,
    hidden: usize,
}

impl Tree<'_> {
    /// A step with all that it has waited for. A chain of waits may be as long as the start has steps: no call stands for each.
    fn add(&mut self, place: usize, depth: usize, by_number: &HashMap<usize, Vec<usize>>) {
        let boot = self.boot;
        let began = |place: &usize| boot.steps[*place].began_ms.unwrap_or(f64::MAX);
        let mut next = vec![(place, depth)];
        while let Some((place, depth)) = next.pop() {
            if std::mem::replace(&mut self.seen[place], true) {
                continue;
            }
            let step = &boot.steps[place];
            let is_short = step.took_ms().is_some_and(|took| took < self.least);
            let is_plain = !step.failed && step.kind != "start";
            if (is_short && is_plain) || self.lines.len() >= LINES {
                self.hidden += 1;
            } else {
                self.lines.push(line(boot, step, depth));
            }
            // It may say so many times that it has waited for one step, and steps may share a number: each place is pushed once.
            let numbers: HashSet<_> = step.waited_for.iter().collect();
            let asked = numbers.into_iter().filter_map(|number| by_number.get(number)).flatten();
            let mut asked: Vec<_> = asked.copied().filter(|place| !self.seen[*place]).collect();
            // The last one is the next. What began at once stands as in the document.
            asked.sort_by(|one, other| began(other).total_cmp(&began(one)).then(other.cmp(one)));
            // The tree is not wider than a screen.
            next.extend(asked.into_iter().map(|place| (place, (depth + 1).min(8))));
        }
    }
}

fn line(boot: &BootDocument, step: &Step, depth: usize) -> String {
    let began = step.began_ms.and_then(time).unwrap_or_default();
    let took = match step.took_ms() {
        Some(took) => time(took).unwrap_or_default(),
        None if step.failed => "failed".to_owned(),
        None => "open".to_owned(),
    };
    let is_critical = boot.critical_path.iter().any(|link| link.step == Some(step.step));
    let mark = if is_critical { "*" } else { " " };
    let mut text = format!("{began:>9} {took:>9} {mark} {}{}", "  ".repeat(depth), title(step));
    if let Some(waited) = step.waited_ms().filter(|waited| *waited >= 1.0).and_then(time) {
        text.push_str(&format!(", waited {waited}"));
    }
    if let (Some(from), Some(to)) = (step.node.as_ref().and_then(|node| node.ended_after_ms), step.ended_ms)
        && to - from >= 1.0
        && step.kind != "start"
        && let (Some(from), Some(to)) = (time(from), time(to))
    {
        text.push_str(&format!(", ended between {from} and {to}"));
    }
    if step.failed && step.kind != "start" {
        text.push_str(", FAILED");
    }
    text
}
