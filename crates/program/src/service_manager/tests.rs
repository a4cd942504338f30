//! What systemd is told, received on a socket in its place.

use std::{
    future::poll_fn,
    os::unix::net::UnixDatagram,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering::Relaxed},
    },
    task::Poll,
};

use greenroom::{
    context::{BoxFuture, spawn_blocking},
    core::{Backend, service},
    health::{HealthResponse, RootHealthService},
    prelude::*,
};
use proptest::prelude::*;

use super::*;

/// A manager that listens at a path, and the environment that says so.
fn listening(dir: &Path, watchdog: &'static str) -> (UnixDatagram, ServiceManager) {
    let path = dir.join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let env = move |name: &str| match name {
        SOCKET => Some(path.clone().into_os_string()),
        "WATCHDOG_USEC" => Some(watchdog.into()),
        _ => None,
    };
    (socket, ServiceManager::new(env, 1))
}

fn received(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 1024];
    let length = socket.recv(&mut bytes).unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

/// Reads until a message that says this, and returns all of them.
async fn until(socket: &UnixDatagram, last: &'static str) -> Vec<String> {
    let socket = socket.try_clone().unwrap();
    let read = spawn_blocking("reads", move || {
        let mut all = vec![];
        while !all.last().is_some_and(|message: &String| message.contains(last)) {
            all.push(received(&socket));
        }
        all
    });
    read.await.unwrap()
}

/// Answers what the test says.
struct Says(Arc<AtomicU16>);

impl RootHealthService for Says {
    fn readiness<'a>(&'a self, _: &'a Probe) -> BoxFuture<'a, HealthResponse> {
        Box::pin(async {
            match self.0.load(Relaxed) {
                200 => HealthResponse::ok(),
                _ => HealthResponse::unavailable("No answer\nof https://me:hunter2@db\u{202e}"),
            }
        })
    }
}

#[tokio::test]
async fn a_manager_hears_why_it_waits_then_that_it_is_ready_and_at_last_that_it_stops() {
    let dir = tempfile::tempdir().unwrap();
    let (socket, manager) = listening(dir.path(), "");
    let status = Arc::new(AtomicU16::new(503));
    let says = status.clone();
    let health = service(async move || Ok(RootHealth::new(Says(says.clone()))));
    let running = Backend::new([health]).start().await.unwrap();
    manager.attend(&running).await;
    let waits = until(&socket, "Not ready").await;
    assert_eq!(waits, ["STATUS=Not ready: No answer of https://***@db\\u202e"]);
    status.store(200, Relaxed);
    assert_eq!(until(&socket, "READY=1").await, ["READY=1\nSTATUS=Ready"]);
    running.stop().await;
    assert_eq!(until(&socket, "STOPPING=1").await, ["STOPPING=1\nSTATUS=Stopping"]);
}

#[tokio::test]
async fn a_backend_without_health_is_ready_once_it_runs_and_keeps_saying_that_it_lives() {
    let dir = tempfile::tempdir().unwrap();
    let (socket, manager) = listening(dir.path(), "20000");
    let running = Backend::new([]).start().await.unwrap();
    manager.attend(&running).await;
    let mut heard = until(&socket, "WATCHDOG=1").await;
    heard.extend(until(&socket, "WATCHDOG=1").await);
    assert_eq!(heard.iter().filter(|message| **message == "READY=1\nSTATUS=Ready").count(), 1, "{heard:?}");
    running.stop().await;
}

/// Sends until nothing more goes in, by sockets of their own: it is the manager's room that is full.
fn fill(socket: &Socket) {
    while socket.try_send("FILL=1") {}
}

#[test]
fn a_manager_that_reads_nothing_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let (_unread, manager) = listening(dir.path(), "");
    let socket = manager.socket.unwrap();
    fill(&socket);
    let begin = std::time::Instant::now();
    for _ in 0..20 {
        assert!(!socket.try_send("WATCHDOG=1"));
    }
    // Had one of them waited for its second, all would have.
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn that_it_is_ready_is_told_again_until_it_went_out() {
    for has_health in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let (unread, manager) = listening(dir.path(), "");
        let socket = manager.socket.unwrap();
        fill(&socket);
        let health = has_health.then(|| RootHealth::new(Says(Arc::new(AtomicU16::new(200)))));
        let mut telling = Box::pin(readiness(socket, health, None));
        let first_look = poll_fn(|cx| Poll::Ready(telling.as_mut().poll(cx))).await;
        assert!(first_look.is_pending(), "it is not told, and there is another look");
        let telling = spawn("tells", telling);
        let heard = until(&unread, "READY=1").await;
        assert_eq!(
            heard.iter().filter(|message| *message != "FILL=1").collect::<Vec<_>>(),
            ["READY=1\nSTATUS=Ready"]
        );
        telling.abort();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_socket_may_be_a_name_that_is_in_no_file_system() {
    use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};

    let name = format!("greenroom-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let manager = ServiceManager::new(|name_of| (name_of == SOCKET).then(|| format!("@{name}").into()), 1);
    manager.hand_over("GREENROOM=off:\nnode runs in our place");
    assert_eq!(received(&socket), "READY=1\nWATCHDOG_USEC=0\nSTATUS=GREENROOM=off: node runs in our place");
}

#[test]
fn a_watchdog_is_for_the_process_that_it_names_and_needs_a_socket() {
    let limit = |socket: &str, micros: &str, of: Option<&str>| {
        let env = |name: &str| match name {
            SOCKET => Some(socket.into()),
            "WATCHDOG_USEC" => Some(micros.into()),
            _ => of.map(Into::into),
        };
        ServiceManager::new(env, 7).watchdog
    };
    let second = Some(Duration::from_secs(1));
    assert_eq!(limit("/run/notify", "1000000", None), second);
    assert_eq!(limit("/run/notify", "1000000", Some("7")), second);
    assert_eq!(limit("/run/notify", "1000000", Some("8")), None);
    for (socket, micros) in
        [("", "1000000"), ("vsock:2:1", "1000000"), ("/run/notify", "0"), ("/run/notify", "soon")]
    {
        assert_eq!(limit(socket, micros, None), None, "{socket} {micros}");
    }
}

#[test]
fn without_a_manager_or_with_one_that_is_gone_nothing_happens() {
    ServiceManager::default().hand_over("nobody hears it");
    let gone = ServiceManager::new(|name| (name == SOCKET).then(|| "/nowhere/at/all".into()), 1);
    gone.hand_over("nobody hears it");
}

proptest! {
    /// Whatever the environment says, it is no reason not to start, and no status adds a line of its own.
    #[test]
    fn any_environment_is_read_and_any_status_is_one_line(value in "\\PC*|[@/][\\x00-\\xff]{0,200}", text in "(?s).*") {
        let _ = ServiceManager::new(|_| Some(value.clone().into()), 1);
        let line = status(&text);
        prop_assert!(!line.contains('\n') && line.chars().count() <= LONGEST_STATUS);
    }
}
