//! Listening on a socket in the file system.

use std::{
    fs,
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::UnixListener,
    },
    path::{Path, PathBuf},
};

use axum::{Json, Router, routing::get};
use greenroom_config::RootConfig;
use greenroom_http::{ClientAddress, HttpSettings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::UnixStream;

use crate::kit::{Connection, Kit, slow};

fn kit(path: &Path) -> Kit {
    let look = async |client: ClientAddress| {
        Json(json!([client.ip(), client.ips(), client.protocol(), client.hostname()]))
    };
    with(path, Router::new().route("/", get(look)))
}

fn with(path: &Path, router: Router) -> Kit {
    Kit::new().config("backend.listen", json!(format!("unix:{}", path.display()))).open(router)
}

fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("greenroom.sock");
    (dir, path)
}

async fn connect(path: &Path) -> Connection<UnixStream> {
    Connection::over(UnixStream::connect(path).await.unwrap())
}

const READINESS: &str = "/.backstage/health/v1/readiness";

#[tokio::test]
async fn a_unix_socket_serves_its_owner_and_group_and_is_removed_at_stop() {
    let (_dir, path) = place();
    let up = kit(&path).start().await;
    let mut kept = connect(&path).await;
    for _ in 0..2 {
        let answer = kept.ask("GET", READINESS, &[], b"").await;
        assert_eq!(answer.seen(), (200, r#"{"status":"ok"}"#));
    }
    let file = fs::symlink_metadata(&path).unwrap();
    assert!(file.file_type().is_socket());
    assert_eq!(file.permissions().mode() & 0o777, 0o660);
    let listening = format!("Listening on unix:{}", path.display());
    assert!(up.lines.json().iter().any(|line| line["message"] == *listening), "{:?}", up.lines.lines());
    assert_eq!(up.lines_of("incomingRequest", 2).await[0]["url"], READINESS);
    up.stop().await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn its_peers_have_no_address_and_are_believed_as_express_believes_them() {
    let direct = json!([null, [], "http", "localhost"]);
    let proxied = |ip: &str, ips: Value| json!([ip, ips, "https", "localhost"]);
    for (trust, expected) in [
        (json!(false), direct.clone()),
        (json!("loopback"), direct),
        (json!(true), proxied("1.2.3.4", json!(["1.2.3.4", "5.6.7.8"]))),
        (json!(1), proxied("5.6.7.8", json!(["5.6.7.8"]))),
        (json!(2), proxied("1.2.3.4", json!(["1.2.3.4", "5.6.7.8"]))),
    ] {
        let (_dir, path) = place();
        let _up = kit(&path).config("backend.trustProxy", trust.clone()).start().await;
        let headers = [("X-Forwarded-For", "1.2.3.4, 5.6.7.8"), ("X-Forwarded-Proto", "https")];
        let answer = connect(&path).await.ask("GET", "/api/x/", &headers, b"").await;
        assert_eq!(answer.json(), expected, "{trust}");
    }
}

#[tokio::test]
async fn a_rate_limit_counts_its_peers_as_one_client() {
    let (_dir, path) = place();
    let _up = kit(&path).config("backend.rateLimit", json!({"incomingRequestLimit": 1})).start().await;
    let mut statuses = vec![];
    for _ in 0..2 {
        statuses.push(connect(&path).await.ask("GET", "/nope", &[], b"").await.status);
    }
    assert_eq!(statuses, [404, 429]);
}

#[tokio::test]
async fn a_socket_that_nobody_listens_on_is_replaced() {
    let (_dir, path) = place();
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let _up = kit(&path).start().await;
    assert_eq!(connect(&path).await.ask("GET", READINESS, &[], b"").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_that_start_on_a_stale_socket_at_once_one_lives() {
    for _ in 0..10 {
        let (_dir, path) = place();
        drop(UnixListener::bind(&path).unwrap());
        let bind = |_| {
            let text = format!("backend:\n  listen: unix:{}\n", path.display());
            let config = RootConfig::from_yaml(&text).unwrap();
            let settings = HttpSettings::from_config(&config, None).unwrap();
            #[expect(clippy::disallowed_methods, reason = "these belong to no backend")]
            tokio::spawn(async move { settings.listen.bind(&config).await })
        };
        let started: Vec<_> = (0..4).map(bind).collect();
        let (mut alive, mut refused) = (vec![], vec![]);
        for started in started {
            match started.await.unwrap() {
                Ok(listener) => alive.push(listener),
                Err(error) => refused.push(error.to_string()),
            }
        }
        assert_eq!((alive.len(), refused.len()), (1, 3), "{refused:?}");
        assert!(refused.iter().all(|error| error.contains("listen EADDRINUSE")), "{refused:?}");
        UnixStream::connect(&path).await.expect("the one that lives can be reached");
    }
}

async fn bind(path: &Path) -> Result<greenroom_http_server::Listener, greenroom_errors::Error> {
    let config = RootConfig::from_yaml(&format!("backend:\n  listen: unix:{}\n", path.display())).unwrap();
    let settings = HttpSettings::from_config(&config, None).unwrap();
    settings.listen.bind(&config).await
}

/// The lock beside a socket, with these rights.
fn lock(path: &Path, mode: u32) -> (PathBuf, fs::File) {
    let path = path.with_extension("sock.lock");
    let file = fs::File::create(&path).unwrap();
    file.set_permissions(fs::Permissions::from_mode(mode)).unwrap();
    file.lock().unwrap();
    (path, file)
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_looks_at_what_is_at_the_path() {
    let (_dir, path) = place();
    let (lock, held) = lock(&path, 0o600);
    let error = bind(&path).await.expect_err("another looks at it").to_string();
    assert!(error.contains(&format!("another backend keeps {} locked", lock.display())), "{error}");
    drop(held);
    let _listener = bind(&path).await.expect("the other has gone, and left its lock");
    assert!(!lock.exists(), "it is there only meanwhile");
}

#[tokio::test]
async fn who_may_only_read_the_directory_keeps_no_backend_from_starting() {
    let (dir, path) = place();
    let directory = fs::File::open(dir.path()).unwrap();
    directory.lock().unwrap();
    let _listener = bind(&path).await.expect("a lock of the directory is not asked for");
}

#[tokio::test]
async fn a_lock_that_others_could_open_or_that_is_a_link_is_left_alone() {
    let (dir, path) = place();
    let (open_to_all, _held) = lock(&path, 0o644);
    let refusal = async || {
        let error = bind(&path).await.expect_err("it is not ours").to_string();
        assert!(
            error.contains("listen EACCES: ") && error.contains("sock.lock is no lock of ours"),
            "{error}"
        );
    };
    refusal().await;
    fs::remove_file(&open_to_all).unwrap();
    let file = dir.path().join("notes.txt");
    fs::write(&file, "mine").unwrap();
    for target in [&file, &dir.path().join("nowhere")] {
        std::os::unix::fs::symlink(target, &open_to_all).unwrap();
        refusal().await;
        fs::remove_file(&open_to_all).unwrap();
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert!(!dir.path().join("nowhere").exists(), "nothing is made at the end of a link");
}

#[tokio::test]
async fn what_is_in_use_or_no_socket_is_left_alone() {
    let refused = async |path: &Path| {
        let text = format!("backend:\n  listen: unix:{}\n", path.display());
        Kit::new().loaded(RootConfig::from_yaml(&text).unwrap()).refused().await.to_string()
    };
    let (dir, path) = place();
    let up = kit(&path).start().await;
    let error = refused(&path).await;
    let used = format!("listen EADDRINUSE: address already in use {}", path.display());
    assert!(error.contains(&used) && error.contains("mock-config:2"), "{error}");
    assert_eq!(connect(&path).await.ask("GET", READINESS, &[], b"").await.status, 200);
    drop(up);

    let file = dir.path().join("notes.txt");
    fs::write(&file, "mine").unwrap();
    let link = dir.path().join("link.sock");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for there in [&file, &link] {
        let error = refused(there).await;
        assert!(
            error.contains("is no socket and is left alone") && error.contains("mock-config:2"),
            "{error}"
        );
    }
    assert_eq!(fs::read_to_string(&link).unwrap(), "mine");

    let error = refused(&dir.path().join("nowhere/x.sock")).await;
    assert!(error.contains("listen ENOENT: no such directory") && error.contains("mock-config:2"), "{error}");
}

#[tokio::test]
async fn a_drain_answers_what_is_in_flight_and_leaves_a_successors_socket() {
    let (_dir, path) = place();
    let (slow, begun) = slow();
    let up = with(&path, Router::new().route("/slow", slow)).start().await;
    let mut idle = connect(&path).await;
    assert_eq!(idle.ask("GET", "/nope", &[], b"").await.status, 404);
    let mut busy = connect(&path).await;
    busy.send("GET /api/x/slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    begun.notified().await;
    fs::remove_file(&path).unwrap();
    let successor = kit(&path).start().await;
    let stopped = up.stop();
    let answer = busy.answer("GET").await;
    assert_eq!((answer.seen(), answer.header("connection")), ((200, "slept"), Some("close")));
    idle.ends().await;
    drop((idle, busy));
    stopped.await.unwrap();
    assert_eq!(connect(&path).await.ask("GET", READINESS, &[], b"").await.status, 200);
    successor.stop().await.unwrap();
    assert!(!path.exists());
}
