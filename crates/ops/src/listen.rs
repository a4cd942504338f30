//! A listener of the surface's own, on a thread and a runtime of its own: it answers when all else is busy.

use axum::Router;
use greenroom_config::RootConfig;
use greenroom_context::spawn_thread;
use greenroom_core::{Phase, RootLifecycle};
use greenroom_errors::{Error, Result};
use greenroom_http::{HttpSettings, serve_apart};
use greenroom_http_server::{Listen, LocalAddr, Server, Tls};
use greenroom_logging::Logger;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::ROOT;

/// How long a stop waits for answers that are at work.
const DRAIN_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// A place where the surface listens alone, and which serves nothing yet.
pub(crate) struct OwnListener {
    pub(crate) address: LocalAddr,
    give: oneshot::Sender<Router>,
}

/// What it takes to serve there.
pub(crate) struct Serving {
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
        let drains = draining.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::from_any)?;
        spawn_thread("ops", move || {
            runtime.block_on(serve(serving, tell, given, drains));
            runtime.shutdown_background();
            drop(end);
        })
        .map_err(Error::from_any)?;
        lifecycle.add_hook_in(Phase::Drain, "ops drain", DRAIN_TIMEOUT, async move || {
            draining.cancel();
            // It ends by being dropped.
            let _ = ended.await;
            Ok(())
        })?;
        let address =
            bound.await.map_err(|_| Error::new(format!("The thread that serves {ROOT} has ended")))??;
        Ok(Self { address, give })
    }

    /// Serves this, from here on.
    pub(crate) fn serve(self, router: Router) {
        // The thread ends before that only with the whole backend.
        let _ = self.give.send(router);
    }
}

async fn serve(
    serving: Serving,
    tell: oneshot::Sender<Result<LocalAddr, Error>>,
    given: oneshot::Receiver<Router>,
    draining: CancellationToken,
) {
    let Serving { listen, config, settings, logger } = serving;
    let bound = async {
        let https = settings.https.as_ref();
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
    let Ok(router) = given.await else { return };
    let service = serve_apart(ROOT, router, &settings, &logger, &draining);
    let server = Server::new(service, settings.server.clone(), tls, logger, draining.clone());
    server.accept_on(listener);
    draining.cancelled().await;
    server.drain().await;
}
