//! Follows Backstage: asks a newly locked version of Node what the recordings ask, keeps what it says differently, and
//! tells what that is, by kind and by the rules that stand on it.

use std::fmt;
use std::fs;
use std::io;

use crate::peer;
use crate::recorded::{self, STORIES, Staged};
use crate::replay;
use crate::scenarios::{SCENARIOS, Stage};
use crate::version::{Kind, Version};

mod changes;
mod rewrite;
mod rules;

use changes::Changes;
use rewrite::{exchange, tidied};

/// What came of following to a version.
#[derive(Debug)]
pub struct Followed {
    version: Version,
    changes: Changes,
    /// How many recordings were compared.
    compared: usize,
    /// What was not recorded again, and why.
    not_again: Vec<String>,
}

/// Has a version say all that is recorded, and keeps in its own fixtures what it says differently from the one before.
pub async fn follow(version: Version) -> io::Result<Followed> {
    let mut followed = Followed { version, changes: Changes::default(), compared: 0, not_again: set_aside() };
    followed.exchanges().await?;
    followed.logs().await?;
    Ok(followed)
}

/// What no scenario and no story repeats.
fn set_aside() -> Vec<String> {
    recorded::SET_ASIDE.iter().map(|(name, why)| format!("log {name}: {why}")).collect()
}

impl Followed {
    async fn exchanges(&mut self) -> io::Result<()> {
        let launch = peer::launch(self.version)?;
        for scenario in SCENARIOS {
            if let Stage::Later(why) = scenario.stage {
                self.not_again.push(format!("scenario {}: {why}", scenario.name));
                continue;
            }
            let report = Box::pin(replay::run(&launch, scenario, self.version)).await;
            self.compared += report.cases.len();
            for case in report.cases {
                let name = &case.transcript;
                if case.differences.is_empty() {
                    continue;
                }
                let Some(received) = case.received else {
                    let why = case.differences.first().and_then(|difference| difference.received.clone());
                    self.not_again.push(format!("exchange {name}: {}", why.unwrap_or_default()));
                    continue;
                };
                let text = exchange(&self.version.recording(Kind::Exchange, name)?, &received);
                self.keep(Kind::Exchange, name, &text)?;
                self.changes.note(scenario.name, name, &case.differences);
            }
            if let Some(broken) = report.broken {
                self.not_again.push(format!("scenario {}: {broken}", scenario.name));
            }
        }
        Ok(())
    }

    async fn logs(&mut self) -> io::Result<()> {
        let launch = peer::launch(self.version)?;
        for story in STORIES {
            let before = self.version.recording(Kind::Log, story.name)?;
            let staged = Staged::new(story, launch.clone())?;
            match Box::pin(recorded::record(&staged, &before)).await {
                Ok((text, differences)) => {
                    self.compared += 1;
                    if !differences.is_empty() {
                        self.keep(Kind::Log, story.name, &tidied(&text))?;
                        self.changes.note(&story.name.replace('-', "_"), story.name, &differences);
                    }
                }
                Err(error) => self.not_again.push(format!("log {}: {error}", story.name)),
            }
        }
        Ok(())
    }

    fn keep(&self, kind: Kind, name: &str, text: &str) -> io::Result<()> {
        let file = self.version.own(kind, name);
        file.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(file, text)
    }
}

impl fmt::Display for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, changes, compared, not_again } = self;
        writeln!(f, "Node {version}: {compared} recordings compared, {} differ", changes.recordings())?;
        write!(f, "{changes}")?;
        if !not_again.is_empty() {
            writeln!(f, "\nnot recorded again:")?;
        }
        not_again.iter().try_for_each(|text| writeln!(f, "  {}", text.lines().next().unwrap_or_default()))
    }
}
