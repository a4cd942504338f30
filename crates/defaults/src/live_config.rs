//! Following the config while the backend runs: the log follows it, and what is wrong with an edit is told.

use greenroom_config::{ReloadEvent, RootConfig};
use greenroom_context::spawn;
use greenroom_errors::Error;
use greenroom_logging::{RootLogger, error, warn};

/// Watches the config's files until the backend stops, if the config is of that kind.
pub(crate) fn follow(config: &RootConfig, logger: &RootLogger) {
    if !config.watches_by_default() {
        return;
    }
    let subscription = config.subscribe({
        let (config, logger) = (config.clone(), logger.clone());
        move || {
            if let Err(fault) = logger.reload(&config) {
                let fault = Error::from(fault);
                error!(logger, ..&fault, "Changed config was not fully applied,");
            }
        }
    });
    let log = logger.clone();
    match config.watch(move |event| tell(&log, &event)) {
        Ok(watch) => {
            // Ends with the backend's tasks, and the watching with it.
            spawn("config watch", async move {
                let _held = (subscription, watch);
                std::future::pending::<()>().await;
            });
        }
        Err(reason) => warn!(logger, error = &reason, "Config files are not watched"),
    }
}

fn tell(log: &RootLogger, event: &ReloadEvent<'_>) {
    match event {
        ReloadEvent::Invalid(fault) => {
            let place = fault.place().map(ToString::to_string);
            error!(log, +place = place, "Failed to reload config, keeping the last good one: {fault}");
        }
        ReloadEvent::SubscriberPanicked(panic) => {
            error!(log, +panic = *panic, "A subscriber of the config panicked");
        }
        ReloadEvent::NoEvents(reason) => {
            warn!(log, +reason = *reason, "Config files are looked at every two seconds");
        }
        _ => {}
    }
}
