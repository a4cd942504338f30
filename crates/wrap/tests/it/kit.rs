//! Children that tell what they see, and what is left of them.

use std::{fs, path::PathBuf, time::Duration};

use greenroom_wrap::{ChildCommand, Environment};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::unix::pipe,
    time::timeout,
};

/// A pipe with a name, to which children write lines as `$OUT`.
pub(crate) struct Told {
    dir: TempDir,
    lines: Lines<BufReader<pipe::Receiver>>,
}

impl Told {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        // Opened to write as well, it has no end.
        let pipe = pipe::OpenOptions::new().read_write(true).open_receiver(&path).unwrap();
        Self { dir, lines: BufReader::new(pipe).lines() }
    }

    /// A command whose `$OUT` is this.
    pub(crate) fn command(&self, words: &[&str]) -> ChildCommand {
        let mut command = command(words);
        command.env.insert("OUT".into(), self.dir.path().join("out").into());
        command
    }

    /// A shell with a script that writes lines by `tell`.
    pub(crate) fn shell(&self, script: &str) -> ChildCommand {
        self.command(&["sh", "-c", &format!("tell() {{ echo \"$1\" > \"$OUT\"; }}\n{script}")])
    }

    pub(crate) async fn line(&mut self) -> String {
        let line = timeout(Duration::from_secs(20), self.lines.next_line()).await;
        line.expect("a line").unwrap().unwrap()
    }

    pub(crate) async fn number(&mut self) -> u32 {
        self.line().await.parse().unwrap()
    }

    /// What there is beside the next `last`, which somebody has to write.
    pub(crate) async fn until(&mut self, last: &str) -> Vec<String> {
        let mut lines = vec![];
        loop {
            match self.line().await {
                line if line == last => return lines,
                line => lines.push(line),
            }
        }
    }

    pub(crate) fn tell(&self, line: &str) {
        fs::write(self.dir.path().join("out"), format!("{line}\n")).unwrap();
    }
}

pub(crate) fn command(words: &[&str]) -> ChildCommand {
    let env: Environment = std::env::var_os("PATH").map(|path| ("PATH".into(), path)).into_iter().collect();
    ChildCommand::new(words.iter().map(Into::into), PathBuf::from("/"), env).unwrap()
}

/// This program, started for one of its tests that is ignored else.
pub(crate) fn this_program(test: &str) -> Vec<String> {
    let program = std::env::current_exe().unwrap().into_os_string().into_string().unwrap();
    [&program, "--exact", test, "--ignored", "--nocapture"].map(|word| (*word).to_owned()).to_vec()
}

/// Whether a process has not ended. One whose status nobody has taken yet has.
pub(crate) fn lives(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !stat.rsplit_once(") ").unwrap().1.starts_with(['Z', 'X'])
}

/// Nothing tells when a process ends whose parent we are not.
pub(crate) async fn until_gone(pid: u32) {
    let gone = async {
        while lives(pid) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), gone).await.expect("the end of a process");
}
