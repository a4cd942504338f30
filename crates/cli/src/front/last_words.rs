//! What is told of the child's end, and of its memory: what the log gets, and what is done about a start that failed.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use greenroom::{
    core::stop_backends,
    logging::{Fields, Logger},
    prelude::*,
};
use greenroom_plugin_gateway::Gateway;
use greenroom_proxy::PROBES;
use greenroom_wrap::{
    Event, InFlight, LastExit, LastWordsOptions, Moment, OnEvent, RestartPolicy, RunSettings, WeakSupervisor,
};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::child::ChildCode;

/// Who was cut off so shortly before an end is told was cut off by it. Until it is told, what the child has left behind has 2 s to end,
/// and what it printed 6 s to be read.
const JUST_NOW: Duration = Duration::from_secs(15);

/// The code of a request that Node broke off.
const BROKE: &str = "upstream_broke";

/// Who keeps the child running, once there is one.
pub(super) type Running = Arc<OnceLock<WeakSupervisor>>;

/// What both ways to run a child have in common.
pub(super) fn options(
    settings: &RunSettings,
    data_dir: Option<PathBuf>,
    on_event: OnEvent,
) -> LastWordsOptions {
    let (termination_log, keeps_failed) = (Some(settings.termination_log.clone()), settings.keeps_failed);
    LastWordsOptions { data_dir, termination_log, on_event, keeps_failed, ..LastWordsOptions::default() }
}

/// What to do about an event: a child that is given up is of no use any more. Its end is ours, or that of a failure, after which it
/// is started again.
pub(super) fn act(event: &Event, settings: &RunSettings, running: &Running, code: &ChildCode) {
    if !matches!(event, Event::GivenUp) {
        return;
    }
    let Some(supervisor) = running.get().and_then(WeakSupervisor::upgrade) else { return };
    match settings.restart {
        // Who is asked to stop ends as one that was.
        RestartPolicy::Never if supervisor.is_stopping() => {}
        RestartPolicy::Never => {
            code.set(1);
            stop_backends("the Node backend's start has failed");
        }
        RestartPolicy::OnFailure => supervisor.give_up(),
    }
}

/// What the log is told of an event.
pub(super) fn tell(event: &Event, settings: &RunSettings, logger: &Logger) {
    let text = event.to_string();
    match event {
        Event::Previous(exit) => logger.child(fields_of(exit)).error(text),
        Event::MemoryHigh { memory, .. } => logger.child(fields! { memory: json!(memory) }).warn(text),
        Event::HeapAboveLimit { .. } | Event::StartHangs { .. } | Event::NotWritten(_) => logger.warn(text),
        Event::NodeOptions(_) => logger.info(text),
        Event::StartFailed(_) => logger.error(text),
        Event::GivenUp => logger.warn(match settings.restart {
            RestartPolicy::Never => format!("{text} in order, and Greenroom with it, with exit code 1"),
            RestartPolicy::OnFailure => format!("{text} by SIGKILL, and started again"),
        }),
        _ => logger.debug(text),
    }
}

/// What a line of an end holds beside its sentence.
pub(super) fn fields_of(exit: &LastExit) -> Fields {
    let mut fields = fields! { cause: exit.cause.as_str() };
    let known = [
        ("detail", exit.detail.as_deref().map(Value::from)),
        ("code", exit.code.map(Value::from)),
        ("signal", exit.signal.as_deref().map(Value::from)),
        ("uptimeMs", exit.uptime_ms.map(Value::from)),
        ("memory", exit.memory.map(|memory| json!(memory))),
        ("inFlight", (!exit.in_flight.is_empty()).then(|| json!(exit.in_flight))),
    ];
    for (name, value) in known.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        fields.insert(name, &value);
    }
    if !exit.lines.is_empty() {
        // They stand just above, each in a line of its own.
        fields.insert_for_programs("lastLines", json!(exit.lines));
    }
    fields
}

/// Counts the requests that have no answer, by plugin. When an end is noticed, those that it has cut off have failed by then.
pub(super) fn in_flight(gateway: &Gateway) -> InFlight {
    let (proxy, before) = (gateway.proxy().clone(), Mutex::new(BTreeMap::<String, u64>::new()));
    Box::new(move |moment| {
        let plugins = proxy.status().plugins;
        let mut before = before.lock();
        if moment == Moment::Look {
            *before = plugins.into_iter().map(|(id, plugin)| (id, plugin.failures)).collect();
            return BTreeMap::new();
        }
        let counted = plugins.into_iter().filter(|(id, _)| id != PROBES).map(|(id, plugin)| {
            let was_cut = plugin
                .last_failure
                .is_some_and(|(at, what, _)| what == BROKE && at.elapsed().unwrap_or_default() < JUST_NOW);
            let cut = if was_cut {
                plugin.failures - before.get(&id).copied().unwrap_or(0).min(plugin.failures)
            } else {
                0
            };
            (id, plugin.in_flight as u64 + cut)
        });
        counted.filter(|(_, count)| *count > 0).collect()
    })
}
