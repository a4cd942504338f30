//! What is left of a process that was killed, or that could not write any more: all that a browser was told is kept, and nothing that is
//! half of a batch.

#![expect(clippy::print_stdout, reason = "what a process tells the test that has started it")]

use std::{
    collections::BTreeSet,
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use greenroom_plugin_rum_store::Store;

use crate::{
    engine::Engine,
    rules::support::{NOW, TestStore, made_up_session},
};

const DIRECTORY: &str = "TEST_DIRECTORY";
/// What each session of these tests has: a view and 20 events.
const EVENTS: i64 = 20;

/// A test of this program as a process of its own, in a directory; `shell` is what a shell does before.
fn child(name: &str, shell: &str, directory: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{shell} exec \"$0\" --exact {name} --ignored --nocapture"));
    command.arg(env::current_exe().unwrap()).env(DIRECTORY, directory).stdout(Stdio::piped());
    command
}

/// The sessions that a child has said to be kept.
fn acknowledged(lines: impl Iterator<Item = String>) -> BTreeSet<String> {
    lines.filter_map(|line| Some(line.split_once("kept ")?.1.to_owned())).collect()
}

/// Has many browsers send at once until one is refused, and says which sessions are kept.
async fn keep_until_refused() -> u16 {
    let engine = Engine::at(Path::new(&env::var_os(DIRECTORY).unwrap())).await;
    let store = Store::open(&engine.client).await.unwrap();
    for round in 0.. {
        let kept = (0..8).map(|browser| {
            let sent = made_up_session(round * 8 + browser, NOW);
            let store = store.clone();
            async move {
                let kept = store.keep(sent.batch()).await;
                if kept.is_ok() {
                    println!("kept {}", sent.session);
                }
                kept
            }
        });
        let refused = futures_util::future::join_all(kept).await.into_iter().find_map(Result::err);
        if let Some(error) = refused {
            return error.status();
        }
    }
    0
}

/// Each session that was acknowledged is there, and whatever is there is whole.
async fn is_whole(directory: &Path, acknowledged: &BTreeSet<String>) -> TestStore {
    let store = TestStore::of(Engine::at(directory).await).await;
    let sql = "select s.id, (select count(*) from rum_event e where e.session_id = s.id), \
               (select count(*) from rum_view v where v.session_id = s.id) from rum_session s";
    let kept = store.rows::<(String, i64, i64)>(sql).await;
    for (session, events, views) in &kept {
        assert_eq!((*events, *views), (EVENTS, 1), "{session}");
    }
    let kept: BTreeSet<_> = kept.into_iter().map(|(session, ..)| session).collect();
    assert_eq!(acknowledged.difference(&kept).collect::<Vec<_>>(), [""; 0], "lost");
    assert_eq!(store.rows::<(String,)>("pragma integrity_check").await, [("ok".to_owned(),)]);
    store
}

#[tokio::test]
async fn rum_95_a_process_that_is_killed_while_it_writes_has_kept_what_it_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let mut killed = child("processes::child_that_is_killed", "", directory.path()).spawn().unwrap();
    let mut lines = BufReader::new(killed.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut told = acknowledged(lines.by_ref().filter(|line| line.contains("kept ")).take(200));
    killed.kill().unwrap();
    killed.wait().unwrap();
    // What it had still said.
    told.extend(acknowledged(lines));
    assert!(told.len() >= 200, "{}", told.len());
    is_whole(directory.path(), &told).await;
}

#[tokio::test]
#[ignore = "a process of the test above"]
async fn child_that_is_killed() {
    keep_until_refused().await;
}

#[tokio::test]
async fn rum_95_a_disk_that_is_full_is_told_and_takes_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    // The limit is the shell's own, and that of whom it becomes; without `trap` the system would kill who meets it.
    let full = child("processes::child_that_fills", "trap '' XFSZ; ulimit -f 2000;", directory.path());
    let ended = { full }.output().unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(ended.status.success(), "{said}");
    assert!(said.contains("refused 503"), "browsers send again: {said}");
    let told = acknowledged(said.lines().map(str::to_owned));
    assert!(!told.is_empty(), "{said}");
    let store = is_whole(directory.path(), &told).await;
    // With room again it goes on.
    store.keep(&made_up_session(9_999_999, NOW)).await;
}

#[tokio::test]
#[ignore = "a process of the test above"]
async fn child_that_fills() {
    println!("refused {}", keep_until_refused().await);
}
