//! Certificates, and a client that speaks TLS.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::kit::{Client, Connection};

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate for `localhost` that is valid for so long, and its key.
pub(crate) fn certificate(valid: Duration) -> (String, String) {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_after = (SystemTime::now() + valid).into();
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// A client that believes only this certificate.
pub(crate) fn trusting(pem: &str) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

pub(crate) type Encrypted = Connection<TlsStream<TcpStream>>;

/// Connects to the server under that name.
pub(crate) async fn connect(
    client: Client,
    config: ClientConfig,
    name: &'static str,
) -> std::io::Result<Encrypted> {
    let stream = TcpStream::connect(("127.0.0.1", client.port())).await?;
    let name = ServerName::try_from(name).unwrap();
    Ok(Connection::over(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
}
