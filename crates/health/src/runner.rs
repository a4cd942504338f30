//! Runs a check again and again.
//!
//! A run has a task of its own, beside the one that waits for it: so that it may be given up, and what it does, be it to block its
//! thread, holds up nobody.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task,
    time::{Duration, SystemTime},
};

use greenroom_context::{CaughtPanic, catch_panic, spawn};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::{mpsc, oneshot, watch},
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use crate::{Check, entry::Entry};

/// By which a check is asked to run now.
pub(crate) type Ask = oneshot::Sender<Check>;

type Said = Result<Check, CaughtPanic>;

/// How long a run that was given up may take to end.
const GRACE: Duration = Duration::from_millis(50);

/// Runs `check` now and after each interval, and whenever it is asked for, until the backend stops.
pub(crate) fn start<F, Fut>(entry: Arc<Entry>, check: F, asked: mpsc::Receiver<Ask>)
where
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Into<Check>> + Send + 'static,
{
    let (begin, begun) = mpsc::channel(1);
    let (tell, busy) = watch::channel(None);
    spawn("run of a health check", run(check, begun, tell));
    spawn("health check", follow(entry, asked, begin, busy));
}

async fn follow(
    entry: Arc<Entry>,
    mut asked: mpsc::Receiver<Ask>,
    begin: mpsc::Sender<oneshot::Sender<Said>>,
    mut busy: watch::Receiver<Option<Instant>>,
) {
    let mut ticks = interval(entry.options.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let by = tokio::select! {
            _ = ticks.tick(), if !entry.is_done() => None,
            // `None` once nobody can ask: the ticks go on.
            Some(by) = asked.recv() => Some(by),
            else => return,
        };
        let (at, began) = (SystemTime::now(), Instant::now());
        let is_free = timeout(GRACE, busy.wait_for(Option::is_none)).await.is_ok();
        let since = *busy.borrow();
        let now = match since.filter(|_| !is_free) {
            Some(since) => Check::fail(format!(
                "it has not returned for {} s: it blocks its thread, and is not run again until it has",
                since.elapsed().as_secs()
            )),
            None => {
                let (tell, told) = oneshot::channel();
                // Nobody runs it once the backend stops.
                if begin.send(tell).await.is_err() {
                    return;
                }
                match timeout(entry.options.timeout, told).await {
                    Ok(Ok(Ok(check))) => check,
                    Ok(Ok(Err(panic))) => Check::fail(format!("the check {panic}")),
                    Ok(Err(_)) => return,
                    Err(_) => {
                        Check::fail(format!("no answer within {} s", entry.options.timeout.as_secs_f64()))
                    }
                }
            }
        };
        let now = entry.record(now, at, began);
        // Who has asked may have left.
        let _ = by.map(|by| by.send(now));
    }
}

/// One run after another; one that nobody waits for any more is ended.
async fn run<F, Fut>(
    check: F,
    mut begun: mpsc::Receiver<oneshot::Sender<Said>>,
    busy: watch::Sender<Option<Instant>>,
) where
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Into<Check>> + Send + 'static,
{
    while let Some(mut tell) = begun.recv().await {
        busy.send_replace(Some(Instant::now()));
        let said = tokio::select! {
            biased;
            () = tell.closed() => None,
            said = Apart::new(check.clone()) => Some(said),
        };
        busy.send_replace(None);
        // Who waited may have left just now.
        let _ = said.map(|said| tell.send(said));
    }
}

/// A run that holds up no worker, though it may block: other tasks of its worker go on elsewhere while it is polled.
struct Apart(Pin<Box<dyn Future<Output = Said> + Send>>);

impl Apart {
    fn new<F, Fut>(check: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: Into<Check>> + Send + 'static,
    {
        Self(Box::pin(catch_panic(async move { check().await.into() })))
    }
}

impl Future for Apart {
    type Output = Said;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<Said> {
        // A runtime of one thread, as tests have, has no other to go on with.
        match Handle::current().runtime_flavor() {
            RuntimeFlavor::MultiThread => tokio::task::block_in_place(|| self.0.as_mut().poll(cx)),
            _ => self.0.as_mut().poll(cx),
        }
    }
}
