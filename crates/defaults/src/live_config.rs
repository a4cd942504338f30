//! Following the config while the backend runs: the log follows it, and what is wrong with an edit is told.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use greenroom_config::{ConfigError, ReadContext, ReloadEvent, RootConfig};
use greenroom_context::spawn;
use greenroom_errors::Error;
use greenroom_logging::{LogEnvironment, LoggerOptions, RootLogger, error, warn};

use crate::{ConfigReport, Finding, Severity, waiting::Waiting};

/// Watches the config's files until the backend stops, if the config is of that kind.
pub(crate) fn follow(
    config: &RootConfig,
    logger: &RootLogger,
    env: &LogEnvironment,
    context: &ReadContext,
    report: &ConfigReport,
) {
    if !config.watches_by_default() {
        return;
    }
    let judge = config.before_change({
        let (logger, context, env) = (logger.clone(), context.clone(), env.clone());
        let told = report.findings().iter().map(|found| found.text.clone()).collect();
        let told = Mutex::new(told);
        move |next| {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            judge(next, &logger, &env, &context, &mut told)
        }
    });
    let subscription = config.subscribe({
        let (config, logger, env) = (config.clone(), logger.clone(), env.clone());
        let waiting = Waiting::new(&config, &context.declarations);
        move || {
            if let Err(fault) = logger.reload(&config, &env) {
                let fault = Error::from(fault);
                error!(logger, ..&fault, "Changed config was not fully applied,");
            }
            let additions = has_additions(&config, &env);
            let masks = config.masks();
            waiting.changed(&config).iter().for_each(|found| found.tell(&logger, additions, &masks));
        }
    });
    let log = logger.clone();
    match config.watch(move |event| tell(&log, &event)) {
        Ok(watch) => {
            // Ends with the backend's tasks, and the watching with it.
            spawn("config watch", async move {
                let _held = (judge, subscription, watch);
                std::future::pending::<()>().await;
            });
        }
        Err(reason) => warn!(logger, error = &reason, "Config files are not watched"),
    }
}

/// What the next start would refuse of a config. Its secrets are masked before anybody reads it, but those so short that they
/// would mask words.
fn judge(
    next: &RootConfig,
    logger: &RootLogger,
    env: &LogEnvironment,
    context: &ReadContext,
    told: &mut HashSet<String>,
) -> Vec<Error> {
    // A list that is none is among the faults.
    let _ = logger.mask_long_secrets(next);
    let report = ConfigReport::of(context, next);
    let (additions, masks) = (has_additions(next, env), next.masks());
    let new = |found: &&Finding| !found.is_fault() && told.insert(found.text.clone());
    report.findings().iter().filter(new).for_each(|found| found.tell(logger, additions, &masks));
    let refused = report.findings().iter().filter(|found| found.severity == Severity::Refused);
    refused.filter_map(Finding::to_fault).map(|fault| fault.error).collect()
}

/// Whether the log's format has lines that Node's backend does not write.
fn has_additions(config: &RootConfig, env: &LogEnvironment) -> bool {
    LoggerOptions::from_config(config, env).is_ok_and(|log| log.format.has_additions())
}

fn tell(log: &RootLogger, event: &ReloadEvent<'_>) {
    match event {
        ReloadEvent::Invalid(fault) => {
            let place = fault.place().map(ToString::to_string);
            let told = format!("Failed to reload config, keeping the last good one: {fault}");
            failed(log, place, &told);
        }
        ReloadEvent::Refused(fault) => {
            let place =
                fault.downcast_ref::<ConfigError>().and_then(ConfigError::place).map(ToString::to_string);
            let told = format!(
                "Changed config would fail the next start, keeping the last good one: {}",
                fault.message()
            );
            failed(log, place, &told);
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

/// Without a place for what is about no place, such as a file that is gone.
fn failed(log: &RootLogger, place: Option<String>, told: &str) {
    match place {
        Some(place) => error!(log, +place = place, "{told}"),
        None => error!(log, "{told}"),
    }
}
