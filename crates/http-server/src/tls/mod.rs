//! TLS on accepted connections: the certificate, and handshakes that end.

mod certificate;
mod leaf;
mod self_signed;
mod settings;

use std::{path::Path, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use greenroom_config::{RootConfig, Subscription};
use greenroom_errors::Error;
use greenroom_logging::{Logger, debug, error};
use rustls::{ServerConfig, sign::SingleCertAndKey};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;

pub use self::{certificate::Certificate, self_signed::SELF_SIGNED_FILE, settings::Https};

/// No handshake takes longer, whatever a request's header may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a handshake that is under way has once the server drains.
const DRAIN_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(1);

/// Encrypts connections.
pub struct Tls {
    config: Arc<ArcSwap<ServerConfig>>,
    logger: Logger,
    _follows: Option<Subscription>,
}

impl Tls {
    /// With the given certificate, which is exchanged when the config's changes, or a self-signed one.
    pub fn new(
        https: &Https,
        data_dir: Option<&Path>,
        config: &RootConfig,
        logger: &Logger,
    ) -> Result<Self, Error> {
        let certificate = match https {
            Https::Given { certificate, .. } => certificate.clone(),
            Https::SelfSigned { hostname } => self_signed::obtain(hostname, data_dir, logger)?,
        };
        let current = Arc::new(ArcSwap::from_pointee(server_config(&certificate)?));
        let follows = matches!(https, Https::Given { .. })
            .then(|| follow(config.clone(), current.clone(), certificate, logger.clone()));
        Ok(Self { config: current, logger: logger.clone(), _follows: follows })
    }

    /// The encrypted stream; `None` if the peer does not come to one in time.
    pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        deadline: Option<Duration>,
        draining: &CancellationToken,
    ) -> Option<Box<TlsStream<S>>> {
        let acceptor = TlsAcceptor::from(self.config.load_full());
        let deadline = deadline.unwrap_or(HANDSHAKE_TIMEOUT).min(HANDSHAKE_TIMEOUT);
        let left = async {
            draining.cancelled().await;
            tokio::time::sleep(DRAIN_HANDSHAKE_TIMEOUT).await;
        };
        let ended = tokio::select! {
            ended = Box::pin(timeout(deadline, acceptor.accept(stream))) => ended,
            () = left => return self.failed("the server stops"),
        };
        match ended {
            Ok(Ok(stream)) => Some(Box::new(stream)),
            Ok(Err(error)) => self.failed(&error.to_string()),
            Err(_) => self.failed("it took too long"),
        }
    }

    fn failed<T>(&self, reason: &str) -> Option<T> {
        debug!(self.logger, reason = reason, "A TLS handshake failed");
        None
    }
}

fn server_config(certificate: &Certificate) -> Result<ServerConfig, Error> {
    let builder = ServerConfig::builder_with_provider(certificate::provider());
    let builder = builder.with_safe_default_protocol_versions().map_err(Error::from_any)?;
    let resolver = Arc::new(SingleCertAndKey::from(certificate.0.clone()));
    let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Takes what the config comes to hold; connections that are open stay as they are.
fn follow(
    config: RootConfig,
    current: Arc<ArcSwap<ServerConfig>>,
    shown: Certificate,
    logger: Logger,
) -> Subscription {
    let shown = ArcSwap::from_pointee(shown);
    let own = config.clone();
    config.subscribe(move || {
        let read = match Https::from_config(&own) {
            Ok(Some(https @ Https::Given { .. })) => {
                let warnings = https.warnings();
                let Https::Given { certificate: read, .. } = https else { return };
                if read.same_as(&shown.load()) {
                    return;
                }
                server_config(&read).map(|config| (read, config, warnings))
            }
            // To encrypt or not is decided at start.
            Ok(_) => return,
            Err(fault) => Err(Error::from(fault)),
        };
        match read {
            Ok((read, config, warnings)) => {
                warnings.iter().for_each(|warning| logger.warn(warning));
                shown.store(Arc::new(read));
                current.store(Arc::new(config));
                logger.info("New connections get the changed TLS certificate");
            }
            Err(fault) => error!(logger, ..&fault, "The changed TLS certificate is not used,"),
        }
    })
}
