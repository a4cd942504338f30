//! Several processes at once on one database: this test program, started again for one of its tests.

use std::{
    env,
    io::{Read, Write},
    process::{Child, Command, Stdio},
};

use greenroom_database::{Migration, Migrations};

use crate::{ask, cluster::cluster, config, open};

const ALL: &[Migration] = &[
    Migration::new("0001", "create table steps (id serial primary key); insert into steps default values"),
    Migration::new("0002", "insert into steps default values"),
    Migration::new("0003", "insert into steps default values"),
];

/// A process that runs one test, which is ignored else.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(test: &str, variables: &[(&str, &str)]) -> Self {
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", test, "--ignored", "--nocapture"])
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        Self(child.unwrap())
    }

    /// Lets it begin, if it waits for that.
    pub(crate) fn go(&mut self) {
        drop(self.0.stdin.take());
    }

    /// All that it has said, when it has ended well.
    pub(crate) fn end(mut self) -> String {
        self.go();
        let ended = self.0.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stdout).unwrap();
        assert!(ended.status.success(), "{said}");
        said
    }
}

/// What a process tells the test that has started it.
pub(crate) fn tell(text: &str) {
    std::io::stdout().write_all(format!("\ntold: {text}\n").as_bytes()).unwrap();
}

/// What it has told.
pub(crate) fn told(said: &str) -> &str {
    said.lines().find_map(|line| line.strip_prefix("told: ")).unwrap_or_else(|| panic!("{said}"))
}

fn wait_for_go() {
    std::io::stdin().read_to_end(&mut vec![]).unwrap();
}

#[tokio::test]
async fn three_processes_that_start_at_once_all_start_and_apply_each_migration_once() {
    let yaml = config(cluster(), "");
    let start = || Process::start("processes::child_that_migrates", &[("TEST_CONFIG", &yaml)]);
    let mut all = [start(), start(), start()];
    all.iter_mut().for_each(Process::go);
    let mut applied: Vec<_> = all.into_iter().flat_map(|one| told(&one.end()).parse::<usize>()).collect();
    applied.sort_unstable();
    let client = open(&yaml, "three-processes").await.unwrap();
    assert_eq!(ask(&client, "select count(*)::text from steps").await, "3", "{applied:?}");
    assert_eq!(ask(&client, "select count(*)::text from greenroom_migrations").await, "3");
    assert_eq!(applied, [3, 3, 3], "each has found all steps done");
}

#[tokio::test]
#[ignore = "a process of the test above"]
async fn child_that_migrates() {
    wait_for_go();
    let client = open(&env::var("TEST_CONFIG").unwrap(), "three-processes").await.unwrap();
    client.migrate(&Migrations::new(ALL)).await.unwrap();
    tell(&ask(&client, "select count(*)::text from steps").await);
}
