//! What a plugin keeps of a check that it has registered.

use tokio::sync::{mpsc, oneshot};

use crate::{Check, runner::Ask};

/// A registered check.
#[derive(Clone)]
pub struct CheckHandle {
    /// `None` for one that was refused.
    ask: Option<mpsc::Sender<Ask>>,
}

impl CheckHandle {
    pub(crate) fn new(ask: mpsc::Sender<Ask>) -> Self {
        Self { ask: Some(ask) }
    }

    pub(crate) fn refused() -> Self {
        Self { ask: None }
    }

    /// Runs the check now, for whoever knows that what it checks has just changed; probes are answered from the result, which is
    /// returned, from then on. `None` for a check that was refused, and once the backend stops.
    ///
    /// ```
    /// # use greenroom_core::plugin;
    /// # use greenroom_health::{Check, HealthChecks};
    /// plugin("mail", |env| {
    ///     env.register_init(async |health: HealthChecks| {
    ///         let server = health.check("server", async || Check::pass());
    ///         // Where a connection has broken:
    ///         server.run_now().await;
    ///         Ok(())
    ///     });
    /// });
    /// ```
    pub async fn run_now(&self) -> Option<Check> {
        let (tell, told) = oneshot::channel();
        self.ask.as_ref()?.send(tell).await.ok()?;
        told.await.ok()
    }
}
