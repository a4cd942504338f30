//! The child behind the gateway: told where to listen, and watched until it does.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use greenroom::{
    context::{BoxFuture, spawn, spawn_blocking},
    core::{ServiceFactory, service, stop_backends},
    prelude::*,
};
use greenroom_plugin_gateway::{AccessLines, Gateway};
use greenroom_proxy::IsIt;
use greenroom_wrap::{
    ChildCommand, Handover, Launch, RunSettings, State, free_port, listening_ports, listens_on,
    quiet_request_lines,
};

use super::child::{Child, ChildCode};

/// How often is looked where a child listens that has not been reached yet.
const LOOK: Duration = Duration::from_secs(1);

/// How long a child may listen elsewhere, and not where it was told: a backend listens within moments of its first port.
const PATIENCE: u32 = 15;

/// Where Node's inspector listens unless told otherwise.
const INSPECTOR: u16 = 9229;

/// How long requests in flight may take before the child is asked to end: it answers those that take longer all the same, but it
/// takes no new connection, and one may be on its way.
const QUIET: Duration = Duration::from_secs(1);

/// The factory of the child behind a gateway: it is to listen on `port` at first.
pub(super) fn factory(command: &ChildCommand, port: u16, code: &ChildCode) -> ServiceFactory {
    let (command, code) = (command.clone(), code.clone());
    let made = async move |config: RootConfig,
                           settings: RunSettings,
                           gateway: Gateway,
                           logger: RootLogger,
                           lifecycle: RootLifecycle| {
        let logger = logger.child(fields! { service: "child" });
        if let Some(warning) = command.signal_warning().filter(|_| command.is_production()) {
            logger.warn(warning);
        }
        let (told, noted, log) = (gateway.clone(), code.clone(), logger.clone());
        let on_state = Box::new(move |state: &State| {
            noted.note(state);
            tell(state, &told, &log);
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
        let child =
            Child::start(settings, &lifecycle, on_state, launch, async move || until_quiet(&quiet).await)?;
        spawn("where the Node backend listens", watch(child.clone(), gateway, code, logger));
        Ok(child)
    };
    service(made)
}

/// What is started, so that it listens on that port. Blocks: on files.
fn prepare(config: &RootConfig, command: &ChildCommand, port: u16, lines: AccessLines) -> io::Result<Launch> {
    let mut launch = Handover::prepare(config, command, port).map_err(io::Error::other)?;
    if lines == AccessLines::Ours {
        launch.command = quiet_request_lines(config, launch.command);
    }
    Ok(launch)
}

/// What the log and the gateway are told of it.
fn tell(state: &State, gateway: &Gateway, logger: &Logger) {
    match state {
        State::Starting { .. } => {}
        State::Running { pid, port, .. } => {
            logger.info(state.to_string());
            if let Some(port) = *port {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
                gateway.proxy().starts(address, Some(is_it(*pid, port)));
            }
        }
        // It was asked to: nothing is wrong.
        State::Ended { stopped: Some(_), restart: None, .. } => logger.info(state.to_string()),
        State::Ended { restart: Some(_), .. } => {
            gateway.proxy().ended(state.to_string().into());
            logger.warn(state.to_string());
        }
        State::Ended { .. } | State::Failed { .. } => {
            gateway.proxy().gone(state.to_string().into());
            logger.error(state.to_string());
        }
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

/// Returns once nothing is in flight, or after a while.
async fn until_quiet(gateway: &Gateway) {
    gateway.drain();
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
        if elsewhere >= PATIENCE {
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
