//! Several processes at once on one database: this test program, started again for one of its tests.

use std::{
    env,
    io::{Read, Write},
    process::{Child, Command, Stdio},
};

use greenroom_database::{DatabaseError, Migration, Migrations};
use greenroom_database_sqlite::{SqlitePool, sqlx};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{in_files, open};

const ALL: &[Migration] = &[
    Migration::new("0001", "create table steps (id integer primary key); insert into steps default values"),
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

async fn number(pool: &SqlitePool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn three_processes_that_start_at_once_all_start_and_apply_each_migration_once() {
    let directory = tempfile::tempdir().unwrap();
    let yaml = in_files(directory.path());
    let start = || Process::start("processes::child_that_migrates", &[("TEST_CONFIG", &yaml)]);
    let mut all = [start(), start(), start()];
    all.iter_mut().for_each(Process::go);
    for one in all {
        assert_eq!(told(&one.end()), "3");
    }
    let pool: SqlitePool = open(&yaml).await.unwrap().pool().unwrap();
    assert_eq!(number(&pool, "select count(*) from steps").await, 3);
    assert_eq!(number(&pool, "select count(*) from greenroom_migrations").await, 3);
}

#[tokio::test]
#[ignore = "a process of the test above"]
async fn child_that_migrates() {
    wait_for_go();
    let client = open(&env::var("TEST_CONFIG").unwrap()).await.unwrap();
    client.migrate(&Migrations::new(ALL)).await.unwrap();
    tell(&number(&client.pool().unwrap(), "select count(*) from steps").await.to_string());
}

#[tokio::test]
async fn a_process_that_is_killed_within_a_transaction_leaves_a_sound_file_without_it() {
    let directory = tempfile::tempdir().unwrap();
    let yaml = in_files(directory.path());
    let mut killed = Process::start("processes::child_that_is_killed", &[("TEST_CONFIG", &yaml)]);
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(killed.0.stdout.take().unwrap()));
    assert!(lines.any(|line| line.unwrap() == "told: within"), "it has ended too early");
    killed.0.kill().unwrap();
    assert!(!killed.0.wait().unwrap().success());
    let pool: SqlitePool = open(&yaml).await.unwrap().pool().unwrap();
    let sound: String = sqlx::query_scalar("pragma integrity_check").fetch_one(&pool).await.unwrap();
    assert_eq!(sound, "ok");
    assert_eq!(number(&pool, "select count(*) from rows").await, 1, "what was committed, and nothing else");
    sqlx::query("insert into rows values ('after')").execute(&pool).await.unwrap();
}

#[tokio::test]
#[ignore = "a process of the test above"]
async fn child_that_is_killed() {
    let pool: SqlitePool = open(&env::var("TEST_CONFIG").unwrap()).await.unwrap().pool().unwrap();
    sqlx::raw_sql("create table rows (text); insert into rows values ('before')")
        .execute(&pool)
        .await
        .unwrap();
    let mut within = pool.begin().await.unwrap();
    // More than SQLite keeps in memory before a commit.
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
        insert into rows select printf('%0500d', i) from n";
    sqlx::query(many).execute(&mut *within).await.unwrap();
    tell("within");
    wait_for_go();
}

#[tokio::test]
async fn a_file_that_may_not_grow_is_told_and_stays_sound() {
    let directory = tempfile::tempdir().unwrap();
    let yaml = in_files(directory.path());
    let exe = env::current_exe().unwrap();
    // The limit is the shell's own, and that of whom it becomes; without `trap` the system would kill who meets it.
    let ended = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -S -f 400; exec \"$0\" --exact processes::child_that_fills --ignored --nocapture"])
        .arg(exe)
        .env("TEST_CONFIG", &yaml)
        .output()
        .unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(ended.status.success(), "{said}");
    assert_eq!(told(&said), "503");
    let pool: SqlitePool = open(&yaml).await.unwrap().pool().unwrap();
    let sound: String = sqlx::query_scalar("pragma integrity_check").fetch_one(&pool).await.unwrap();
    assert_eq!((sound.as_str(), number(&pool, "select count(*) from rows").await), ("ok", 1));
}

#[tokio::test]
#[ignore = "a process of the test above"]
async fn child_that_fills() {
    let client = open(&env::var("TEST_CONFIG").unwrap()).await.unwrap();
    let pool: SqlitePool = client.pool().unwrap();
    sqlx::raw_sql("create table rows (text); insert into rows values ('before')")
        .execute(&pool)
        .await
        .unwrap();
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
        insert into rows select printf('%0500d', i) from n";
    let error = client.run(sqlx::query(many).execute(&pool)).await.unwrap_err();
    let meaning = DatabaseError::of(&error);
    assert!(
        matches!(meaning, Some(DatabaseError::Unreachable { .. } | DatabaseError::Full { .. })),
        "{error}"
    );
    assert_eq!(number(&pool, "select count(*) from rows").await, 1, "what is there can be read");

    // Within a transaction SQLite ends it by itself, of which its driver knows nothing.
    let mut within = pool.begin_with("begin immediate").await.unwrap();
    sqlx::query(many).execute(&mut *within).await.unwrap_err();
    drop(within);
    let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: maximum, maximum }).unwrap();
    let mut within = client.run(pool.begin_with("begin immediate")).await.unwrap();
    sqlx::query("insert into rows values ('with room again')").execute(&mut *within).await.unwrap();
    within.rollback().await.unwrap();
    tell(&error.status().to_string());
}

#[tokio::test]
async fn a_directory_in_which_nothing_can_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let yaml = in_files(directory.path());
    std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o555)).unwrap();
    // Root may write everywhere: it becomes somebody else, as whom the test program has to be found.
    let exe = tempfile::Builder::new().permissions(PermissionsExt::from_mode(0o755)).tempfile().unwrap();
    std::fs::copy(env::current_exe().unwrap(), exe.path()).unwrap();
    let exe = exe.into_temp_path();
    let script = "[ \"$(id -u)\" = 0 ] && set -- setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"; exec \"$@\"";
    let ended = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(&exe)
        .args(["--exact", "processes::child_that_may_not_write", "--ignored", "--nocapture"])
        .env("TEST_CONFIG", &yaml)
        .output()
        .unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(ended.status.success(), "{said}");
    let text = told(&said);
    let place = format!("SQLite at {}/notes.sqlite, for plugin 'notes'", directory.path().display());
    assert!(text.starts_with(&place) && text.contains("Permission denied"), "{text}");
}

#[tokio::test]
#[ignore = "a process of the test above"]
async fn child_that_may_not_write() {
    let error = open(&env::var("TEST_CONFIG").unwrap()).await.unwrap_err();
    tell(&error.to_string());
}
