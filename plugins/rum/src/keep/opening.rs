//! Opens the store, at start if that can be, else as soon as it can.

use std::{sync::Arc, time::Duration};

use greenroom::prelude::*;
use greenroom_plugin_rum_store::Store;
use tokio::time::{sleep, timeout};

use super::Keeper;

/// How long a start waits for it. Nothing of the portal but this needs it.
const AT_START: Duration = Duration::from_secs(5);
/// How long is waited before it is tried again: first, and at most.
const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// What follows once the store is open.
pub(crate) trait Opened: Fn(Store) + Send + Sync + 'static {}

impl<F: Fn(Store) + Send + Sync + 'static> Opened for F {}

/// Opens it, or has it opened in the background.
pub(crate) async fn open(database: Database, keeper: Arc<Keeper>, logger: Logger, then: impl Opened) {
    let first = try_once(&database, &keeper, &then);
    let why = match timeout(AT_START, first).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error,
        Err(_) => Error::service_unavailable(format!("there was no answer within {} s", AT_START.as_secs())),
    };
    keeper.not_opened(&why);
    warn!(logger, error = &why, "Browser events cannot be kept yet; browsers are told to send them again");
    drop(spawn("open the store of browser events", async move {
        let [mut wait, most] = AGAIN;
        let mut last = why.to_string();
        loop {
            // Replicas that lost the same server do not come back at once.
            sleep(wait.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            wait = (wait * 2).min(most);
            let Err(error) = try_once(&database, &keeper, &then).await else { break };
            keeper.not_opened(&error);
            if error.to_string() != last {
                warn!(logger, error = &error, "Browser events cannot be kept yet");
                last = error.to_string();
            }
        }
        info!(logger, "Browser events are kept from now on");
    }));
}

async fn try_once(database: &Database, keeper: &Keeper, then: &impl Opened) -> Result<(), Error> {
    let client = database.client().await?;
    let store = Store::open(&client).await?;
    keeper.opened(store.clone(), client.target().to_string());
    then(store);
    Ok(())
}
