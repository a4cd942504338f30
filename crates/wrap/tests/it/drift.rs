//! Files of a child that change while it runs.

use std::{fs, path::Path, time::Duration};

use greenroom_wrap::{ChildCommand, Drift, DriftKind, Drifted, Environment};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

/// How often it looks.
const EVERY: Duration = Duration::from_millis(5);

/// A child that is started in that directory, and what is told of its files.
fn watched(dir: &Path) -> (Drift, UnboundedReceiver<Drifted>) {
    let (tell, told) = unbounded_channel();
    let words = ["node", "packages/backend", "--config", "one.yaml", "--config=two.yaml"].map(Into::into);
    let command = ChildCommand::new(words, dir, Environment::new()).unwrap();
    let on_drift = Box::new(move |drifted: &Drifted| {
        let _ = tell.send(drifted.clone());
    });
    (Drift::start_with(&command, on_drift, EVERY), told)
}

async fn next(told: &mut UnboundedReceiver<Drifted>) -> Drifted {
    timeout(Duration::from_secs(20), told.recv()).await.expect("it is told").unwrap()
}

/// Waits until that many files differ.
async fn differ(drift: &Drift, count: usize) {
    let waiting = async {
        while drift.drifted().len() != count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.expect("so many");
}

#[tokio::test]
async fn a_file_that_changes_is_told_once_and_a_restart_clears_it() {
    let dir = tempfile::tempdir().unwrap();
    let [one, two, lock] = ["one.yaml", "two.yaml", "yarn.lock"].map(|name| dir.path().join(name));
    for file in [&one, &two, &lock] {
        fs::write(file, "a: 1").unwrap();
    }
    let (drift, mut told) = watched(dir.path());
    drift.started();
    // That it has been looked at shows by what is found: before, nothing is.
    let mut version = 2;
    let first = loop {
        fs::write(&one, format!("a: {version}")).unwrap();
        version += 1;
        if let Ok(first) = timeout(Duration::from_millis(50), told.recv()).await {
            break first.unwrap();
        }
    };
    assert_eq!((&first.file, first.kind), (&one, DriftKind::Config));
    fs::write(&lock, "b: 1").unwrap();
    let second = next(&mut told).await;
    assert_eq!((&second.file, second.kind), (&lock, DriftKind::Lockfile));
    assert_eq!(drift.drifted(), [first, second]);

    // What it was again, and something else once more, is not told again.
    fs::write(&lock, "a: 1").unwrap();
    differ(&drift, 1).await;
    fs::write(&lock, "c: 1").unwrap();
    differ(&drift, 2).await;

    drift.started();
    differ(&drift, 0).await;
    fs::remove_file(&two).unwrap();
    let gone = next(&mut told).await;
    assert_eq!((&gone.file, told.is_empty()), (&two, true));
}

/// Lets it look a few times: the clock goes on only once everybody waits for it.
async fn looks_pass() {
    tokio::time::sleep(EVERY * 5).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_before_a_child_has_started() {
    let dir = tempfile::tempdir().unwrap();
    let one = dir.path().join("one.yaml");
    fs::write(&one, "a: 1").unwrap();
    let (drift, mut told) = watched(dir.path());
    looks_pass().await;
    fs::write(&one, "a: 12").unwrap();
    looks_pass().await;
    assert_eq!((drift.drifted(), told.is_empty()), (vec![], true));

    // What it is now is what the child reads.
    drift.started();
    looks_pass().await;
    assert_eq!((drift.drifted(), told.is_empty()), (vec![], true));
    fs::write(&one, "a: 123").unwrap();
    assert_eq!(next(&mut told).await.file, one);
    looks_pass().await;
    assert!(told.is_empty(), "once");
}
