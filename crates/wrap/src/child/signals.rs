//! Signals that are for the child, and reach us.

use std::io;

use greenroom_context::spawn;
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};

use super::Target;

/// SIGTERM and SIGINT are not among them: they are for us, and a stop in order tells the child.
const FORWARDED: [Signal; 5] = [Signal::HUP, Signal::QUIT, Signal::USR1, Signal::USR2, Signal::WINCH];

/// From here on the child gets SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 and SIGWINCH in our place, as long as one runs: of what they
/// mean, such as Node's inspector, we know nothing. `before` is told of each before it is sent: it may end the child.
///
/// # Errors
/// When the system lets nobody serve a signal.
pub fn forward_signals(
    target: &Target,
    before: impl Fn(Signal) + Clone + Send + Sync + 'static,
) -> io::Result<()> {
    for kind in FORWARDED {
        let mut received = signal(SignalKind::from_raw(kind.as_raw()))?;
        let (target, before) = (target.clone(), before.clone());
        spawn("forwarded signals", async move {
            while received.recv().await.is_some() {
                before(kind);
                target.signal(kind);
            }
        });
    }
    Ok(())
}
