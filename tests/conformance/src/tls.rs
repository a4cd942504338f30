//! TLS as a client that trusts one certificate.

use std::{io, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::either::Either;

/// A connection, encrypted or not.
pub type Stream = Either<TcpStream, Box<tokio_rustls::client::TlsStream<TcpStream>>>;

/// A client that believes only the first certificate of a PEM text, and offers the protocols that browsers offer.
///
/// # Errors
/// When it holds no certificate that anyone could believe.
pub fn trusting(pem: &str) -> io::Result<ClientConfig> {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(io::Error::other)?;
    let mut roots = RootCertStore::empty();
    roots.add(certificate).map_err(io::Error::other)?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Shakes hands with `localhost`; without a configuration the stream stays as it is.
///
/// # Errors
/// When the other side does not speak TLS or is not believed.
pub async fn encrypt(stream: TcpStream, config: Option<&Arc<ClientConfig>>) -> io::Result<Stream> {
    let Some(config) = config else { return Ok(Either::Left(stream)) };
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    let stream = Box::pin(TlsConnector::from(config.clone()).connect(name, stream)).await?;
    Ok(Either::Right(Box::new(stream)))
}
