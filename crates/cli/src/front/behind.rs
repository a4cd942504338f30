//! The child behind the gateway: told where to listen, and watched until it does.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use greenroom::{
    context::{BoxFuture, spawn, spawn_blocking},
    core::{ServiceFactory, service, stop_backends},
    data_dir::DataDirectory,
    metrics::MetricsRegistry,
    prelude::*,
};
use greenroom_plugin_gateway::{AccessLines, Gateway, GivenUp};
use greenroom_proxy::IsIt;
use greenroom_wrap::{
    ChildCommand, Event, Handover, LastExit, LastWords, LastWordsOptions, Launch, RestartPolicy, RunSettings,
    State, free_port, listening_ports, listens_on, quiet_request_lines,
};

use super::{
    child::{Child, ChildCode},
    kept_boot::Keeper,
    last_words::{self, Running},
    log, outside,
};

/// How often is looked where a child listens that has not been reached yet.
const LOOK: Duration = Duration::from_secs(1);

/// How many looks in a row may find that a child listens elsewhere, and not where it was told: a backend listens within moments of
/// its first port.
const LOOKS_ELSEWHERE: u32 = 15;

/// Where Node's inspector listens unless told otherwise.
const INSPECTOR: u16 = 9229;

/// How long requests in flight may take before the child is asked to end: it answers those that take longer all the same, but it
/// takes no new connection, and one may be on its way.
const QUIET: Duration = Duration::from_secs(1);

/// How long requests may be on their way to us that the HTTP server still takes once it drains, with time for it to notice them:
/// they need a child that takes connections, too.
const TRANSIT: Duration = Duration::from_millis(250);

/// What is told of it, and where.
#[derive(Clone, Deps)]
struct Told {
    gateway: Gateway,
    logger: RootLogger,
    data: DataDirectory,
    instance: InstanceMetadata,
    metrics: MetricsRegistry,
}

/// The factory of the child behind a gateway: it is to listen on `port` at first.
pub(super) fn factory(command: &ChildCommand, port: u16, code: &ChildCode) -> ServiceFactory {
    let (command, code) = (command.clone(), code.clone());
    let made =
        async move |config: RootConfig, settings: RunSettings, lifecycle: RootLifecycle, told: Told| {
            let Told { gateway, logger, data, instance, metrics } = told;
            let root = logger;
            let logger = root.child(fields! { service: "child" });
            if let Some(warning) = command.signal_warning().filter(|_| command.is_production()) {
                logger.warn(warning);
            }
            let running = Running::default();
            let files = (data.path(), instance.id());
            let words = last_words(&settings, &config, &gateway, &logger, &running, &code, files);
            words.told_by(&metrics);
            let output = log::output(&settings, &root, &logger, &words);
            let keeper = Keeper::new(gateway.clone(), data.path(), logger.clone());
            if output.is_some() {
                let (tail, config) = (words.tail().clone(), config.clone());
                gateway.set_boot(move || tail.boot(|text| config.masked(text)));
                spawn("how the Node backend started", keeper.clone().run());
            }
            let drift = outside::tell(&gateway, output.as_ref(), &command, &config, &logger);
            let (told, noted, log, ends) = (gateway.clone(), code.clone(), logger.clone(), words.clone());
            let on_state = Box::new(move |state: &State| {
                noted.note(state);
                if matches!(state, State::Running { .. }) {
                    drift.started();
                }
                let exit = ends.note(state);
                keeper.note(state, exit.as_ref());
                tell(state, exit, &told, &log);
            });
            let (known, first) = (gateway.settings().clone(), AtomicBool::new(true));
            let port = known.upstream_port.unwrap_or(port);
            let launch = move || {
                let is_fixed = first.swap(false, Relaxed) || known.upstream_port.is_some();
                let port = if is_fixed { port } else { free_port()? };
                let mut launch = prepare(&config, &command, port, known.access_lines)?;
                launch.is_port_fixed = known.upstream_port.is_some();
                Ok(launch)
            };
            let quiet = gateway.clone();
            let before_stop = async move || until_quiet(&quiet).await;
            let child = Child::start(&settings, &lifecycle, &words, output, on_state, launch, before_stop)?;
            let _ = running.set(child.supervisor.downgrade());
            spawn("that the Node backend listens", note_listening(gateway.clone(), words));
            spawn("where the Node backend listens", watch(child.clone(), gateway, code, logger));
            Ok(child)
        };
    service(made)
}

/// Watches over its end, and tells the log and the page how the last one was.
fn last_words(
    settings: &RunSettings,
    config: &RootConfig,
    gateway: &Gateway,
    logger: &Logger,
    running: &Running,
    code: &ChildCode,
    (data_dir, start_id): (&Path, &str),
) -> LastWords {
    let (known, running, code, logger) = (settings.clone(), running.clone(), code.clone(), logger.clone());
    let told = gateway.proxy().clone();
    let on_event = Box::new(move |event: &Event| {
        last_words::tell(event, &known, &logger);
        if matches!(event, Event::StartFailed(_)) {
            told.start_has_failed();
        }
        last_words::act(event, &known, &running, &code);
    });
    let config = config.clone();
    let words = LastWords::start(LastWordsOptions {
        start_id: start_id.to_owned(),
        mask: Box::new(move |text| config.masked(text)),
        in_flight: last_words::in_flight(gateway),
        ..last_words::options(settings, Some(data_dir.to_owned()), on_event)
    });
    if let Some(exit) = words.previous() {
        gateway.set_last_exit(exit.clone());
    }
    let asked = words.clone();
    gateway.set_running(move || asked.running());
    let (asked, starts_again) = (words.clone(), settings.restart == RestartPolicy::OnFailure);
    gateway.set_given_up(move || {
        let (at, is_certain) = asked.gives_up()?;
        Some(GivenUp { at, is_certain, starts_again })
    });
    words
}

/// Notes of each child that it takes connections, and that it is ready, for which others ask it.
async fn note_listening(gateway: Gateway, words: LastWords) {
    let mut state = gateway.proxy().state();
    loop {
        let is_up = matches!(*state.borrow_and_update(), greenroom_proxy::State::Up { .. });
        let is_ready = is_up && gateway.proxy().readiness().is_some_and(|said| said.is_ready());
        if is_up {
            words.listened();
        }
        if is_ready {
            words.was_ready();
        }
        let changed = if is_up && !is_ready {
            tokio::time::timeout(LOOK, state.changed()).await.unwrap_or(Ok(()))
        } else {
            state.changed().await
        };
        if changed.is_err() {
            return;
        }
    }
}

/// What is started, so that it listens on that port. Blocks: on files.
fn prepare(config: &RootConfig, command: &ChildCommand, port: u16, lines: AccessLines) -> io::Result<Launch> {
    let mut launch = Handover::prepare(config, command, port).map_err(io::Error::other)?;
    if lines == AccessLines::Ours {
        launch.command = quiet_request_lines(config, launch.command);
    }
    Ok(launch)
}

/// What the log and the gateway are told of it; of an end, with what is known of it.
fn tell(state: &State, exit: Option<LastExit>, gateway: &Gateway, logger: &Logger) {
    let text = exit.as_ref().map_or_else(|| state.to_string(), |exit| exit.sentence.clone());
    match state {
        State::Starting { .. } => {}
        State::Running { pid, port, .. } => {
            logger.info(text.as_str());
            if let Some(port) = *port {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
                gateway.proxy().starts(address, Some(is_it(*pid, port)));
                gateway.proxy().set_main_thread(Some(outside::main_thread(*pid, port)));
            }
        }
        State::Ended { restart: Some(_), .. } => gateway.proxy().ended(text.as_str().into()),
        // It was asked to: nothing is wrong.
        State::Ended { stopped: Some(_), .. } => {}
        State::Ended { .. } | State::Failed { .. } => gateway.proxy().gone(text.as_str().into()),
    }
    match exit {
        Some(exit) => {
            gateway.set_last_exit(exit.clone());
            let logger = logger.child(last_words::fields_of(&exit));
            if exit.is_failure() { logger.error(text) } else { logger.info(text) }
        }
        None if matches!(state, State::Failed { .. }) => logger.error(text),
        None if matches!(state, State::Ended { .. }) => logger.info(text),
        None => {}
    }
}

/// Whether who listens there is the child: the port was free before it was started, and it takes a while to listen. Where the
/// system does not tell, it is taken for it.
fn is_it(pid: u32, port: u16) -> IsIt {
    Arc::new(move || {
        let asked: BoxFuture<'static, bool> = Box::pin(async move {
            let listens = spawn_blocking("ports", move || listens_on(pid, port)).await;
            listens.unwrap_or_default().unwrap_or(true)
        });
        asked
    })
}

/// Returns once nothing is in flight and nothing comes any more, or after a while.
async fn until_quiet(gateway: &Gateway) {
    gateway.drain();
    tokio::time::sleep(TRANSIT).await;
    let _ = tokio::time::timeout(QUIET, gateway.quiet()).await;
}

/// Ends the process where a child listens on another port than it was told: nobody would ever reach it.
async fn watch(child: Child, gateway: Gateway, code: ChildCode, logger: Logger) {
    let (mut states, mut elsewhere) = (child.supervisor.state(), 0);
    loop {
        let running = states.wait_for(|state| matches!(state, State::Running { port: Some(_), .. })).await;
        let Ok(State::Running { pid, port: Some(port), .. }) = running.map(|state| state.clone()) else {
            return;
        };
        if matches!(gateway.state(), greenroom_proxy::State::Up { .. }) {
            elsewhere = 0;
            if states.changed().await.is_err() {
                return;
            }
            continue;
        }
        let ports = spawn_blocking("ports", move || listening_ports(pid)).await.unwrap_or_default();
        // Node's inspector is no backend.
        let others: Vec<_> =
            ports.iter().copied().filter(|other| *other != port && *other != INSPECTOR).collect();
        elsewhere = if ports.contains(&port) || others.is_empty() { 0 } else { elsewhere + 1 };
        if elsewhere >= LOOKS_ELSEWHERE {
            let others = others.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
            let text = format!(
                "The Node backend listens on port {others}, and not on 127.0.0.1:{port}, as it was told by \
                 APP_CONFIG_backend_listen: its port may be written in its code. Let it read backend.listen from the config, or \
                 start it by itself and use `greenroom gateway --upstream http://127.0.0.1:{}`",
                others.split(',').next().unwrap_or_default()
            );
            logger.error(text);
            code.set(1);
            stop_backends("the Node backend listens on another port than it was told");
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}
