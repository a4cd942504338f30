//! A listener of the surface's own, or of the metrics', on a thread and a runtime of its own: it answers when all else is busy.

use axum::Router;
use greenroom_config::RootConfig;
use greenroom_context::spawn_thread;
use greenroom_core::{Phase, RootLifecycle};
use greenroom_errors::{Error, Result};
use greenroom_http::{HttpSettings, serve_apart};
use greenroom_http_server::{Listen, Listener, LocalAddr, Serve, Server, ServerSettings, Tls};
use greenroom_logging::Logger;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::{ROOT, metrics::Scraped, metrics_text::MetricsText};

/// How long a stop waits for answers that are at work.
const DRAIN_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// A place of its own for something, which serves nothing yet.
pub(crate) struct OwnListener {
    pub(crate) address: LocalAddr,
    give: oneshot::Sender<Served>,
}

/// What is served there.
pub(crate) enum Served {
    /// The surface.
    Surface(Router),
    /// The metrics, for everybody.
    Metrics(MetricsText),
}

/// What it takes to serve there.
pub(crate) struct Serving {
    /// What the thread is called.
    pub(crate) name: &'static str,
    /// Whether `backend.https` holds there.
    pub(crate) is_encrypted: bool,
    pub(crate) listen: Listen,
    pub(crate) config: RootConfig,
    pub(crate) settings: HttpSettings,
    pub(crate) logger: Logger,
}

impl OwnListener {
    /// Listens. The server drains when the backend does.
    pub(crate) async fn start(serving: Serving, lifecycle: &RootLifecycle) -> Result<Self> {
        let draining = CancellationToken::new();
        let (tell, bound) = oneshot::channel();
        let (give, given) = oneshot::channel();
        let (end, ended) = oneshot::channel::<()>();
        let name = serving.name;
        let drains = draining.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::from_any)?;
        spawn_thread(name, move || {
            runtime.block_on(serve(serving, tell, given, drains));
            runtime.shutdown_background();
            drop(end);
        })
        .map_err(Error::from_any)?;
        lifecycle.add_hook_in(Phase::Drain, format!("{name} drain"), DRAIN_TIMEOUT, async move || {
            draining.cancel();
            // It ends by being dropped.
            let _ = ended.await;
            Ok(())
        })?;
        let address =
            bound.await.map_err(|_| Error::new(format!("The thread that serves {name} has ended")))??;
        Ok(Self { address, give })
    }

    /// Serves this, from here on.
    pub(crate) fn serve(self, served: Served) {
        // The thread ends before that only with the whole backend.
        let _ = self.give.send(served);
    }
}

async fn serve(
    serving: Serving,
    tell: oneshot::Sender<Result<LocalAddr, Error>>,
    given: oneshot::Receiver<Served>,
    draining: CancellationToken,
) {
    let Serving { listen, is_encrypted, config, settings, logger, .. } = serving;
    let bound = async {
        let https = settings.https.as_ref().filter(|_| is_encrypted);
        let tls =
            https.map(|https| Tls::new(https, settings.data_dir.as_deref(), &config, &logger)).transpose()?;
        let listener = listen.bind(&config).await?;
        let address = listener.local_addr().map_err(Error::from_any)?;
        Ok((tls, listener, address))
    };
    let (tls, listener) = match bound.await {
        Ok((tls, listener, address)) => {
            let _ = tell.send(Ok(address));
            (tls, listener)
        }
        Err(error) => {
            let _ = tell.send(Err(error));
            return;
        }
    };
    // Who comes meanwhile waits in the system's queue.
    let Ok(served) = given.await else { return };
    match served {
        Served::Surface(router) => {
            let service = serve_apart(ROOT, router, &settings, &logger, &draining);
            until(service, listener, settings.server, tls, logger, draining).await;
        }
        Served::Metrics(text) => {
            let server = Scraped::settings(&settings.server);
            until(Scraped::new(text), listener, server, tls, logger, draining).await;
        }
    }
}

async fn until(
    service: impl Serve,
    listener: Listener,
    settings: ServerSettings,
    tls: Option<Tls>,
    logger: Logger,
    draining: CancellationToken,
) {
    let server = Server::new(service, settings, tls, logger, draining.clone());
    server.accept_on(listener);
    draining.cancelled().await;
    server.drain().await;
}
