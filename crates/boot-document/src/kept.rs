//! The last starts, as they are kept in the data directory.

use std::{collections::HashSet, io, path::Path};

use greenroom_data_dir::RecentLines;

use crate::BootDocument;

/// As much is kept of what an error says where there is no room for all.
const SHORT: usize = 500;

/// The last starts, ours and those of a Node backend that we run, in a file of a data directory.
///
/// ```
/// use greenroom_boot_document::{BootDocument, KeptBoots};
///
/// let dir = tempfile::tempdir()?;
/// let kept = KeptBoots::in_dir(dir.path());
/// kept.push(BootDocument { backend: "node".to_owned(), ..BootDocument::default() })?;
/// assert_eq!(kept.read()[0].backend, "node");
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeptBoots(RecentLines);

impl KeptBoots {
    /// Those of this data directory.
    pub fn in_dir(dir: &Path) -> Self {
        Self(RecentLines::at(&dir.join(RecentLines::BOOTS)))
    }

    /// Keeps one, as much of it as finds room.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn push(&self, boot: BootDocument) -> io::Result<()> {
        self.0.push(&line(boot)?)
    }

    /// All of them, the newest last; none where nothing can be read. A line that is no start is passed over: a newer or an older version
    /// has written it.
    pub fn read(&self) -> Vec<BootDocument> {
        let lines = self.0.read().unwrap_or_default();
        lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

/// The line of one. Of one that is too long, what is said twice goes first, then the shortest steps, and in the end failures.
fn line(mut boot: BootDocument) -> io::Result<String> {
    let mut line = serde_json::to_string(&boot)?;
    if line.len() > RecentLines::LONGEST {
        shorten(&mut boot);
        line = serde_json::to_string(&boot)?;
    }
    while line.len() > RecentLines::LONGEST && boot.steps.len() > 1 {
        drop_shortest(&mut boot);
        line = serde_json::to_string(&boot)?;
    }
    while line.len() > RecentLines::LONGEST && !boot.failures.is_empty() {
        boot.failures.truncate(boot.failures.len() / 2);
        line = serde_json::to_string(&boot)?;
    }
    Ok(line)
}

/// Each cause is told once in full; what steps threw stands in the failures.
fn shorten(boot: &mut BootDocument) {
    let known: HashSet<String> = {
        let first = boot.causes().into_iter().filter_map(|cause| cause.failed.first().copied());
        first.map(crate::Failed::who).collect()
    };
    for failed in &mut boot.failures {
        if !known.contains(&failed.who()) {
            failed.causes.truncate(1);
        }
        failed.causes.iter_mut().for_each(cut);
    }
    boot.failure.iter_mut().for_each(cut);
    for node in boot.steps.iter_mut().filter_map(|step| step.node.as_mut()) {
        node.error = None;
    }
}

fn cut(text: &mut String) {
    if text.len() > SHORT {
        text.truncate(text.floor_char_boundary(SHORT));
        text.push('…');
    }
}

/// A quarter of the steps; the start itself stays, it is the root of all.
fn drop_shortest(boot: &mut BootDocument) {
    let took = |step: &crate::Step| step.ended_ms.unwrap_or(f64::MAX) - step.began_ms.unwrap_or_default();
    let mut by_time: Vec<_> = boot.steps.iter().map(&took).collect();
    by_time.sort_by(f64::total_cmp);
    let least = by_time.get(by_time.len() / 4).copied().unwrap_or_default();
    let before = boot.steps.len();
    boot.steps.retain(|step| took(step) > least || step.kind == "start");
    if boot.steps.len() == before {
        boot.steps.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Failed, NodeTimes, Outcome, Step, StepOfNode};

    fn step(number: usize, kind: &str) -> Step {
        Step {
            step: number,
            kind: kind.to_owned(),
            name: format!("p{number}"),
            began_ms: Some(0.0),
            ended_ms: Some(number as f64),
            node: Some(StepOfNode {
                ended_after_ms: Some(1.0),
                state: "failed".to_owned(),
                since: "2026-12-01T10:00:00Z".parse().ok(),
                error: Some("x".repeat(900)),
            }),
            ..Step::default()
        }
    }

    fn boot(plugins: usize, said: usize) -> BootDocument {
        let failed = |number: usize| Failed {
            plugin: Some(format!("p{number}")),
            causes: vec!["connect ECONNREFUSED 127.0.0.1:1".to_owned(), "x".repeat(said)],
            ..Failed::default()
        };
        BootDocument {
            backend: "node".to_owned(),
            began_at: "2026-12-01T10:00:00Z".parse().ok(),
            outcome: Some(Outcome::Failure),
            node: Some(NodeTimes { config_ms: Some(1.0), listening_ms: None, plugins_ms: None, left_out: 0 }),
            failures: (1..=plugins).map(failed).collect(),
            steps: std::iter::once(step(0, "start"))
                .chain((1..=plugins).map(|n| step(n, "plugin")))
                .collect(),
            ..BootDocument::default()
        }
    }

    #[test]
    fn what_is_kept_comes_back_as_it_was_and_a_foreign_line_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let kept = KeptBoots::in_dir(dir.path());
        kept.push(boot(2, 40)).unwrap();
        kept.0.push("rubbish").unwrap();
        let own = BootDocument {
            backend: "greenroom".to_owned(),
            steps: vec![Step { kind: "start".to_owned(), ..Step::default() }],
            ..BootDocument::default()
        };
        kept.push(own.clone()).unwrap();
        assert_eq!(kept.read(), [boot(2, 40), own]);
    }

    #[test]
    fn a_start_in_which_all_plugins_fail_is_kept_with_its_cause_and_whom_it_hit() {
        for (plugins, said) in [(11, 900), (60, 900), (400, 16 * 1024)] {
            let line = line(boot(plugins, said)).unwrap();
            assert!(line.len() <= RecentLines::LONGEST, "{plugins}: {} bytes", line.len());
            let back: BootDocument = serde_json::from_str(&line).unwrap();
            let causes = back.causes();
            assert_eq!((causes.len(), causes[0].text), (1, "connect ECONNREFUSED 127.0.0.1:1"));
            assert!(causes[0].failed.len() == plugins || plugins > 60, "{}", causes[0].failed.len());
            assert_eq!(back.steps[0].kind, "start");
        }
    }
}
