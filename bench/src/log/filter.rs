//! A large file, filtered.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::process::{Core, Process};
use crate::server::count_lines;
use crate::subject::{Places, command};

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// What filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Filter {
    Greenroom,
    Jq,
}

/// What is looked for, in both languages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) name: &'static str,
    ours: &'static [&'static str],
    theirs: &'static str,
}

pub(super) const ASKED: [Asked; 2] = [
    Asked { name: "errors", ours: &["--level", "error"], theirs: r#"select(.level == "error")"# },
    Asked {
        name: "requests answered with 200 in a plugin's log",
        ours: &["plugin:rootHttpRouter", "status:200"],
        theirs: r#"select(.plugin == "rootHttpRouter" and .status == 200)"#,
    },
];

impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Filter {
    pub(super) const ALL: [Self; 2] = [Self::Greenroom, Self::Jq];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Greenroom => "`greenroom logs --json`",
            Self::Jq => "`jq -c`",
        }
    }

    /// How many seconds it takes, and how many lines it finds.
    pub(super) fn run(
        self,
        places: &Places,
        asked: Asked,
        file: &Path,
        scratch: &Path,
    ) -> io::Result<(f64, u64)> {
        let out = scratch.join("found.log");
        let mut command = match self {
            Self::Greenroom => {
                let mut ours = command(places.target.join("release/greenroom"));
                ours.args(["logs", "--json"]).arg(file).args(asked.ours);
                ours
            }
            Self::Jq => {
                let mut theirs = command("jq");
                theirs.arg("-c").arg(asked.theirs).arg(file);
                theirs
            }
        };
        let mut process = Process::start(command.stdout(File::create(&out)?), Core::Server)?;
        let status = process.wait(PATIENCE)?;
        if !status.success() {
            return Err(io::Error::other(format!("{} ended with {status}", self.name())));
        }
        Ok((process.started().elapsed().as_secs_f64(), count_lines(&out)?))
    }
}

/// Fails unless both have found as much.
pub(super) fn compare(asked: Asked, ours: u64, theirs: u64) -> io::Result<()> {
    match ours == theirs && ours > 0 {
        true => Ok(()),
        false => Err(io::Error::other(format!("{asked}: {ours} lines found, by jq {theirs}"))),
    }
}
