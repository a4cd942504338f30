//! What systemd is told of a service of `Type=notify`: that it is ready, that it stops, that it is alive.
//!
//! The protocol is one datagram a message, which the standard library can send: see `sd_notify(3)`.

mod socket;

use std::{ffi::OsString, time::Duration};

use greenroom::{
    context::spawn,
    core::{Phase, RootLifecycle, Running},
    health::{Probe, RootHealth},
    logging::visible,
    prelude::RootConfig,
    redact,
};

use self::socket::Socket;

/// Where messages go.
const SOCKET: &str = "NOTIFY_SOCKET";
/// After how many microseconds without a message the service is taken for hung, and for which process that holds.
const WATCHDOG: [&str; 2] = ["WATCHDOG_USEC", "WATCHDOG_PID"];

/// How long after a look at readiness the next one is, until it is there.
const UNTIL_READY: Duration = Duration::from_millis(100);
/// The same, once it was there.
const ONCE_READY: Duration = Duration::from_secs(1);
/// How long the hook may take that sends a message.
const AT_ONCE: Duration = Duration::from_secs(2);
/// The longest status: more than a line is read by nobody.
const LONGEST_STATUS: usize = 200;

/// The manager that has started this process as a service and wants to hear of it, such as systemd. Without one, nothing is told.
///
/// [`Program`](crate::Program) tells it of its backend by itself; this is for who runs one without:
///
/// ```no_run
/// use greenroom::core::Backend;
/// use greenroom_program::ServiceManager;
///
/// # async fn run(backend: Backend) {
/// let manager = ServiceManager::from_process();
/// backend.run_with(async |running| manager.attend(running).await, |_| {}).await;
/// # }
/// ```
#[derive(Debug, Default)]
pub struct ServiceManager {
    socket: Option<Socket>,
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// The variables by which it says how to reach it. A child process must not have them: it would speak for us.
    pub const VARIABLES: [&str; 3] = [SOCKET, WATCHDOG[0], WATCHDOG[1]];

    /// That of this process, by its environment.
    pub fn from_process() -> Self {
        Self::new(|name| std::env::var_os(name), std::process::id())
    }

    /// That of the process `pid` with this environment.
    fn new(env: impl Fn(&str) -> Option<OsString>, pid: u32) -> Self {
        let number = |name| env(name)?.to_str()?.parse::<u64>().ok();
        let is_ours = number(WATCHDOG[1]).is_none_or(|other| other == u64::from(pid));
        let watchdog = number(WATCHDOG[0]).filter(|micros| *micros > 0 && is_ours);
        let socket = env(SOCKET).and_then(|address| Socket::at(&address));
        Self { watchdog: watchdog.filter(|_| socket.is_some()).map(Duration::from_micros), socket }
    }

    /// Tells of a backend that runs: when it is ready, why it is not, when it begins to stop, and, if that is asked for, that the
    /// process still does something. Returns at once.
    pub async fn attend(self, running: &Running) {
        let Self { socket: Some(socket), watchdog } = self else { return };
        if let Ok(lifecycle) = running.service::<RootLifecycle>().await {
            let told = socket.clone();
            // Refused where the stop has begun already: then there is nothing to tell.
            let _ =
                lifecycle.add_hook_in(Phase::BeforeShutdown, "service manager", AT_ONCE, async move || {
                    // Once: a manager that does not hear it sees the end.
                    let _ = told.try_send("STOPPING=1\nSTATUS=Stopping");
                    Ok(())
                });
        }
        let health = running.service::<RootHealth>().await.ok();
        let config = running.service::<RootConfig>().await.ok();
        spawn("service manager: readiness", readiness(socket.clone(), health, config));
        if let Some(limit) = watchdog {
            spawn("service manager: watchdog", alive(socket, limit));
        }
    }

    /// Says that this service is ready, and takes back what it has promised besides: another program is about to take this
    /// process over, and knows nothing of it. Blocks the thread, for a second at most, while the manager reads nothing.
    pub fn hand_over(&self, why: &str) {
        if let Some(socket) = &self.socket {
            socket.send_last(&format!("READY=1\nWATCHDOG_USEC=0\nSTATUS={}", status(why)));
        }
    }
}

/// Tells once that it is ready, and at any time why it is not. A backend without health is ready once it runs. What did not go out
/// is told at the next look. Who asks the manager need not be one who may know what is secret.
async fn readiness(socket: Socket, health: Option<RootHealth>, config: Option<RootConfig>) {
    let (mut was_ready, mut last) = (false, None);
    loop {
        let said = match &health {
            Some(health) => Some(health.readiness(&Probe::default()).await),
            None => None,
        };
        let why_not = said.filter(|said| !said.passes());
        let why_not = why_not.map(|said| {
            let why = redact::text(said.message().unwrap_or("no reason given"));
            config.as_ref().map_or_else(|| why.to_string(), |config| config.masked(&why))
        });
        let now = why_not.as_deref().map_or_else(|| "Ready".to_owned(), |why| format!("Not ready: {why}"));
        let becomes_ready = why_not.is_none() && !was_ready;
        let is_told = if becomes_ready {
            was_ready = socket.try_send(&format!("READY=1\nSTATUS={now}"));
            was_ready
        } else {
            last.as_ref() == Some(&now) || socket.try_send(&format!("STATUS={}", status(&now)))
        };
        if health.is_none() && is_told {
            return;
        }
        if is_told {
            last = Some(now);
        }
        tokio::time::sleep(if was_ready { ONCE_READY } else { UNTIL_READY }).await;
    }
}

/// Says four times as often as it has to that tasks of this process get on.
async fn alive(socket: Socket, limit: Duration) {
    let mut ticks = tokio::time::interval((limit / 4).max(Duration::from_millis(1)));
    loop {
        ticks.tick().await;
        // Two in a row that did not go out leave room for a third.
        let _ = socket.try_send("WATCHDOG=1");
    }
}

/// One line: a message has a line for each of its parts.
fn status(text: &str) -> String {
    let line: String = text.chars().take(LONGEST_STATUS).collect();
    visible(&line.replace(['\n', '\r'], " ")).into_owned()
}

#[cfg(test)]
mod tests;
